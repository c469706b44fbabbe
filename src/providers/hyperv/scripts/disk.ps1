# Hard drives, and what Get-VHD can tell of their files. Opening files is slow and may fail
# one by one, so a drive's row stays without sizes when its file does not open, and near
# the deadline no further file is opened.

# One file. -Path takes wildcards, and how it wants brackets escaped is not told: such a
# path is tried both ways, and only an answer about this very file counts.
function Read-LustrumVhd {
    param([string]$Path)
    if ($Path -notmatch '[\[\]]') { return Hyper-V\Get-VHD -Path $Path -ErrorAction Stop }
    try {
        $escaped = $Path.Replace('`', '``').Replace('[', '`[').Replace(']', '`]')
        $found = @(Hyper-V\Get-VHD -Path $escaped -ErrorAction Stop)
    } catch {
        $found = @(Hyper-V\Get-VHD -Path $Path -ErrorAction Stop)
    }
    foreach ($vhd in $found) {
        if ([string]$vhd.Path -eq $Path) { return $vhd }
    }
    throw 'LustrumOtherFile'
}

if (-not (Test-LustrumAnyVm)) { return }
$until = (Get-Date).AddMilliseconds($BudgetMs * 0.8)
$opened = @{}
foreach ($drive in @(Read-LustrumDrive)) {
    if (Test-LustrumFault $drive) {
        $drive
        continue
    }
    try {
        $path = ConvertTo-LustrumText $drive.Path
        $vhd = $null
        $vhdError = $null
        # A pass-through disk has a number and a description for a path.
        if ($path -and $null -eq $drive.DiskNumber) {
            if (-not $opened.ContainsKey($path)) {
                $answer = @{ Vhd = $null; Fault = $null }
                try {
                    if ((Get-Date) -gt $until) { throw 'LustrumDeadline' }
                    $answer.Vhd = Read-LustrumVhd -Path $path
                } catch {
                    $answer.Fault = $_
                }
                $opened[$path] = $answer
            }
            $vhd = $opened[$path].Vhd
            if ($null -ne $opened[$path].Fault) {
                $vhdError = [string]$opened[$path].Fault.FullyQualifiedErrorId
                $opened[$path].Fault
            }
        }
        [pscustomobject]@{
            VMId                          = ConvertTo-LustrumId $drive.VMId
            VMName                        = ConvertTo-LustrumText $drive.VMName
            Id                            = ConvertTo-LustrumText $drive.Id
            Name                          = ConvertTo-LustrumText $drive.Name
            Path                          = $path
            ControllerType                = ConvertTo-LustrumText $drive.ControllerType
            ControllerNumber              = $drive.ControllerNumber
            ControllerLocation            = $drive.ControllerLocation
            DiskNumber                    = $drive.DiskNumber
            PoolName                      = ConvertTo-LustrumText $drive.PoolName
            SupportPersistentReservations = $drive.SupportPersistentReservations
            MinimumIOPS                   = $drive.MinimumIOPS
            MaximumIOPS                   = $drive.MaximumIOPS
            VhdFormat                     = ConvertTo-LustrumText $vhd.VhdFormat
            VhdType                       = ConvertTo-LustrumText $vhd.VhdType
            Size                          = $vhd.Size
            FileSize                      = $vhd.FileSize
            ParentPath                    = ConvertTo-LustrumText $vhd.ParentPath
            DiskIdentifier                = ConvertTo-LustrumId $vhd.DiskIdentifier
            BlockSize                     = $vhd.BlockSize
            LogicalSectorSize             = $vhd.LogicalSectorSize
            PhysicalSectorSize            = $vhd.PhysicalSectorSize
            VhdError                      = $vhdError
        }
    } catch {
        $_
    }
}
