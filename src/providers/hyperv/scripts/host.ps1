# The machine itself. What only decorates the row may be missing without a word.
$system = Get-CimInstance -ClassName Win32_ComputerSystem
$os = Get-CimInstance -ClassName Win32_OperatingSystem
$processors = @(Get-CimInstance -ClassName Win32_Processor)
$product = @(Read-LustrumOptional -Class 'Win32_ComputerSystemProduct')[0]
$bios = @(Read-LustrumOptional -Class 'Win32_BIOS')[0]
$plan = @(Read-LustrumOptional -Namespace 'root\cimv2\power' -Class 'Win32_PowerPlan' -Filter 'IsActive = TRUE')[0]
$time = Read-LustrumService -Name 'W32Time'
$timeRunning = $null
if ($null -ne $time) { $timeRunning = $time -eq 'Running' }

$dns = @()
foreach ($adapter in @(Read-LustrumOptional -Class 'Win32_NetworkAdapterConfiguration' -Filter 'IPEnabled = TRUE')) {
    foreach ($server in $adapter.DNSServerSearchOrder) {
        if ($server -and $dns -notcontains $server) { $dns = $dns + @([string]$server) }
    }
}

# Registry first: it costs nothing, and root\MSCluster exists on cluster nodes only.
$cluster = ConvertTo-LustrumText (Read-LustrumRegistry -Path 'HKLM:\Cluster' -Name 'ClusterName')
$nodeState = $null
if ($null -ne $cluster) {
    $filter = "Name = '" + $system.Name + "'"
    $node = @(Read-LustrumOptional -Namespace 'root\MSCluster' -Class 'MSCluster_Node' -Filter $filter)[0]
    if ($null -ne $node -and $null -ne $node.State) {
        $words = @{ '0' = 'Up'; '1' = 'Down'; '2' = 'Paused'; '3' = 'Joining' }
        $nodeState = $words[[string]$node.State]
    }
}

$sockets = $null
$cores = $null
$logical = $null
$load = $null
$clock = $null
$model = $null
if ($processors.Count -gt 0 -and $null -ne $processors[0]) {
    $sockets = $processors.Count
    $cores = 0
    $logical = 0
    $loads = @()
    foreach ($processor in $processors) {
        $cores = $cores + [int]$processor.NumberOfCores
        $logical = $logical + [int]$processor.NumberOfLogicalProcessors
        if ($null -ne $processor.LoadPercentage) { $loads = $loads + @([double]$processor.LoadPercentage) }
    }
    if ($loads.Count -gt 0) { $load = ($loads | Measure-Object -Average).Average }
    $clock = $processors[0].MaxClockSpeed
    $model = ([string]$processors[0].Name).Trim()
}
$free = $null
if ($null -ne $os.FreePhysicalMemory) { $free = [long]$os.FreePhysicalMemory * 1024 }

$vmHost = $null
if (Test-LustrumHyperV) { $vmHost = Hyper-V\Get-VMHost }

[pscustomobject]@{
    ComputerName                   = ConvertTo-LustrumText $system.Name
    Fqdn                           = ConvertTo-LustrumText (Get-LustrumFqdn $system)
    Domain                         = ConvertTo-LustrumText $system.Domain
    Uuid                           = ConvertTo-LustrumId $product.UUID
    Vendor                         = ConvertTo-LustrumText $system.Manufacturer
    Model                          = ConvertTo-LustrumText $system.Model
    SerialNumber                   = ConvertTo-LustrumText $bios.SerialNumber
    BiosVersion                    = ConvertTo-LustrumText $bios.SMBIOSBIOSVersion
    BiosReleaseDate                = ConvertTo-LustrumInstant $bios.ReleaseDate
    OsCaption                      = ConvertTo-LustrumText $os.Caption
    OsVersion                      = ConvertTo-LustrumText $os.Version
    OsBuild                        = ConvertTo-LustrumText $os.BuildNumber
    Ubr                            = Read-LustrumRegistry -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion' -Name 'UBR'
    LastBootUpTime                 = ConvertTo-LustrumInstant $os.LastBootUpTime
    ProcessorName                  = $model
    MaxClockSpeed                  = $clock
    SocketCount                    = $sockets
    NumberOfCores                  = $cores
    NumberOfLogicalProcessors      = $logical
    TotalPhysicalMemory            = $system.TotalPhysicalMemory
    FreePhysicalMemory             = $free
    LoadPercentage                 = $load
    VirtualMachinePath             = ConvertTo-LustrumText $vmHost.VirtualMachinePath
    VirtualHardDiskPath            = ConvertTo-LustrumText $vmHost.VirtualHardDiskPath
    VirtualMachineMigrationEnabled = $vmHost.VirtualMachineMigrationEnabled
    MaximumVirtualMachineMigrations = $vmHost.MaximumVirtualMachineMigrations
    MaximumStorageMigrations       = $vmHost.MaximumStorageMigrations
    NumaSpanningEnabled            = $vmHost.NumaSpanningEnabled
    IovSupport                     = $vmHost.IovSupport
    TimeZone                       = ConvertTo-LustrumText (Read-LustrumRegistry -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\TimeZoneInformation' -Name 'TimeZoneKeyName')
    PowerPlan                      = ConvertTo-LustrumText $plan.ElementName
    NtpServer                      = ConvertTo-LustrumText (Read-LustrumRegistry -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' -Name 'NtpServer')
    W32TimeRunning                 = $timeRunning
    DnsServers                     = @($dns)
    ClusterName                    = $cluster
    ClusterNodeState               = $nodeState
    HyperVModuleVersion            = Get-LustrumModuleVersion
}
