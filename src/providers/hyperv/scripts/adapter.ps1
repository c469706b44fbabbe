# Physical network adapters: those with a connector.
$wakes = @{}
foreach ($setting in @(Read-LustrumOptional -Namespace 'root\StandardCimv2' -Class 'MSFT_NetAdapterPowerManagementSettingData')) {
    if ($setting.Name) { $wakes[[string]$setting.Name] = $setting.WakeOnMagicPacket }
}
$states = @{ '1' = 'Up'; '2' = 'Down'; '3' = 'Testing'; '4' = 'Unknown'; '5' = 'Dormant'; '6' = 'NotPresent'; '7' = 'LowerLayerDown' }
$magic = @{ '0' = 'Unsupported'; '1' = 'Disabled'; '2' = 'Enabled' }
foreach ($adapter in @(Read-LustrumNetAdapter)) {
    if (Test-LustrumFault $adapter) {
        $adapter
        continue
    }
    if (-not $adapter.ConnectorPresent) { continue }
    try {
        $state = ConvertTo-LustrumWord $adapter.InterfaceOperationalStatus $states
        if ([string]$adapter.InterfaceAdminStatus -eq '2') { $state = 'Disabled' }
        $mac = @(ConvertTo-LustrumTexts $adapter.NetworkAddresses)[0]
        if (-not $mac) { $mac = ConvertTo-LustrumText $adapter.PermanentAddress }
        [pscustomobject]@{
            Name                 = ConvertTo-LustrumText $adapter.Name
            InterfaceDescription = ConvertTo-LustrumText $adapter.InterfaceDescription
            DriverFileName       = ConvertTo-LustrumText $adapter.DriverName
            DriverVersion        = ConvertTo-LustrumText $adapter.DriverVersionString
            LinkSpeedBps         = $adapter.Speed
            FullDuplex           = $adapter.FullDuplex
            MacAddress           = $mac
            Status               = $state
            Pci                  = Get-LustrumPci $adapter.PnPDeviceID
            WakeOnMagicPacket    = ConvertTo-LustrumWord $wakes[[string]$adapter.Name] $magic
            Mtu                  = $adapter.MtuSize
        }
    } catch {
        $_
    }
}
