# Who answers, and what would prove that there are no VMs.
$system = Get-CimInstance -ClassName Win32_ComputerSystem
$os = Get-CimInstance -ClassName Win32_OperatingSystem
$vmms = Read-LustrumService -Name 'vmms'
$service = Read-LustrumRegistry -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\vmms' -Name 'ImagePath'
$installed = $null -ne $vmms -or $null -ne $service
$running = $null
if ($null -ne $vmms) {
    $running = $vmms -eq 'Running'
} elseif ($installed) {
    # Everyone may see the process.
    $running = $null -ne (Get-Process -Name 'vmms' -ErrorAction SilentlyContinue)
}
# Administrators and Hyper-V Administrators see VMs; everyone else gets an empty list
# without an error. Groups that are in the token for denying only do not appear here.
$may = $null
try {
    $may = $false
    foreach ($group in [System.Security.Principal.WindowsIdentity]::GetCurrent().Groups) {
        $sid = [string]$group.Value
        if ($sid -eq 'S-1-5-32-544' -or $sid -eq 'S-1-5-32-578') { $may = $true }
    }
} catch {
    # Constrained Language: nobody can tell.
    $may = $null
}
[pscustomobject]@{
    ComputerName        = ConvertTo-LustrumText $system.Name
    Fqdn                = ConvertTo-LustrumText (Get-LustrumFqdn $system)
    OsCaption           = ConvertTo-LustrumText $os.Caption
    OsVersion           = ConvertTo-LustrumText $os.Version
    OsBuild             = ConvertTo-LustrumText $os.BuildNumber
    Ubr                 = Read-LustrumRegistry -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion' -Name 'UBR'
    PSVersion           = ConvertTo-LustrumText $PSVersionTable.PSVersion
    LanguageMode        = ConvertTo-LustrumText $ExecutionContext.SessionState.LanguageMode
    HyperVModuleVersion = Get-LustrumModuleVersion
    RoleInstalled       = $installed
    VmmsRunning         = $running
    MayReadVms          = $may
    ClusterName         = ConvertTo-LustrumText (Read-LustrumRegistry -Path 'HKLM:\Cluster' -Name 'ClusterName')
}
