# Virtual machines: one bulk read a cmdlet or class, joined by VM id.

# Counts by VM id; $null when some of it could not be read, for then a count would lie.
function Measure-LustrumByVm {
    param($Items)
    $counts = @{}
    foreach ($item in $Items) {
        if (Test-LustrumFault $item) { return $null }
        $id = ConvertTo-LustrumId $item.VMId
        if ($null -ne $id) { $counts[$id] = [int]$counts[$id] + 1 }
    }
    return $counts
}

# One value of the guest's items, each an XML instance, picked by name: their order is not
# fixed. (Regular expressions, because XML elements have no methods in Constrained Language.)
function Get-LustrumGuestItem {
    param($Items, [string]$Name)
    foreach ($item in $Items) {
        $text = [string]$item
        $key = $null
        $data = $null
        if ($text -match '(?s)<PROPERTY\s[^>]*NAME="Name"[^>]*>\s*<VALUE>(.*?)</VALUE>') { $key = $Matches[1] }
        if ($text -match '(?s)<PROPERTY\s[^>]*NAME="Data"[^>]*>\s*<VALUE>(.*?)</VALUE>') { $data = [string]$Matches[1] }
        if ($key -eq $Name -and $null -ne $data) {
            return $data.Replace('&lt;', '<').Replace('&gt;', '>').Replace('&quot;', '"').Replace('&apos;', "'").Replace('&amp;', '&')
        }
    }
    return $null
}

$vms = @(Read-LustrumVm)
$faults = @($vms | Where-Object { Test-LustrumFault $_ })
$vms = @($vms | Where-Object { -not (Test-LustrumFault $_) })
$faults
if ($vms.Count -eq 0) { return }

$adapters = $null
$drives = $null
$dvds = $null
$differences = $null
try {
    $found = @(Read-LustrumAdapter)
    $found | Where-Object { Test-LustrumFault $_ }
    $adapters = Measure-LustrumByVm $found
    $found = @(Read-LustrumDrive)
    $found | Where-Object { Test-LustrumFault $_ }
    $drives = Measure-LustrumByVm $found
    $differences = Measure-LustrumByVm @($found | Where-Object { (Test-LustrumFault $_) -or $_.Path -match '\.avhdx?$' })
    $found = @(Read-LustrumDvd)
    $found | Where-Object { Test-LustrumFault $_ }
    $dvds = Measure-LustrumByVm $found
} catch {
    $_
}

