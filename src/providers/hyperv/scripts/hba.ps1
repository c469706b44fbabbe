# Storage adapters: controllers on a PCI bus, each with its initiator ports, and the ports
# that have no such controller, as those of the iSCSI service.
$types = @{ '2' = 'FC'; '3' = 'SCSI'; '6' = 'RDMA'; '7' = 'iSCSI'; '8' = 'SAS' }
# Base class 01 is storage, 0C04 a Fibre Channel bus.
$classes = @{ '0100' = 'SCSI'; '0104' = 'RAID'; '0106' = 'SATA'; '0107' = 'SAS'; '0108' = 'NVMe'; '0C04' = 'FC' }

function New-LustrumHba {
    param($Controller, $Port)
    $device = ConvertTo-LustrumText $Controller.PNPDeviceID
    # The word for "other" says less than the class of the device.
    $type = $types[[string]$Port.ConnectionType]
    $pci = Get-LustrumPci $device
    $bus = $null
    if ($null -ne $device -and $null -eq $type) {
        $ids = Read-LustrumRegistry -Path ('HKLM:\SYSTEM\CurrentControlSet\Enum\' + $device) -Name 'CompatibleIDs'
        if ((@($ids) -join ' ') -match 'CC_([0-9A-F]{4})') { $type = $classes[[string]$Matches[1]] }
    }
    if ($null -ne $pci) { $bus = [string][int]('0x' + $pci.Substring(5, 2)) }
    if ($null -eq $device) { $device = ConvertTo-LustrumText $Port.InstanceName }
    [pscustomobject]@{
        Name        = $device
        Type        = $type
        Status      = ConvertTo-LustrumText $Controller.Status
        Bus         = $bus
        Pci         = $pci
        Driver      = ConvertTo-LustrumText $Controller.DriverName
        Model       = ConvertTo-LustrumText $Controller.Name
        NodeAddress = ConvertTo-LustrumText $Port.NodeAddress
        PortAddress = ConvertTo-LustrumText $Port.PortAddress
    }
}

# On a cluster the class may answer for every node; the id of a port names its server.
$others = @()
if ($null -ne (Get-LustrumCluster)) {
    $self = [string](Get-CimInstance -ClassName 'Win32_ComputerSystem').Name
    foreach ($node in @(Read-LustrumCluster 'MSCluster_Node')) {
        if ($node.Name -and [string]$node.Name -ne $self) { $others = $others + @([string]$node.Name) }
    }
}
$ports = @()
foreach ($port in @(Get-CimInstance -Namespace 'root\Microsoft\Windows\Storage' -ClassName 'MSFT_InitiatorPort')) {
    if ([string]$port.ObjectId -match '\\\\([^\\.]+)[^\\]*\\root' -and $others -contains $Matches[1]) { continue }
    if ($null -ne $port) { $ports = $ports + @($port) }
}
$taken = @{}
foreach ($controller in @(Get-CimInstance -ClassName 'Win32_SCSIController')) {
    $device = ([string]$controller.PNPDeviceID).ToLowerInvariant()
    if (-not $device.StartsWith('pci\')) { continue }
    $own = @($ports | Where-Object { ([string]$_.InstanceName).ToLowerInvariant().StartsWith($device) })
    if ($own.Count -eq 0) { New-LustrumHba $controller $null }
    foreach ($port in $own) {
        $taken[[string]$port.ObjectId] = $true
        New-LustrumHba $controller $port
    }
}
foreach ($port in $ports) {
    if (-not $taken.ContainsKey([string]$port.ObjectId)) { New-LustrumHba $null $port }
}
