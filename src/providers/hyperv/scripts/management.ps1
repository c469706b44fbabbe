# The host's own network adapters: those of virtual switches, and others with an address.

# A mask as the length of its prefix.
function Measure-LustrumMask {
    param([string]$Mask)
    $bits = @{ '255' = 8; '254' = 7; '252' = 6; '248' = 5; '240' = 4; '224' = 3; '192' = 2; '128' = 1; '0' = 0 }
    $length = 0
    foreach ($part in ($Mask -split '\.')) {
        if (-not $bits.ContainsKey($part)) { return $null }
        $length = $length + $bits[$part]
    }
    return $length
}

$names = @{}
foreach ($adapter in @(Read-LustrumNetAdapter)) {
    if (Test-LustrumFault $adapter) {
        $adapter
        continue
    }
    $id = ConvertTo-LustrumId $adapter.InterfaceGuid
    if ($null -ne $id) { $names[$id] = $adapter }
}
$virtual = @{}
if (Test-LustrumHyperV) {
    foreach ($adapter in @(Hyper-V\Get-VMNetworkAdapter -ManagementOS)) {
        $id = ConvertTo-LustrumId $adapter.DeviceId
        if ($null -ne $id) { $virtual[$id] = $adapter }
    }
}
foreach ($settings in @(Get-CimInstance -ClassName 'Win32_NetworkAdapterConfiguration')) {
    $id = ConvertTo-LustrumId $settings.SettingID
    if ($null -eq $id) { continue }
    $adapter = $virtual[$id]
    if ($null -eq $adapter -and -not $settings.IPEnabled) { continue }
    try {
        $v4 = @()
        $v6 = @()
        $length = $null
        $at = 0
        foreach ($address in $settings.IPAddress) {
            if ([string]$address -match ':') {
                $v6 = $v6 + @([string]$address)
            } else {
                $v4 = $v4 + @([string]$address)
                if ($null -eq $length) { $length = Measure-LustrumMask (@($settings.IPSubnet)[$at]) }
            }
            $at = $at + 1
        }
        $gateways = @(ConvertTo-LustrumTexts $settings.DefaultIPGateway)
        $vlan = $null
        if ($null -ne $adapter) {
            $mode = [string]$adapter.VlanSetting.OperationMode
            if ($mode -eq 'Access') { $vlan = $adapter.VlanSetting.AccessVlanId }
            if ($mode -eq 'Untagged') { $vlan = 0 }
            if ($mode -eq 'Trunk') { $vlan = 4095 }
            if ($mode -eq 'Private') { $vlan = $adapter.VlanSetting.PrimaryVlanId }
        }
        [pscustomobject]@{
            Name           = ConvertTo-LustrumText $adapter.Name
            SwitchName     = ConvertTo-LustrumText $adapter.SwitchName
            InterfaceAlias = ConvertTo-LustrumText $names[$id].Name
            MacAddress     = ConvertTo-LustrumText $settings.MACAddress
            Dhcp           = $settings.DHCPEnabled
            IPv4Addresses  = @($v4)
            IPv6Addresses  = @($v6)
            PrefixLength   = $length
            Gateway        = @($gateways | Where-Object { $_ -notmatch ':' })[0]
            IPv6Gateway    = @($gateways | Where-Object { $_ -match ':' })[0]
            Mtu            = $names[$id].MtuSize
            VlanId         = $vlan
        }
    } catch {
        $_
    }
}
