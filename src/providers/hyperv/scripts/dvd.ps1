# DVD drives, and floppy drives that hold a disk: generation 2 has none, and may say so with
# an error, which is no trouble.
if (-not (Test-LustrumAnyVm)) { return }
$drives = @(Read-LustrumDvd)
$floppies = @()
try {
    $floppies = @(Hyper-V\Get-VMFloppyDiskDrive -VMName '*' -ErrorAction SilentlyContinue | Where-Object { $_.Path })
} catch {
    $floppies = @()
}
$kind = 'Dvd'
foreach ($list in $drives, $floppies) {
    foreach ($drive in $list) {
        if (Test-LustrumFault $drive) {
            $drive
            continue
        }
        try {
            [pscustomobject]@{
                VMId               = ConvertTo-LustrumId $drive.VMId
                VMName             = ConvertTo-LustrumText $drive.VMName
                Id                 = ConvertTo-LustrumText $drive.Id
                Kind               = $kind
                Path               = ConvertTo-LustrumText $drive.Path
                ControllerType     = ConvertTo-LustrumText $drive.ControllerType
                ControllerNumber   = $drive.ControllerNumber
                ControllerLocation = $drive.ControllerLocation
                MediaType          = ConvertTo-LustrumText $drive.DvdMediaType
            }
        } catch {
            $_
        }
    }
    $kind = 'Floppy'
}
