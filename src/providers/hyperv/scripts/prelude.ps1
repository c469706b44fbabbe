# How this process behaves, and what was asked of it.
# Windows PowerShell 3.0 syntax throughout; nothing on the host is changed.
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$VerbosePreference = 'SilentlyContinue'
$InformationPreference = 'SilentlyContinue'
$ErrorActionPreference = 'Continue'
Set-StrictMode -Off

$LustrumBegan = Get-Date
$LustrumAsked = ConvertFrom-Json -InputObject $LustrumRequest
# Constrained Language knows neither [Console] nor runspaces: then everything runs here,
# without deadlines, and payloads are plain ASCII JSON.
$LustrumFull = [string]$ExecutionContext.SessionState.LanguageMode -eq 'FullLanguage'
$LustrumCollectors = @{}
# Which path the baseline takes, for its records.
$LustrumSources = @{ baseline = 'cim' }
$global:LustrumRecords = 0
$global:LustrumSpace = $null
$global:LustrumAbandoned = $false
