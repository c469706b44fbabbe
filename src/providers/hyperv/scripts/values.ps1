# What collectors share, inside their runspace: plain values out of cmdlet objects, and
# bulk reads that are made once.
#
# A missing property is $null here (strict mode is off), and $null stays $null: an unknown
# value must not turn into '' or 0 on its way.
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$VerbosePreference = 'SilentlyContinue'
$InformationPreference = 'SilentlyContinue'
$ErrorActionPreference = 'Continue'
Set-StrictMode -Off
$global:LustrumBulk = @{}

# Text; an enum becomes its name.
function ConvertTo-LustrumText {
    param($Value)
    if ($null -eq $Value) { return $null }
    return [string]$Value
}

# A GUID in lower case without braces.
function ConvertTo-LustrumId {
    param($Value)
    if ($null -eq $Value) { return $null }
    $text = ([string]$Value).Trim().Trim('{', '}').ToLowerInvariant()
    if ($text -eq '') { return $null }
    return $text
}

# The id of a VM: VMId is an alias that the module's type data gives to Id.
function Get-LustrumVmId {
    param($Vm)
    $id = ConvertTo-LustrumId $Vm.VMId
    if ($null -eq $id) { $id = ConvertTo-LustrumId $Vm.Id }
    return $id
}

# UTC, ISO 8601.
function ConvertTo-LustrumInstant {
    param($Value)
    if ($Value -isnot [datetime]) { return $null }
    if ($Value.Year -le 1601) { return $null }
    return $Value.ToUniversalTime().ToString('o')
}

# Whole seconds of a time span; a plain number is seconds already.
function ConvertTo-LustrumSeconds {
    param($Value)
    if ($null -eq $Value) { return $null }
    if ($Value -is [timespan]) { return [long]$Value.TotalSeconds }
    return [long]$Value
}

# Texts one by one; callers collect them with @( ), so that one text stays a list.
function ConvertTo-LustrumTexts {
    param($Values)
    foreach ($value in $Values) {
        if ($null -ne $value) { [string]$value }
    }
}

# Runs one collector. Errors, ending or not, leave among the rows as ErrorRecords.
function Invoke-LustrumCollector {
    param($Collect, [int]$BudgetMs)
    try { & $Collect 2>&1 } catch { $_ }
}

# Makes a bulk read once and gives its objects and its errors to every collector that asks.
function Read-LustrumBulk {
    param([string]$Name, $Read)
    if (-not $global:LustrumBulk.ContainsKey($Name)) {
        $global:LustrumBulk[$Name] = @(& $Read 2>&1)
    }
    foreach ($item in $global:LustrumBulk[$Name]) {
        if ($null -ne $item) { $item }
    }
}

# An error among objects.
function Test-LustrumFault {
    param($Item)
    return $null -ne $Item.FullyQualifiedErrorId
}

# Whether the cmdlets are installed. The module is loaded by name: a runspace that follows
# one left behind has not loaded it, and finding a qualified name need not do so.
function Test-LustrumHyperV {
    if ($null -eq (Get-Module -Name 'Hyper-V')) {
        Import-Module -Name 'Hyper-V' -ErrorAction SilentlyContinue
    }
    return $null -ne (Get-Command -Name 'Hyper-V\Get-VM' -ErrorAction SilentlyContinue)
}

# Ends the collector as "not applicable" where the cmdlets are not installed.
function Assert-LustrumHyperV {
    if (-not (Test-LustrumHyperV)) { throw 'LustrumNotApplicable' }
}

function Read-LustrumVm {
    Assert-LustrumHyperV
    Read-LustrumBulk -Name 'vm' -Read { Hyper-V\Get-VM }
}

function Read-LustrumAdapter {
    Assert-LustrumHyperV
    Read-LustrumBulk -Name 'nic' -Read { Hyper-V\Get-VMNetworkAdapter -VMName '*' }
}

function Read-LustrumDrive {
    Assert-LustrumHyperV
    Read-LustrumBulk -Name 'drive' -Read { Hyper-V\Get-VMHardDiskDrive -VMName '*' }
}

function Read-LustrumDvd {
    Assert-LustrumHyperV
    Read-LustrumBulk -Name 'dvd' -Read { Hyper-V\Get-VMDvdDrive -VMName '*' }
}

# Whether a per-VM cmdlet has anything to find: '*' over no VMs is not asked at all. An
# error instead of VMs is not "none".
function Test-LustrumAnyVm {
    $items = @(Read-LustrumVm)
    foreach ($item in $items) {
        if (-not (Test-LustrumFault $item)) { return $true }
    }
    foreach ($item in $items) { throw $item }
    return $false
}

# One value of the registry, or $null.
function Read-LustrumRegistry {
    param([string]$Path, [string]$Name)
    try {
        $key = Get-ItemProperty -LiteralPath $Path -Name $Name -ErrorAction Stop
    } catch {
        return $null
    }
    return $key.$Name
}

# The state of a service; $null where there is none and where nobody may ask: over the
# network the service control manager lists services to administrators only, and then
# Get-Service ends with an error that -ErrorAction SilentlyContinue does not hold back.
function Read-LustrumService {
    param([string]$Name)
    try {
        $service = Get-Service -Name $Name -ErrorAction Stop
    } catch {
        return $null
    }
    return ConvertTo-LustrumText $service.Status
}

# Instances of a class, or nothing where class or namespace do not exist.
function Read-LustrumOptional {
    param([string]$Class, [string]$Namespace = 'root\cimv2', [string]$Filter)
    try {
        if ($Filter) {
            Get-CimInstance -Namespace $Namespace -ClassName $Class -Filter $Filter -ErrorAction Stop
        } else {
            Get-CimInstance -Namespace $Namespace -ClassName $Class -ErrorAction Stop
        }
    } catch {
        return
    }
}

