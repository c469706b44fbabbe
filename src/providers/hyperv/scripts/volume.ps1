# Volumes and shares that hold files of VMs: all cluster shared volumes, the local volumes
# and the shares in paths of VMs.
$cluster = Get-LustrumCluster
$volumes = @(Read-LustrumVolume)
$volumes | Where-Object { Test-LustrumFault $_ }
$storage = @{}
foreach ($volume in @(Read-LustrumOptional -Namespace 'root\Microsoft\Windows\Storage' -Class 'MSFT_Volume')) {
    if ($volume.Path) { $storage[[string]$volume.Path] = $volume }
}
# 0 and numbers of later Windows say less than the name.
$known = @{ '14' = 'NTFS'; '15' = 'ReFS'; '32768' = 'CSVFS_NTFS'; '32769' = 'CSVFS_ReFS' }

function New-LustrumVolume {
    param($Kind, $Name, $Path, $Id, $Volume, $Csv)
    $other = $storage[[string]$Id]
    $system = $known[[string]$other.FileSystemType]
    if ($null -eq $system) { $system = ConvertTo-LustrumText $Volume.FileSystem }
    $size = $Volume.Capacity
    $free = $Volume.FreeSpace
    if ($null -eq $size) {
        $size = $other.Size
        $free = $other.SizeRemaining
    }
    if ($Kind -ne 'smb' -and $null -eq $size) { try { throw 'LustrumVolumeWithoutSize' } catch { $_ } }
    if ($Kind -eq 'smb') { $system = 'SMB' }
    $owner = $null
    $state = $null
    $redirected = $null
    $maintenance = $null
    $of = $null
    if ($Kind -eq 'local') { $state = 'Online' }
    if ($Kind -eq 'csv') {
        $of = $cluster
        $owner = ConvertTo-LustrumText $Csv.Resource.OwnerNode
        $state = ConvertTo-LustrumText $Csv.Resource.State
        if ($null -ne $Csv.Volume.FaultState) {
            # No direct input and output 1, no access 2, in maintenance 4, dismounted 8.
            $fault = [int]$Csv.Volume.FaultState
            $redirected = ($fault -band 1) -ne 0
            $maintenance = ($fault -band 4) -ne 0
            if (($fault -band 10) -ne 0) { $state = 'NoAccess' }
        }
    }
    [pscustomobject]@{
        Kind             = $Kind
        Name             = $Name
        Path             = $Path
        VolumeId         = ConvertTo-LustrumText $Id
        FileSystem       = $system
        Size             = $size
        Free             = $free
        OwnerNode        = $owner
        State            = $state
        RedirectedAccess = $redirected
        Maintenance      = $maintenance
        BlockSize        = $Volume.BlockSize
        ClusterName      = $of
    }
}

$mounts = @{}
foreach ($csv in @(Read-LustrumCsv)) {
    if (Test-LustrumFault $csv) {
        $csv
        continue
    }
    $id = [string]$csv.Volume.VolumeName
    $mount = $csv.Path.TrimEnd('\')
    $mounts[$mount] = $true
    $volume = $null
    foreach ($one in $volumes) {
        if (([string]$one.Name).TrimEnd('\') -eq $mount -or ($id -and [string]$one.DeviceID -eq $id)) { $volume = $one }
    }
    # Should the list of volumes lack it, its folders must not pass for folders of C:.
    $volumes = $volumes + @([pscustomobject]@{ Name = $mount + '\' })
    New-LustrumVolume 'csv' ($mount -replace '^.*\\', '') $mount $id $volume $csv
}
if (-not (Test-LustrumHyperV)) { return }
$seen = @{}
foreach ($folder in @(Read-LustrumVmFolder)) {
    if (Test-LustrumFault $folder) {
        $folder
        continue
    }
    if ($folder -match '^\\\\[?.]\\') { continue }
    if ($folder -match '^(\\\\[^\\]+\\([^\\]+))') {
        $share = $Matches[1]
        $name = $Matches[2]
        if (-not $seen.ContainsKey($share)) { New-LustrumVolume 'smb' $name $share $null $null $null }
        $seen[$share] = $true
        continue
    }
    $volume = Get-LustrumMount $folder $volumes
    if ($null -eq $volume) { continue }
    $path = [string]$volume.Name
    if ($seen.ContainsKey($path) -or $mounts.ContainsKey($path.TrimEnd('\'))) { continue }
    $seen[$path] = $true
    $name = [string]$volume.Label
    if ($name -eq '') { $name = $path }
    New-LustrumVolume 'local' $name $path $volume.DeviceID $volume $null
}
