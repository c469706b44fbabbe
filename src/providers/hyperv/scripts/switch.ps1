# Virtual switches.
Assert-LustrumHyperV
$sizes = @{}
foreach ($adapter in @(Read-LustrumNetAdapter)) {
    # Here it only decorates; collector "adapter" tells what went wrong.
    if (Test-LustrumFault $adapter) { continue }
    if ($adapter.InterfaceDescription) { $sizes[[string]$adapter.InterfaceDescription] = $adapter.MtuSize }
}
$teams = @{}
try {
    foreach ($team in @(Hyper-V\Get-VMSwitchTeam -ErrorAction Stop)) {
        if ($team.Name) { $teams[[string]$team.Name] = $team }
    }
} catch {
    # Windows Server 2012 has no such teams.
    $teams = @{}
}
foreach ($vmSwitch in @(Hyper-V\Get-VMSwitch)) {
    if ($null -eq $vmSwitch) { continue }
    try {
        # One description before Windows Server 2016, a list since.
        $uplinks = @(ConvertTo-LustrumTexts $vmSwitch.NetAdapterInterfaceDescriptions)
        if ($uplinks.Count -eq 0) { $uplinks = @(ConvertTo-LustrumTexts $vmSwitch.NetAdapterInterfaceDescription) }
        $mtu = $null
        foreach ($uplink in $uplinks) {
            $size = $sizes[$uplink]
            if ($null -ne $size -and ($null -eq $mtu -or $size -lt $mtu)) { $mtu = $size }
        }
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
            Mtu                             = $mtu
            LoadBalancingAlgorithm          = ConvertTo-LustrumText $teams[[string]$vmSwitch.Name].LoadBalancingAlgorithm
        }
    } catch {
        $_
    }
}
