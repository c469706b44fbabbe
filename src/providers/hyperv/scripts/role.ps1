# Clustered roles of VMs that this node owns.
$cluster = Get-LustrumCluster
if ($null -eq $cluster) { return }
$self = [string](Get-CimInstance -ClassName 'Win32_ComputerSystem').Name
$machines = @{}
foreach ($resource in @(Read-LustrumCluster 'MSCluster_Resource')) {
    if (Test-LustrumFault $resource) {
        $resource
        continue
    }
    if ([string]$resource.Type -eq 'Virtual Machine') { $machines[[string]$resource.OwnerGroup] = $resource }
}
$rules = @{}
foreach ($rule in @(Read-LustrumOptional -Namespace 'root\MSCluster' -Class 'MSCluster_AffinityRule')) {
    foreach ($group in $rule.Groups) { $rules[[string]$group] = @($rules[[string]$group]) + @([string]$rule.Name) }
}
$preferred = @{}
foreach ($link in @(Read-LustrumOptional -Namespace 'root\MSCluster' -Class 'MSCluster_ResourceGroupToPreferredNode')) {
    $group = [string]$link.GroupComponent.Name
    $preferred[$group] = @($preferred[$group]) + @([string]$link.PartComponent.Name)
}
$states = @{ '0' = 'Online'; '1' = 'Offline'; '2' = 'Failed'; '3' = 'PartialOnline'; '4' = 'Pending' }
$actions = @{ '0' = 'TurnOff'; '1' = 'Save'; '2' = 'ShutDown'; '3' = 'ForcedShutDown' }
foreach ($group in @(Read-LustrumCluster 'MSCluster_ResourceGroup')) {
    if (Test-LustrumFault $group) {
        $group
        continue
    }
    # 111 is a virtual machine.
    if ([string]$group.GroupType -ne '111') { continue }
    $name = [string]$group.Name
    $owner = [string]$group.OwnerNode
    if ($owner -eq '') { $owner = [string]$machines[$name].OwnerNode }
    # Nobody would tell of it.
    if ($owner -eq '') { try { throw 'LustrumRoleWithoutOwner' } catch { $_ } }
    if ($owner -ne $self) { continue }
    $machine = $machines[$name].PrivateProperties
    $monitoring = $null
    if ($null -ne $machine.CheckHeartbeat) { $monitoring = [int]$machine.CheckHeartbeat -ne 0 }
    [pscustomobject]@{
        VMId            = ConvertTo-LustrumId $machine.VmID
        Name            = $name
        State           = ConvertTo-LustrumWord $group.State $states
        OwnerNode       = $owner
        Priority        = $group.Priority
        AntiAffinity    = @(ConvertTo-LustrumTexts $group.AntiAffinityClassNames)
        AffinityRules   = @(ConvertTo-LustrumTexts $rules[$name])
        PreferredOwners = @(ConvertTo-LustrumTexts $preferred[$name])
        OfflineAction   = ConvertTo-LustrumWord $machine.OfflineAction $actions
        VmMonitoring    = $monitoring
        ClusterName     = $cluster
    }
}
