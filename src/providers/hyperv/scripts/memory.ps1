# Memory, one object a VM. What is in use is told by Get-VM, which has been read already.
if (-not (Test-LustrumAnyVm)) { return }
$used = @{}
foreach ($vm in @(Read-LustrumVm)) {
    if (Test-LustrumFault $vm) { continue }
    $id = Get-LustrumVmId $vm
    if ($null -ne $id) { $used[$id] = $vm }
}
foreach ($memory in @(Hyper-V\Get-VMMemory -VMName '*')) {
    if ($null -eq $memory) { continue }
    try {
        $id = ConvertTo-LustrumId $memory.VMId
        $vm = $null
        if ($null -ne $id) { $vm = $used[$id] }
        [pscustomobject]@{
            VMId                 = $id
            VMName               = ConvertTo-LustrumText $memory.VMName
            DynamicMemoryEnabled = $memory.DynamicMemoryEnabled
            Startup              = $memory.Startup
            Minimum              = $memory.Minimum
            Maximum              = $memory.Maximum
            Buffer               = $memory.Buffer
            Priority             = $memory.Priority
            MaximumPerNumaNode   = $memory.MaximumPerNumaNode
            MemoryAssigned       = $vm.MemoryAssigned
            MemoryDemand         = $vm.MemoryDemand
            Version              = ConvertTo-LustrumText $vm.Version
        }
    } catch {
        $_
    }
}
