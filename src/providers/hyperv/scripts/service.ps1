# Integration services, one object a VM. A service is known by its id, the VM's and its
# component's GUID in either case: its name is in the host's language.
if (-not (Test-LustrumAnyVm)) { return }
$services = @{}
foreach ($service in @(Hyper-V\Get-VMIntegrationService -VMName '*' 2>&1)) {
    if (Test-LustrumFault $service) {
        $service
        continue
    }
    $services[[string]$service.Id] = $service
}
foreach ($vm in @(Read-LustrumVm)) {
    if (Test-LustrumFault $vm) { continue }
    try {
        $id = Get-LustrumVmId $vm
        $beat = $services["Microsoft:$id\84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47"]
        $exchange = $services["Microsoft:$id\2A34B1C2-FD73-4043-8A5B-DD2159BC743F"]
        [pscustomobject]@{
            VMId                       = $id
            VMName                     = ConvertTo-LustrumText $vm.Name
            State                      = ConvertTo-LustrumText $vm.State
            Heartbeat                  = ConvertTo-LustrumText $vm.Heartbeat
            IntegrationServicesState   = ConvertTo-LustrumText $vm.IntegrationServicesState
            IntegrationServicesVersion = ConvertTo-LustrumText $vm.IntegrationServicesVersion
            Version                    = ConvertTo-LustrumText $vm.Version
            TimeSynchronization        = $services["Microsoft:$id\2497F4DE-E9FA-4204-80E4-4B75C46419C0"].Enabled
            KvpExchange                = $exchange.Enabled
            Shutdown                   = $services["Microsoft:$id\9F8233AC-BE49-4C79-8EE3-E7E1985B2077"].Enabled
            Backup                     = $services["Microsoft:$id\5CED1297-4598-4915-A5FC-AD21BB4D02A4"].Enabled
            GuestService               = $services["Microsoft:$id\6C09BB55-D683-4DA0-8931-C9BF705F6480"].Enabled
            HeartbeatService           = $beat.Enabled
            KvpStatus                  = ConvertTo-LustrumText $exchange.PrimaryOperationalStatus
            HeartbeatStatus            = ConvertTo-LustrumText $beat.PrimaryOperationalStatus
        }
    } catch {
        $_
    }
}
