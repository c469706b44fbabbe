# Virtual switches.
Assert-LustrumHyperV
foreach ($vmSwitch in @(Hyper-V\Get-VMSwitch)) {
    if ($null -eq $vmSwitch) { continue }
    try {
        # One description before Windows Server 2016, a list since.
        $uplinks = @(ConvertTo-LustrumTexts $vmSwitch.NetAdapterInterfaceDescriptions)
        if ($uplinks.Count -eq 0) { $uplinks = @(ConvertTo-LustrumTexts $vmSwitch.NetAdapterInterfaceDescription) }
        [pscustomobject]@{
            Id                              = ConvertTo-LustrumId $vmSwitch.Id
            Name                            = ConvertTo-LustrumText $vmSwitch.Name
            SwitchType                      = ConvertTo-LustrumText $vmSwitch.SwitchType
            NetAdapterInterfaceDescriptions = @($uplinks)
            EmbeddedTeamingEnabled          = $vmSwitch.EmbeddedTeamingEnabled
            BandwidthReservationMode        = ConvertTo-LustrumText $vmSwitch.BandwidthReservationMode
            IovEnabled                      = $vmSwitch.IovEnabled
            AllowManagementOS               = $vmSwitch.AllowManagementOS
            PacketDirectEnabled             = $vmSwitch.PacketDirectEnabled
        }
    } catch {
        $_
    }
}
