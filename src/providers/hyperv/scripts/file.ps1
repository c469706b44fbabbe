# Disk and configuration files in the VM folders of local volumes, and on the cluster shared
# volumes that this node owns. A walk that is cut off says so.
$most = 50000
$until = (Get-Date).AddMilliseconds($BudgetMs * 0.8)
$cluster = Get-LustrumCluster
$self = [string](Get-CimInstance -ClassName 'Win32_ComputerSystem').Name
# Folders still to list, first come first served, and the volume of each.
$folders = @{}
$mounts = @{}
$total = 0
$shared = @{}
$volumes = @()
foreach ($csv in @(Read-LustrumCsv)) {
    if (Test-LustrumFault $csv) {
        $csv
        continue
    }
    $mount = $csv.Path.TrimEnd('\')
    $shared[$mount] = $true
    # Should the list of volumes lack it, its folders must not pass for folders of C:.
    $volumes = $volumes + @([pscustomobject]@{ Name = $mount + '\' })
    $owner = [string]$csv.Resource.OwnerNode
    # Nobody would list it.
    if ($owner -eq '') { try { throw 'LustrumVolumeWithoutOwner' } catch { $_ } }
    if ($owner -ne $self) { continue }
    $folders[$total] = $mount
    $mounts[$total] = $mount
    $total = $total + 1
}
if (Test-LustrumHyperV) {
    $volumes = $volumes + @(Read-LustrumVolume)
    $volumes | Where-Object { Test-LustrumFault $_ }
    foreach ($folder in @(Read-LustrumVmFolder -AndDefaults)) {
        if (Test-LustrumFault $folder) {
            $folder
            continue
        }
        $volume = Get-LustrumMount $folder $volumes
        # A share is not ours to walk: its server is another machine.
        if ($null -eq $volume -or $shared.ContainsKey(([string]$volume.Name).TrimEnd('\'))) { continue }
        # The root of a drive is D:\; D: is wherever the process stands.
        $folders[$total] = $folder -replace ':$', ':\'
        $mounts[$total] = [string]$volume.Name
        $total = $total + 1
    }
}
$listed = @{}
$files = 0
for ($at = 0; $at -lt $total; $at = $at + 1) {
    if ((Get-Date) -gt $until) { throw 'LustrumDeadline' }
    $folder = [string]$folders[$at]
    # One VM folder may lie in another.
    if ($listed.ContainsKey($folder)) { continue }
    $listed[$folder] = $true
    $items = @()
    try {
        $items = @(Get-ChildItem -LiteralPath $folder -Force -ErrorAction Stop)
    } catch {
        # What is not there, or gone meanwhile, holds no files.
        if ([string]$_.CategoryInfo.Category -ne 'ObjectNotFound') { $_ }
    }
    foreach ($item in $items) {
        if ($item.PSIsContainer) {
            # A link may lead in a circle; the other two are Windows' own.
            if ([string]$item.Attributes -match 'ReparsePoint' -or $item.Name -match '^(System Volume Information|\$RECYCLE\.BIN)$') { continue }
            $folders[$total] = [string]$item.FullName
            $mounts[$total] = $mounts[$at]
            $total = $total + 1
            continue
        }
        if ($item.Name -notmatch '\.(vhdx|vhd|avhdx|avhd|vhds|vmcx|iso)$') { continue }
        $kind = $Matches[1].ToLowerInvariant()
        if ($files -ge $most) { throw 'LustrumTooManyFiles' }
        $files = $files + 1
        $of = $null
        if ($shared.ContainsKey([string]$mounts[$at])) { $of = $cluster }
        [pscustomobject]@{
            Path        = [string]$item.FullName
            Kind        = $kind
            Size        = $item.Length
            ModifiedAt  = ConvertTo-LustrumInstant $item.LastWriteTimeUtc
            VolumePath  = [string]$mounts[$at]
            ClusterName = $of
        }
    }
}
