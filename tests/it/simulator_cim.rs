//! WQL on a simulated host.

use lustrum::simulator::fault::Fault;

use crate::world::simulated_host::{Answer, SimulatedHost};

const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
const VIRTUALIZATION: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/*";
const REALIZED: &str = "SELECT ConfigurationID,ElementName FROM Msvm_VirtualSystemSettingData \
                        WHERE VirtualSystemType='Microsoft:Hyper-V:System:Realized'";

async fn enumerate(host: &SimulatedHost, resource: &str, query: &str, rest: &str) -> Answer {
    let body = format!(
        "<n:Enumerate>{rest}<w:Filter Dialect='http://schemas.microsoft.com/wbem/wsman/1/WQL'>{query}</w:Filter></n:Enumerate>"
    );
    host.ask(&format!("{ENUMERATION}/Enumerate"), resource, "", &body).await
}

async fn pull(host: &SimulatedHost, context: &str, most: usize) -> Answer {
    let body = format!(
        "<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext><n:MaxElements>{most}</n:MaxElements></n:Pull>"
    );
    host.ask(&format!("{ENUMERATION}/Pull"), VIRTUALIZATION, "", &body).await
}

#[tokio::test]
async fn the_baseline_query_gives_every_vm_once() {
    let host = SimulatedHost::with(&[]);
    let opened = enumerate(&host, VIRTUALIZATION, REALIZED, "").await;
    assert!(opened.all("Items").is_empty());
    let context = opened.text("EnumerationContext").unwrap();
    let mut ids = Vec::new();
    loop {
        let page = pull(&host, &context, 3).await;
        assert!(page.all("XmlFragment").len() <= 3);
        ids.extend(page.all("ConfigurationID").iter().map(|id| id.trimmed().to_lowercase()));
        if !page.all("EndOfSequence").is_empty() {
            break;
        }
    }
    let guests: Vec<_> = host.host.world().guests(0).into_iter().map(|guest| guest.id).collect();
    assert_eq!(ids, guests);
    assert_eq!(pull(&host, &context, 3).await.fault(), Some(2_150_858_779));
}

#[tokio::test]
async fn an_optimized_enumeration_answers_at_once() {
    let host = SimulatedHost::with(&[]);
    let optimized = "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>";
    let systems = enumerate(&host, VIRTUALIZATION, "select * from Msvm_ComputerSystem", optimized).await;
    assert_eq!(systems.all("Msvm_ComputerSystem").len(), 1 + host.host.world().guests(0).len());
    assert_eq!(systems.all("EndOfSequence").len(), 1);
    let cimv2 = VIRTUALIZATION.replace("virtualization/v2", "cimv2");
    let windows = enumerate(&host, &cimv2, "select * from Win32_OperatingSystem", optimized).await;
    assert_eq!(windows.text("CSName").unwrap(), host.host.computer_name());
    assert_eq!(windows.all("Datetime").len(), 1);
}

#[tokio::test]
async fn queries_fail_with_the_numbers_of_wmi() {
    let healthy = SimulatedHost::with(&[]);
    let fault = |answer: Answer| (answer.status, answer.fault());
    assert_eq!(
        fault(enumerate(&healthy, VIRTUALIZATION, "drop table", "").await),
        (500, Some(2_150_858_778))
    );
    assert_eq!(
        fault(enumerate(&healthy, VIRTUALIZATION, "select * from Nothing", "").await),
        (500, Some(0x8004_1010))
    );
    let no_role = SimulatedHost::with(&[Fault::NoRole]);
    assert_eq!(fault(enumerate(&no_role, VIRTUALIZATION, REALIZED, "").await), (500, Some(0x8004_100e)));
    let denied = SimulatedHost::with(&[Fault::BaselineError]);
    assert_eq!(fault(enumerate(&denied, VIRTUALIZATION, REALIZED, "").await), (500, Some(0x8004_1003)));
}