# The cluster this host is a node of; $null where it stands alone.
function Get-LustrumCluster {
    return ConvertTo-LustrumText (Read-LustrumRegistry -Path 'HKLM:\Cluster' -Name 'ClusterName')
}

function Read-LustrumCluster {
    param([string]$Class)
    Read-LustrumBulk -Name $Class -Read { Get-CimInstance -Namespace 'root\MSCluster' -ClassName $Class }
}

# Words for numbers; a number without a word stays a number.
function ConvertTo-LustrumWord {
    param($Value, $Words)
    if ($null -eq $Value) { return $null }
    $word = $Words[[string]$Value]
    if ($null -ne $word) { return $word }
    return [string]$Value
}

function Read-LustrumNetAdapter {
    Read-LustrumBulk -Name 'adapter' -Read { Get-CimInstance -Namespace 'root\StandardCimv2' -ClassName 'MSFT_NetAdapter' }
}

# Where a device sits on a PCI bus, "0000:03:00.0": the registry keeps bus, device and
# function as the last three numbers of a text.
function Get-LustrumPci {
    param($Device)
    if (-not $Device) { return $null }
    $text = Read-LustrumRegistry -Path ('HKLM:\SYSTEM\CurrentControlSet\Enum\' + $Device) -Name 'LocationInformation'
    if ([string]$text -match 'pci.*\((\d+),(\d+),(\d+)\)\s*$') {
        return '0000:{0:x2}:{1:x2}.{2}' -f [int]$Matches[1], [int]$Matches[2], [int]$Matches[3]
    }
    return $null
}

function Read-LustrumVolume {
    Read-LustrumBulk -Name 'volume' -Read { Get-CimInstance -ClassName 'Win32_Volume' }
}

# The cluster shared volumes, each with the resource that has its owner and state.
function Read-LustrumCsv {
    if ($null -eq (Get-LustrumCluster)) { return }
    $resources = @{}
    foreach ($resource in @(Read-LustrumCluster 'MSCluster_Resource')) {
        if (Test-LustrumFault $resource) { $resource; continue }
        if ($resource.Id) { $resources[[string]$resource.Id] = $resource }
        if ($resource.Name) { $resources[[string]$resource.Name] = $resource }
    }
    $of = @{}
    foreach ($link in @(Read-LustrumCluster 'MSCluster_ClusterSharedVolumeToResource')) {
        if (Test-LustrumFault $link) { $link; continue }
        $key = [string]$link.PartComponent.Id
        if (-not $resources.ContainsKey($key)) { $key = [string]$link.PartComponent.Name }
        $of[[string]$link.GroupComponent.Name] = $resources[$key]
    }
    foreach ($csv in @(Read-LustrumCluster 'MSCluster_ClusterSharedVolume')) {
        if (Test-LustrumFault $csv) { $csv; continue }
        [pscustomobject]@{ Volume = $csv; Path = [string]$csv.Name; Resource = $of[[string]$csv.Name] }
    }
}

# Folders that hold files of VMs; with those for new ones, where removed VMs leave theirs.
function Read-LustrumVmFolder {
    param([switch]$AndDefaults)
    $folders = @()
    foreach ($vm in @(Read-LustrumVm)) {
        if (Test-LustrumFault $vm) { $vm; continue }
        $folders = $folders + @($vm.Path, $vm.ConfigurationLocation, $vm.SnapshotFileLocation)
    }
    if ($folders.Count -gt 0) {
        foreach ($drive in @(Read-LustrumDrive)) {
            if (Test-LustrumFault $drive) { $drive; continue }
            # A pass-through disk has a number and a description for a path.
            if ($drive.Path -and $null -eq $drive.DiskNumber) { $folders = $folders + @($drive.Path -replace '\\[^\\]*$', '') }
        }
    }
    if ($AndDefaults) {
        $vmHost = Hyper-V\Get-VMHost
        $folders = $folders + @($vmHost.VirtualMachinePath, $vmHost.VirtualHardDiskPath)
    }
    $seen = @{}
    foreach ($folder in $folders) {
        $path = ([string]$folder).TrimEnd('\')
        if ($path -eq '' -or $seen.ContainsKey($path)) { continue }
        $seen[$path] = $true
        $path
    }
}

# The mounted volume a folder lies on: the one whose mount point is the longest beginning.
function Get-LustrumMount {
    param([string]$Folder, $Volumes)
    $best = $null
    $path = $Folder.ToLowerInvariant() + '\'
    foreach ($volume in $Volumes) {
        $mount = ([string]$volume.Name).ToLowerInvariant()
        if ($mount -eq '' -or -not $path.StartsWith($mount)) { continue }
        if ($null -eq $best -or $mount.Length -gt ([string]$best.Name).Length) { $best = $volume }
    }
    return $best
}

# The full name of a domain member, else the plain one.
function Get-LustrumFqdn {
    param($System)
    if ($null -eq $System) { return $null }
    $name = $System.DNSHostName
    if (-not $name) { $name = $System.Name }
    if ($System.PartOfDomain -and $System.Domain) { return "$name.$($System.Domain)" }
    return $name
}

# The version of the Hyper-V module that answers, loading it where it is not loaded yet.
function Get-LustrumModuleVersion {
    if (-not (Test-LustrumHyperV)) { return $null }
    foreach ($module in @(Get-Module -Name 'Hyper-V')) {
        return [string]$module.Version
    }
    return $null
}
