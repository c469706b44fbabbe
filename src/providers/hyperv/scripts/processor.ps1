# Virtual processors, one object a VM.
if (-not (Test-LustrumAnyVm)) { return }
foreach ($processor in @(Hyper-V\Get-VMProcessor -VMName '*')) {
    if ($null -eq $processor) { continue }
    try {
        [pscustomobject]@{
            VMId                           = ConvertTo-LustrumId $processor.VMId
            VMName                         = ConvertTo-LustrumText $processor.VMName
            Count                          = $processor.Count
            Reserve                        = $processor.Reserve
            Maximum                        = $processor.Maximum
            RelativeWeight                 = $processor.RelativeWeight
            MaximumCountPerNumaNode        = $processor.MaximumCountPerNumaNode
            MaximumCountPerNumaSocket      = $processor.MaximumCountPerNumaSocket
            HwThreadCountPerCore           = $processor.HwThreadCountPerCore
            CompatibilityForMigrationEnabled = $processor.CompatibilityForMigrationEnabled
            ExposeVirtualizationExtensions = $processor.ExposeVirtualizationExtensions
        }
    } catch {
        $_
    }
}
