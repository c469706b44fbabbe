# The VM ids by CIM: no cmdlet of the Hyper-V module takes part. A setting of the type
# "Realized" is a VM itself; checkpoints have other types.
$query = "SELECT VirtualSystemIdentifier, ConfigurationID, ElementName FROM Msvm_VirtualSystemSettingData WHERE VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'"
foreach ($setting in @(Get-CimInstance -Namespace 'root\virtualization\v2' -Query $query)) {
    if ($null -eq $setting) { continue }
    $id = ConvertTo-LustrumId $setting.VirtualSystemIdentifier
    if ($null -eq $id) { $id = ConvertTo-LustrumId $setting.ConfigurationID }
    [pscustomobject]@{
        VMId = $id
        Name = ConvertTo-LustrumText $setting.ElementName
    }
}
