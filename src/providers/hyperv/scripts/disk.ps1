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

# One file, opened once however many drives and chains name it.
function Open-LustrumFile {
    param([string]$Path)
    if (-not $files.ContainsKey($Path)) {
        $file = @{ Vhd = $null; Fault = $null; Vms = @{} }
        try {
            if ((Get-Date) -gt $until) { throw 'LustrumDeadline' }
            $file.Vhd = Read-LustrumVhd -Path $Path
        } catch {
            $file.Fault = $_
        }
        $files[$Path] = $file
    }
    return $files[$Path]
}

if (-not (Test-LustrumAnyVm)) { return }
$until = (Get-Date).AddMilliseconds($BudgetMs * 0.8)
$files = @{}
$rows = @{}
$physical = $null
foreach ($drive in @(Read-LustrumDrive)) {
    if (Test-LustrumFault $drive) {
        $drive
        continue
    }
    try {
        $id = ConvertTo-LustrumId $drive.VMId
        $path = ConvertTo-LustrumText $drive.Path
        $vhd = $null
        $vhdError = $null
        $raw = $null
        $chain = @()
        $bytes = $null
        $base = $null
        $tracked = $null
        # A pass-through disk has a number and a description for a path.
        if ($null -ne $drive.DiskNumber) {
            if ($null -eq $physical) {
                $physical = @{}
                foreach ($disk in @(Read-LustrumOptional -Namespace 'root\microsoft\windows\storage' -Class 'MSFT_Disk')) {
                    $physical[[string]$disk.Number] = $disk
                }
            }
            $raw = $physical[[string]$drive.DiskNumber]
        } elseif ($path) {
            $file = Open-LustrumFile -Path $path
            $vhd = $file.Vhd
            if ($null -ne $file.Fault) { $vhdError = [string]$file.Fault.FullyQualifiedErrorId }
            $next = $path
            $bytes = [long]0
            while ($next) {
                $file = Open-LustrumFile -Path $next
                if ($null -ne $file.Fault) { $file.Fault }
                # A file that is its own ancestor is no chain either.
                if ($null -eq $file.Vhd.FileSize -or $chain -contains $next) {
                    $bytes = $null
                    $base = $null
                    break
                }
                if ($null -ne $id) { $file.Vms[$id] = $true }
                $chain = $chain + @($next)
                $bytes = $bytes + [long]$file.Vhd.FileSize
                $base = $next
                $next = [string]$file.Vhd.ParentPath
            }
            # A share is not open to a remote logon that passes on no credentials.
            if ($null -ne $vhd -and -not $path.StartsWith('\\')) {
                $tracked = $null -ne (Get-Item -LiteralPath ($path + '.rct') -ErrorAction SilentlyContinue)
            }
        }
        $size = $vhd.Size
        if ($null -ne $raw) { $size = $raw.Size }
        $row = [pscustomobject]@{
            VMId                          = $id
            VMName                        = ConvertTo-LustrumText $drive.VMName
            Id                            = ConvertTo-LustrumText $drive.Id
            Name                          = ConvertTo-LustrumText $drive.Name
            Path                          = $path
            ControllerType                = ConvertTo-LustrumText $drive.ControllerType
            ControllerNumber              = $drive.ControllerNumber
            ControllerLocation            = $drive.ControllerLocation
            DiskNumber                    = $drive.DiskNumber
            UniqueId                      = ConvertTo-LustrumText $raw.UniqueId
            PoolName                      = ConvertTo-LustrumText $drive.PoolName
            SupportPersistentReservations = $drive.SupportPersistentReservations
            MinimumIOPS                   = $drive.MinimumIOPS
            MaximumIOPS                   = $drive.MaximumIOPS
            VhdFormat                     = ConvertTo-LustrumText $vhd.VhdFormat
            VhdType                       = ConvertTo-LustrumText $vhd.VhdType
            Size                          = $size
            FileSize                      = $vhd.FileSize
            ParentPath                    = ConvertTo-LustrumText $vhd.ParentPath
            ChainFileSize                 = $bytes
            OwnFileSize                   = $null
            BasePath                      = $base
            DiskIdentifier                = ConvertTo-LustrumId $vhd.DiskIdentifier
            ChangeTrackingId              = ConvertTo-LustrumText $vhd.ResilientChangeTrackingId
            ChangeTrackingFile            = $tracked
            BlockSize                     = $vhd.BlockSize
            LogicalSectorSize             = $vhd.LogicalSectorSize
            PhysicalSectorSize            = $vhd.PhysicalSectorSize
            VhdError                      = $vhdError
        }
        $row
        if ($null -ne $bytes) { $rows[$rows.Count] = @{ Row = $row; Chain = $chain } }
    } catch {
        $_
    }
}
# Only now it is known which files a single VM refers to. The rows are out already, so that
# a file that hangs costs no row: what is written into them here still travels. Constrained
# Language may refuse that, and then it stays unknown.
foreach ($entry in $rows.Values) {
    $own = [long]0
    foreach ($path in $entry.Chain) {
        if ($files[$path].Vms.Count -eq 1) { $own = $own + [long]$files[$path].Vhd.FileSize }
    }
    try { $entry.Row.OwnFileSize = $own } catch { $own = $null }
}
