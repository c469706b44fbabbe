# Checkpoints, with the files they refer to and the size of those that are differences.
if (-not (Test-LustrumAnyVm)) { return }
foreach ($checkpoint in @(Hyper-V\Get-VMSnapshot -VMName '*')) {
    if ($null -eq $checkpoint) { continue }
    try {
        $paths = @()
        foreach ($drive in $checkpoint.HardDrives) {
            if ($drive.Path) { $paths = $paths + @([string]$drive.Path) }
        }
        $bytes = [long]0
        foreach ($path in $paths) {
            if ($path -notmatch '\.avhdx?$') { continue }
            $file = Get-Item -LiteralPath $path -ErrorAction SilentlyContinue
            if ($null -eq $file) {
                $bytes = $null
                break
            }
            $bytes = $bytes + [long]$file.Length
        }
        [pscustomobject]@{
            VMId                  = ConvertTo-LustrumId $checkpoint.VMId
            VMName                = ConvertTo-LustrumText $checkpoint.VMName
            Id                    = ConvertTo-LustrumId $checkpoint.Id
            Name                  = ConvertTo-LustrumText $checkpoint.Name
            SnapshotType          = ConvertTo-LustrumText $checkpoint.SnapshotType
            CreationTime          = ConvertTo-LustrumInstant $checkpoint.CreationTime
            ParentSnapshotId      = ConvertTo-LustrumId $checkpoint.ParentSnapshotId
            ParentSnapshotName    = ConvertTo-LustrumText $checkpoint.ParentSnapshotName
            Notes                 = ConvertTo-LustrumText $checkpoint.Notes
            Path                  = ConvertTo-LustrumText $checkpoint.Path
            Version               = ConvertTo-LustrumText $checkpoint.Version
            State                 = ConvertTo-LustrumText $checkpoint.State
            IsAutomaticCheckpoint = $checkpoint.IsAutomaticCheckpoint
            HardDrivePaths        = @($paths)
            DiskFileSize          = $bytes
            MemoryFileSize        = $checkpoint.SizeOfSystemFiles
        }
    } catch {
        $_
    }
}
