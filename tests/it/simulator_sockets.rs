//! A simulated fleet from outside: HTTP before any logon, addresses, counts.

use std::net::SocketAddr;

use lustrum::model::target::{AuthMethod, Scheme};
use lustrum::simulator::fault::{Fault, Times};
use lustrum::simulator::fleet::{Addressing, FleetSpec};
use lustrum::simulator::running::Simulator;
use lustrum::simulator::serve::{ServeOptions, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Sends a request and reads to the end of the connection.
async fn exchange(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn identify_needs_no_logon_and_everything_else_does() {
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    let address = fleet.hosts()[0].address();
    let identity = exchange(address, "POST", "/wsman", "WSMANIDENTIFY: unauthenticated\r\n", "<x/>").await;
    assert!(
        identity.starts_with("HTTP/1.1 200 ") && identity.contains("Microsoft Corporation"),
        "{identity}"
    );
    let stranger = exchange(address, "POST", "/wsman", "", "<x/>").await;
    assert!(stranger.starts_with("HTTP/1.1 401 "), "{stranger}");
    assert!(stranger.to_lowercase().contains("www-authenticate: negotiate\r\n"), "{stranger}");
    assert!(!stranger.contains("Basic"), "{stranger}");
    let basic = "Authorization: Basic Y2Vuc3VzOmNlbnN1cw==\r\n";
    assert!(exchange(address, "POST", "/wsman", basic, "<x/>").await.starts_with("HTTP/1.1 401 "));
    assert!(exchange(address, "GET", "/wsman", "", "").await.starts_with("HTTP/1.1 405 "));
    assert!(exchange(address, "POST", "/", "", "").await.starts_with("HTTP/1.1 404 "));
    let tally = fleet.tally();
    assert_eq!((tally.connections, tally.requests, tally.identifies), (5, 5, 1));
    assert_eq!((tally.logons_attempted, tally.shells_opened), (0, 0));
    assert!(tally.bytes_in > 0 && tally.bytes_out > 0);
}

#[tokio::test]
async fn every_addressing_leads_to_the_host_that_was_dialled() {
    for addressing in [Addressing::AddressPerHost, Addressing::PortPerHost, Addressing::OneListener] {
        let mut spec = FleetSpec::new(4, 1, 7);
        spec.addressing = addressing;
        let fleet = Simulator::start(spec).await.unwrap();
        exchange(fleet.hosts()[2].address(), "POST", "/wsman", "WSMANIDENTIFY: unauthenticated\r\n", "")
            .await;
        let identifies: Vec<_> = fleet.hosts().iter().map(|host| host.tally().identifies).collect();
        assert_eq!(identifies, [0, 0, 1, 0], "{addressing:?}");
    }
}

#[tokio::test]
async fn a_host_that_refuses_keeps_its_address_to_itself() {
    let fleet = Simulator::start(FleetSpec::new(2, 1, 7).with_fault(1, Fault::Refuse)).await.unwrap();
    let refused = TcpStream::connect(fleet.hosts()[1].address()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(TcpStream::connect(fleet.hosts()[0].address()).await.is_ok());
}

#[tokio::test]
async fn a_busy_host_is_busy_as_often_as_it_says() {
    let fault = Fault::Http503(Times::First(2));
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7).with_fault(0, fault)).await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let answer = exchange(fleet.hosts()[0].address(), "POST", "/wsman", "", "").await;
        statuses.push(answer[9..12].to_owned());
    }
    assert_eq!(statuses, ["503", "503", "401"]);
}

#[tokio::test]
async fn certificates_can_be_pinned_and_verified() {
    let mut spec = FleetSpec::new(2, 1, 7);
    spec.scheme = Scheme::Https;
    let fleet = Simulator::start(spec).await.unwrap();
    assert!(fleet.ca_pem().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    let pins: Vec<_> =
        fleet.targets(AuthMethod::Ntlm).into_iter().map(|target| target.trust.pin_sha256.unwrap()).collect();
    assert!(pins[0] != pins[1] && pins.iter().all(|pin| pin.len() == 64));
    assert!(
        fleet.client_certificate().unwrap().unwrap().chain_pem.starts_with("-----BEGIN CERTIFICATE-----")
    );
}

#[tokio::test]
async fn another_process_finds_the_fleet_and_its_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| Some(folder.path().join(name));
    let options =
        ServeOptions { ready_file: path("ready"), hosts_file: path("hosts"), ..ServeOptions::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, told) = oneshot::channel();
    let serving =
        serve(FleetSpec::new(3, 1, 7), &options, |ready| tell.send(ready.control).unwrap(), async {
            stopped.await.unwrap();
        });
    let visiting = async {
        let control = told.await.unwrap();
        let ready: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("ready")).unwrap()).unwrap();
        let host: SocketAddr =
            format!("{}:{}", ready["hosts"][1]["address"].as_str().unwrap(), ready["hosts"][1]["port"])
                .parse()
                .unwrap();
        exchange(host, "POST", "/wsman", "WSMANIDENTIFY: unauthenticated\r\n", "").await;
        let fleet = exchange(control, "GET", "/tally", "", "").await;
        let hosts = exchange(control, "GET", "/tally/hosts", "", "").await;
        stop.send(()).unwrap();
        (fleet, hosts)
    };
    let (tally, (fleet, hosts)) = tokio::join!(serving, visiting);
    assert_eq!(tally.unwrap().identifies, 1);
    let body = |answer: &str| {
        serde_json::from_str::<serde_json::Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    assert_eq!(body(&fleet)["identifies"], 1);
    assert_eq!(
        (body(&hosts)[0]["identifies"].clone(), body(&hosts)[1]["identifies"].clone()),
        (0.into(), 1.into())
    );
    assert_eq!(std::fs::read_to_string(folder.path().join("hosts")).unwrap().lines().count(), 3);
}