$settings = @{}
$systems = @{}
$guests = @{}
try {
    $query = "SELECT * FROM Msvm_VirtualSystemSettingData WHERE VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'"
    foreach ($setting in @(Get-CimInstance -Namespace 'root\virtualization\v2' -Query $query -ErrorAction Stop)) {
        $id = ConvertTo-LustrumId $setting.VirtualSystemIdentifier
        if ($null -eq $id) { $id = ConvertTo-LustrumId $setting.ConfigurationID }
        if ($null -ne $id) { $settings[$id] = $setting }
    }
    foreach ($component in @(Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_KvpExchangeComponent' -ErrorAction Stop)) {
        $id = ConvertTo-LustrumId $component.SystemName
        if ($null -ne $id) { $guests[$id] = $component.GuestIntrinsicExchangeItems }
    }
    foreach ($system in @(Get-CimInstance -Namespace 'root\virtualization\v2' -Query 'SELECT Name, EnabledState FROM Msvm_ComputerSystem' -ErrorAction Stop)) {
        $systems[[string]$system.Name] = $system.EnabledState
    }
} catch {
    $_
}

foreach ($vm in $vms) {
    try {
        $id = Get-LustrumVmId $vm
        $setting = $null
        $enabled = $null
        $guest = $null
        $nics = $null
        $disks = $null
        $opticals = $null
        $differing = $null
        if ($null -ne $id) {
            $setting = $settings[$id]
            $enabled = $systems[$id]
            $guest = $guests[$id]
            if ($null -ne $adapters) { $nics = [int]$adapters[$id] }
            if ($null -ne $drives) { $disks = [int]$drives[$id] }
            if ($null -ne $dvds) { $opticals = [int]$dvds[$id] }
            if ($null -ne $differences) { $differing = [int]$differences[$id] }
        }
        $secureBoot = $null
        $template = $null
        if ($vm.Generation -eq 2 -and $null -ne $setting.SecureBootEnabled) {
            if ($setting.SecureBootEnabled) { $secureBoot = 'On' } else { $secureBoot = 'Off' }
            $template = ConvertTo-LustrumId $setting.SecureBootTemplateId
        }
        [pscustomobject]@{
            VMId                       = $id
            Name                       = ConvertTo-LustrumText $vm.Name
            State                      = ConvertTo-LustrumText $vm.State
            EnabledState               = $enabled
            Status                     = ConvertTo-LustrumText $vm.Status
            PrimaryOperationalStatus   = ConvertTo-LustrumText $vm.PrimaryOperationalStatus
            OperationalStatus          = @(ConvertTo-LustrumTexts $vm.OperationalStatus)
            StatusDescriptions         = @(ConvertTo-LustrumTexts $vm.StatusDescriptions)
            Generation                 = $vm.Generation
            Version                    = ConvertTo-LustrumText $vm.Version
            ProcessorCount             = $vm.ProcessorCount
            CPUUsage                   = $vm.CPUUsage
            MemoryStartup              = $vm.MemoryStartup
            MemoryMinimum              = $vm.MemoryMinimum
            MemoryMaximum              = $vm.MemoryMaximum
            MemoryAssigned             = $vm.MemoryAssigned
            MemoryDemand               = $vm.MemoryDemand
            DynamicMemoryEnabled       = $vm.DynamicMemoryEnabled
            Uptime                     = ConvertTo-LustrumSeconds $vm.Uptime
            CreationTime               = ConvertTo-LustrumInstant $vm.CreationTime
            Heartbeat                  = ConvertTo-LustrumText $vm.Heartbeat
            IntegrationServicesState   = ConvertTo-LustrumText $vm.IntegrationServicesState
            IntegrationServicesVersion = ConvertTo-LustrumText $vm.IntegrationServicesVersion
            AutomaticStartAction       = ConvertTo-LustrumText $vm.AutomaticStartAction
            AutomaticStartDelay        = ConvertTo-LustrumSeconds $vm.AutomaticStartDelay
            AutomaticStopAction        = ConvertTo-LustrumText $vm.AutomaticStopAction
            IsClustered                = $vm.IsClustered
            Notes                      = ConvertTo-LustrumText $vm.Notes
            Path                       = ConvertTo-LustrumText $vm.Path
            ConfigurationLocation      = ConvertTo-LustrumText $vm.ConfigurationLocation
            SnapshotFileLocation       = ConvertTo-LustrumText $vm.SnapshotFileLocation
            SmartPagingFilePath        = ConvertTo-LustrumText $vm.SmartPagingFilePath
            ParentSnapshotName         = ConvertTo-LustrumText $vm.ParentSnapshotName
            CheckpointType             = ConvertTo-LustrumText $vm.CheckpointType
            ReplicationState           = ConvertTo-LustrumText $vm.ReplicationState
            ReplicationHealth          = ConvertTo-LustrumText $vm.ReplicationHealth
            ReplicationMode            = ConvertTo-LustrumText $vm.ReplicationMode
            NetworkAdapterCount        = $nics
            HardDriveCount             = $disks
            DvdDriveCount              = $opticals
            DifferencingDriveCount     = $differing
            BIOSGUID                   = ConvertTo-LustrumId $setting.BIOSGUID
            SecureBoot                 = $secureBoot
            SecureBootTemplate         = $template
            GuestOSName                = Get-LustrumGuestItem -Items $guest -Name 'OSName'
            GuestOSVersion             = Get-LustrumGuestItem -Items $guest -Name 'OSVersion'
            GuestFqdn                  = Get-LustrumGuestItem -Items $guest -Name 'FullyQualifiedDomainName'
        }
    } catch {
        $_
    }
}
