# Runs the asked collectors one after the other and writes what each found.

# A runspace of its own lets a collector that hangs be left behind; it is reused as long as
# none does, so the Hyper-V module is loaded once.
function New-LustrumRunspace {
    $state = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault()
    $space = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($state)
    $space.Open()
    $shell = [System.Management.Automation.PowerShell]::Create()
    $shell.Runspace = $space
    [void]$shell.AddScript($LustrumValues.ToString())
    [void]$shell.Invoke()
    $shell.Dispose()
    return $space
}

# What a collector gave within its time: rows and ErrorRecords, and whether it ended.
function Invoke-LustrumIsolated {
    param([string]$Name, [int]$BudgetMs)
    if ($null -eq $global:LustrumSpace) { $global:LustrumSpace = New-LustrumRunspace }
    $shell = [System.Management.Automation.PowerShell]::Create()
    $shell.Runspace = $global:LustrumSpace
    $text = 'Invoke-LustrumCollector -BudgetMs ' + $BudgetMs + ' -Collect {' + $LustrumCollectors[$Name].ToString() + '}'
    [void]$shell.AddScript($text)
    $nothing = New-Object 'System.Management.Automation.PSDataCollection[System.Management.Automation.PSObject]'
    $nothing.Complete()
    $found = New-Object 'System.Management.Automation.PSDataCollection[System.Management.Automation.PSObject]'
    $running = $shell.BeginInvoke($nothing, $found)
    $ended = $running.AsyncWaitHandle.WaitOne($BudgetMs)
    $last = $null
    if ($ended) {
        try { [void]$shell.EndInvoke($running) } catch { $last = $_ }
        $shell.Dispose()
    } else {
        # Stop would wait for a call that hangs, so it is only asked for.
        [void]$shell.BeginStop($null, $null)
        $global:LustrumSpace = $null
        $global:LustrumAbandoned = $true
    }
    $items = @($found.ReadAll())
    if ($null -ne $last) { $items = $items + @($last) }
    return [pscustomobject]@{ Ended = $ended; Items = $items }
}

function Invoke-LustrumHere {
    param([string]$Name, [int]$BudgetMs)
    $items = @(Invoke-LustrumCollector -BudgetMs $BudgetMs -Collect $LustrumCollectors[$Name])
    return [pscustomobject]@{ Ended = $true; Items = $items }
}

# ok, partial, error, timeout or not_applicable.
function Get-LustrumStatus {
    param([bool]$Ended, [int]$Rows, $Faults)
    if (-not $Ended) { return 'timeout' }
    $first = @($Faults)[0]
    if ($null -eq $first) { return 'ok' }
    if ($Rows -gt 0) { return 'partial' }
    # No such cmdlet, module, WMI namespace or WMI class: the role is not there.
    $absent = '^(LustrumNotApplicable|CommandNotFoundException|CouldNotAutoLoadModule|HRESULT 0x8004100e|HRESULT 0x80041010)'
    if ([string]$first.FullyQualifiedErrorId -match $absent) { return 'not_applicable' }
    return 'error'
}

# Runs one collector and writes its records: all but the last say "more".
function Invoke-Lustrum {
    param([string]$Name)
    $began = Get-Date
    $budget = [int]$LustrumAsked.collector_deadline_ms
    $limit = [int]$LustrumAsked.record_chars
    $faults = @()
    $rows = @()
    $ended = $true
    try {
        if ($null -eq $LustrumCollectors[$Name]) { throw 'LustrumNotApplicable' }
        if ($LustrumFull) {
            $answer = Invoke-LustrumIsolated -Name $Name -BudgetMs $budget
        } else {
            $answer = Invoke-LustrumHere -Name $Name -BudgetMs $budget
        }
        $ended = $answer.Ended
        $faults = @($answer.Items | Where-Object { $null -ne $_ -and $null -ne $_.FullyQualifiedErrorId })
        $rows = @($answer.Items | Where-Object { $null -ne $_ -and $null -eq $_.FullyQualifiedErrorId } | Sort-Object -Property VMId)
    } catch {
        $faults = @($_)
    }
    # One row at a time: no array that unrolls, no document past the 2 MB that PowerShell 3
    # and 4 can write.
    $seq = 0
    $texts = @()
    $ids = @{}
    $chars = 2
    $written = 0
    $last = $null
    foreach ($row in $rows) {
        try {
            $text = ConvertTo-Json -InputObject $row -Depth 3 -Compress
        } catch {
            $faults = $faults + @($_)
            continue
        }
        # The rows of one VM stay together: some values follow from all of them.
        $apart = $null -eq $row.VMId -or $row.VMId -ne $last
        $last = $row.VMId
        if ($texts.Count -gt 0 -and $apart -and $chars + $text.Length -gt $limit) {
            $ms = [long]((Get-Date) - $began).TotalMilliseconds
            Write-LustrumRecord -Collector $Name -Seq $seq -Status 'more' -Json ('[' + ($texts -join ',') + ']') -Rows $texts.Count -VmIds $ids.Count -Ms $ms
            $seq = $seq + 1
            $texts = @()
            $ids = @{}
            $chars = 2
        }
        $texts = $texts + @($text)
        $chars = $chars + $text.Length + 1
        $written = $written + 1
        if ($null -ne $row.VMId) { $ids[[string]$row.VMId] = $true }
    }
    $status = Get-LustrumStatus -Ended $ended -Rows $written -Faults $faults
    $fault = Get-LustrumError -Faults $faults
    $json = '[' + ($texts -join ',') + ']'
    $ms = [long]((Get-Date) - $began).TotalMilliseconds
    if ($status -eq 'ok' -or $status -eq 'partial') {
        Write-LustrumRecord -Collector $Name -Seq $seq -Status $status -Json $json -Rows $texts.Count -VmIds $ids.Count -Ms $ms -Fault $fault
        return
    }
    if ($texts.Count -gt 0) {
        Write-LustrumRecord -Collector $Name -Seq $seq -Status 'more' -Json $json -Rows $texts.Count -VmIds $ids.Count -Ms $ms
        $seq = $seq + 1
    }
    Write-LustrumRecord -Collector $Name -Seq $seq -Status $status -Ms $ms -Fault $fault
}

if (-not $LustrumFull) { . $LustrumValues }
foreach ($LustrumName in @($LustrumAsked.collectors)) {
    Invoke-Lustrum -Name $LustrumName
}
Write-LustrumRecord -Collector 'end' -Seq 0 -Status 'ok' -Ms ([long]((Get-Date) - $LustrumBegan).TotalMilliseconds)
if ($global:LustrumAbandoned) {
    # A collector that hangs would keep the process alive.
    [System.Environment]::Exit(0)
}
if ($null -ne $global:LustrumSpace) { $global:LustrumSpace.Close() }
