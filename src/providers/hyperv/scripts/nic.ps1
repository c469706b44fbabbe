# Network adapters of VMs, with the VLAN setting each carries.
if (-not (Test-LustrumAnyVm)) { return }
foreach ($adapter in @(Read-LustrumAdapter)) {
    if (Test-LustrumFault $adapter) {
        $adapter
        continue
    }
    try {
        $vlan = $adapter.VlanSetting
        [pscustomobject]@{
            VMId                     = ConvertTo-LustrumId $adapter.VMId
            VMName                   = ConvertTo-LustrumText $adapter.VMName
            Id                       = ConvertTo-LustrumText $adapter.Id
            Name                     = ConvertTo-LustrumText $adapter.Name
            SwitchName               = ConvertTo-LustrumText $adapter.SwitchName
            SwitchId                 = ConvertTo-LustrumId $adapter.SwitchId
            MacAddress               = ConvertTo-LustrumText $adapter.MacAddress
            DynamicMacAddressEnabled = $adapter.DynamicMacAddressEnabled
            IsLegacy                 = $adapter.IsLegacy
            Connected                = $adapter.Connected
            Status                   = @(ConvertTo-LustrumTexts $adapter.Status)
            IPAddresses              = @(ConvertTo-LustrumTexts $adapter.IPAddresses)
            MacAddressSpoofing       = ConvertTo-LustrumText $adapter.MacAddressSpoofing
            IovWeight                = $adapter.IovWeight
            IovUsage                 = $adapter.IovUsage
            PortMirroringMode        = ConvertTo-LustrumText $adapter.PortMirroringMode
            VlanOperationMode        = ConvertTo-LustrumText $vlan.OperationMode
            AccessVlanId             = $vlan.AccessVlanId
            NativeVlanId             = $vlan.NativeVlanId
            PrimaryVlanId            = $vlan.PrimaryVlanId
            AllowedVlanIdList        = @(ConvertTo-LustrumTexts $vlan.AllowedVlanIdList)
        }
    } catch {
        $_
    }
}
