$ProgressPreference = 'SilentlyContinue'
$LustrumLines = @($input)
Invoke-Expression ($LustrumLines -join "`n")
