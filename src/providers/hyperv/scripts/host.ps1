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
$suffixes = @()
$dhcp = $null
foreach ($adapter in @(Read-LustrumOptional -Class 'Win32_NetworkAdapterConfiguration' -Filter 'IPEnabled = TRUE')) {
    foreach ($server in $adapter.DNSServerSearchOrder) {
        if ($server -and $dns -notcontains $server) { $dns = $dns + @([string]$server) }
    }
    foreach ($suffix in $adapter.DNSDomainSuffixSearchOrder) {
        if ($suffix -and $suffixes -notcontains $suffix) { $suffixes = $suffixes + @([string]$suffix) }
    }
    if ($null -eq $dhcp -and $adapter.DefaultIPGateway) { $dhcp = $adapter.DHCPEnabled }
}

# Registry first: it costs nothing, and root\MSCluster exists on cluster nodes only.
$cluster = Get-LustrumCluster
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
$threads = $null
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
        if ($processor.ThreadCount) { $threads = [int]$threads + [int]$processor.ThreadCount }
        if ($null -ne $processor.LoadPercentage) { $loads = $loads + @([double]$processor.LoadPercentage) }
    }
    if ($loads.Count -gt 0) { $load = ($loads | Measure-Object -Average).Average }
    $clock = $processors[0].MaxClockSpeed
    $model = ([string]$processors[0].Name).Trim()
}
$free = $null
if ($null -ne $os.FreePhysicalMemory) { $free = [long]$os.FreePhysicalMemory * 1024 }

$available = $null
if ($null -ne $threads -and $cores -gt 0) { $available = $threads -gt $cores }

$vmHost = $null
$highest = $null
if (Test-LustrumHyperV) {
    $vmHost = Hyper-V\Get-VMHost
    try {
        foreach ($supported in @(Hyper-V\Get-VMHostSupportedVersion -ErrorAction Stop)) {
            $version = $supported.Version
            # 254 and 255 are previews.
            if ($null -eq $version -or $version.Major -ge 254) { continue }
            if ($null -eq $highest -or $version -gt $highest) { $highest = $version }
        }
    } catch {
        # Windows Server 2012 has no such cmdlet.
        $highest = $null
    }
}
$vmms = Read-LustrumService -Name 'vmms'
$vmmsRunning = $null
if ($null -ne $vmms) {
    $vmmsRunning = $vmms -eq 'Running'
} elseif ($null -ne (Read-LustrumRegistry -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\vmms' -Name 'ImagePath')) {
    $vmmsRunning = $null -ne (Get-Process -Name 'vmms' -ErrorAction SilentlyContinue)
}

$enclosure = @(Read-LustrumOptional -Class 'Win32_SystemEnclosure')[0]
$zone = @(Read-LustrumOptional -Class 'Win32_TimeZone')[0]
$offset = $null
if ($null -ne $zone.Bias) {
    $minutes = [int]$zone.Bias
    $sign = '+'
    if ($minutes -lt 0) {
        $sign = '-'
        $minutes = 0 - $minutes
    }
    $rest = $minutes % 60
    $offset = $sign + ('{0:00}:{1:00}' -f (($minutes - $rest) / 60), $rest)
}
$counter = @(Read-LustrumOptional -Class 'Win32_PerfFormattedData_HvStats_HyperVHypervisorLogicalProcessor' -Filter "Name = '_Total'")[0]
$licenses = @()
try {
    # Windows' own products with a key: without the condition the provider reads hundreds.
    $query = "SELECT Name FROM SoftwareLicensingProduct WHERE ApplicationID = '55c92734-d682-4d71-983e-d6ec3f16059f' AND PartialProductKey <> NULL"
    foreach ($product in @(Get-CimInstance -Query $query -OperationTimeoutSec 10 -ErrorAction Stop)) {
        if ($product.Name) { $licenses = $licenses + @([string]$product.Name) }
    }
} catch {
    $licenses = @()
}

# A setting of WinRM: the policy's word, else the host's own, else off, as Windows has it.
function Read-LustrumWinrm {
    param([string]$Policy, [string]$Setting)
    $value = Read-LustrumRegistry -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' -Name $Policy
    if ($null -eq $value) { $value = Read-LustrumRegistry -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Service' -Name $Setting }
    if ($null -ne $value) { return [int]$value -ne 0 }
    if ($null -eq (Get-Item -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN' -ErrorAction SilentlyContinue)) { return $null }
    return $false
}
$http = $null
$certificate = $null
$listeners = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener'
if ($null -ne (Get-Item -LiteralPath $listeners -ErrorAction SilentlyContinue)) {
    $http = [string](Read-LustrumRegistry -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service' -Name 'AllowAutoConfig') -eq '1'
    foreach ($listener in @(Get-ChildItem -LiteralPath $listeners -ErrorAction SilentlyContinue)) {
        if ($listener.PSChildName -match '\+HTTP$') { $http = $true }
        if ($listener.PSChildName -notmatch '\+HTTPS$') { continue }
        $thumb = [string](Read-LustrumRegistry -Path $listener.PSPath -Name 'certThumbprint') -replace '[^0-9A-Fa-f]', ''
        if ($thumb) { $certificate = Get-Item -LiteralPath ('Cert:\LocalMachine\My\' + $thumb) -ErrorAction SilentlyContinue }
    }
}

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
    HypervisorLoadPercentage       = $counter.PercentTotalRunTime
    HyperThreadingAvailable        = $available
    BiosVendor                     = ConvertTo-LustrumText $bios.Manufacturer
    ServiceTag                     = ConvertTo-LustrumText $enclosure.SerialNumber
    OemString                      = (@(ConvertTo-LustrumTexts $system.OEMStringArray) -join '; ')
    Dhcp                           = $dhcp
    DnsSearchOrder                 = @($suffixes)
    TimeZoneName                   = ConvertTo-LustrumText $zone.Caption
    GmtOffset                      = $offset
    Licenses                       = ($licenses -join '; ')
    CertificateIssuer              = ConvertTo-LustrumText $certificate.Issuer
    CertificateSubject             = ConvertTo-LustrumText $certificate.Subject
    CertificateNotBefore           = ConvertTo-LustrumInstant $certificate.NotBefore
    CertificateNotAfter            = ConvertTo-LustrumInstant $certificate.NotAfter
    WinrmBasic                     = Read-LustrumWinrm 'AllowBasic' 'auth_basic'
    WinrmAllowUnencrypted          = Read-LustrumWinrm 'AllowUnencryptedTraffic' 'allow_unencrypted'
    WinrmHttpListener              = $http
    NtpType                        = ConvertTo-LustrumText (Read-LustrumRegistry -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' -Name 'Type')
    MaximumVmVersion               = ConvertTo-LustrumText $highest
    VmmsRunning                    = $vmmsRunning
    PowerPolicy                    = ConvertTo-LustrumText (Read-LustrumRegistry -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Power\User\PowerSchemes' -Name 'ActivePowerScheme')
}
