# The failover cluster this host is a node of, asked of this node only.
if ($null -eq (Get-LustrumCluster)) { return }
$states = @{ '0' = 'Up'; '1' = 'Down'; '2' = 'Paused'; '3' = 'Joining' }
$names = @()
$told = @()
foreach ($node in @(Read-LustrumCluster 'MSCluster_Node')) {
    if (Test-LustrumFault $node) {
        $node
        continue
    }
    $names = $names + @([string]$node.Name)
    $told = $told + @([string]$node.Name + '=' + (ConvertTo-LustrumWord $node.State $states))
}
# A cluster without a witness has none to link to.
$witness = $null
foreach ($link in @(Read-LustrumOptional -Namespace 'root\MSCluster' -Class 'MSCluster_ClusterToQuorumResource')) {
    $key = [string]$link.PartComponent.Id
    $name = [string]$link.PartComponent.Name
    foreach ($resource in @(Read-LustrumCluster 'MSCluster_Resource')) {
        if (($key -and [string]$resource.Id -eq $key) -or ($name -and [string]$resource.Name -eq $name)) { $witness = $resource }
    }
}
foreach ($cluster in @(Read-LustrumCluster 'MSCluster_Cluster')) {
    if (Test-LustrumFault $cluster) {
        $cluster
        continue
    }
    [pscustomobject]@{
        Name              = ConvertTo-LustrumText $cluster.Name
        Fqdn              = ConvertTo-LustrumText $cluster.Fqdn
        FunctionalLevel   = $cluster.ClusterFunctionalLevel
        NodeNames         = @($names)
        NodeStates        = @($told)
        QuorumType        = ConvertTo-LustrumText $cluster.QuorumType
        WitnessName       = ConvertTo-LustrumText $witness.Name
        WitnessState      = ConvertTo-LustrumText $witness.State
        AutoBalancerMode  = $cluster.AutoBalancerMode
        AutoBalancerLevel = $cluster.AutoBalancerLevel
        S2DEnabled        = $cluster.S2DEnabled
    }
}
