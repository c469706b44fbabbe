//! What simulated hosts tell, at the wire: every word, and a world that fits together.

use std::collections::{BTreeMap, BTreeSet};

use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::layout::Layout;
use serde_json::Value;

use crate::world::told::Told;

/// The words of the full census that came after the first ten, and their properties.
const WORDS: [(&str, &str); 9] = [
    ("dvd", "VMId VMName Id Kind Path ControllerType ControllerNumber ControllerLocation MediaType"),
    (
        "service",
        "VMId VMName State Heartbeat IntegrationServicesState IntegrationServicesVersion Version \
         TimeSynchronization KvpExchange Shutdown Backup GuestService HeartbeatService KvpStatus HeartbeatStatus",
    ),
    (
        "adapter",
        "Name InterfaceDescription DriverFileName DriverVersion LinkSpeedBps FullDuplex MacAddress Status Pci \
         WakeOnMagicPacket Mtu",
    ),
    ("hba", "Name Type Status Bus Pci Driver Model NodeAddress PortAddress"),
    (
        "management",
        "Name SwitchName InterfaceAlias MacAddress Dhcp IPv4Addresses IPv6Addresses PrefixLength Gateway \
         IPv6Gateway Mtu VlanId",
    ),
    (
        "volume",
        "Kind Name Path VolumeId FileSystem Size Free OwnerNode State RedirectedAccess Maintenance BlockSize \
         ClusterName",
    ),
    (
        "cluster",
        "Name Fqdn FunctionalLevel NodeNames NodeStates QuorumType WitnessName WitnessState AutoBalancerMode \
         AutoBalancerLevel S2DEnabled",
    ),
    (
        "role",
        "VMId Name State OwnerNode Priority AntiAffinity AffinityRules PreferredOwners OfflineAction \
         VmMonitoring ClusterName",
    ),
    ("file", "Path Kind Size ModifiedAt VolumePath ClusterName"),
];

/// What the first ten words tell besides.
const GROWN: [(&str, &str); 5] = [
    ("vm", "EnabledState"),
    ("disk", "ChainFileSize OwnFileSize BasePath ChangeTrackingId UniqueId"),
    (
        "host",
        "HypervisorLoadPercentage HyperThreadingAvailable BiosVendor ServiceTag OemString Dhcp DnsSearchOrder \
         TimeZoneName GmtOffset Licenses CertificateIssuer CertificateSubject CertificateNotBefore \
         CertificateNotAfter WinrmBasic WinrmAllowUnencrypted WinrmHttpListener NtpType MaximumVmVersion \
         VmmsRunning PowerPolicy",
    ),
    ("switch", "Mtu LoadBalancingAlgorithm"),
    ("checkpoint", "MemoryFileSize"),
];

/// Three clusters of four nodes, two hosts alone, about 500 VMs.
fn fleet() -> FleetSpec {
    FleetSpec { layout: Layout::Clusters(vec![4, 4, 4]), ..FleetSpec::new(14, 36, 7) }
}

const ALONE: usize = 12;

#[tokio::test]
async fn every_word_answers_flat_objects_with_its_properties() {
    let node = Told::by(&fleet(), 0).await;
    let alone = Told::by(&fleet(), ALONE).await;
    for (word, properties) in WORDS {
        let expected: BTreeSet<_> = properties.split_whitespace().collect();
        assert!(!node.of(word).is_empty(), "{word}");
        for object in node.of(word).iter().chain(alone.of(word)) {
            let object = object.as_object().unwrap();
            assert_eq!(object.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{word}");
            let flat = |value: &Value| !value.is_object() && !value.is_array();
            let members = |value: &Value| value.as_array().is_none_or(|members| members.iter().all(flat));
            assert!(object.values().all(|value| !value.is_object() && members(value)), "{word}");
        }
    }
    for (word, properties) in GROWN {
        for object in node.of(word).iter().chain(alone.of(word)) {
            for property in properties.split_whitespace() {
                assert!(object.get(property).is_some(), "{word} {property}");
            }
        }
    }
    for word in ["cluster", "role"] {
        assert_eq!((alone.status(word), alone.of(word)), ("ok", &[][..]), "{word}");
    }
    let vms = node.of("vm").len();
    assert_eq!((node.of("service").len(), alone.of("service").len()), (vms, alone.of("vm").len()));
}

#[tokio::test]
async fn a_layout_makes_the_fleet_that_was_asked_for() {
    let fleet = Told::by_fleet(&fleet()).await;
    let mut clusters: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for told in &fleet {
        *clusters.entry(told.of("host")[0]["ClusterName"].as_str()).or_default() += 1;
    }
    assert_eq!(clusters.len(), 4, "{clusters:?}");
    assert_eq!(
        clusters.iter().map(|(name, hosts)| (name.is_some(), *hosts)).collect::<Vec<_>>(),
        [(false, 2), (true, 4), (true, 4), (true, 4)]
    );
    let vms: usize = fleet.iter().map(|told| told.of("vm").len()).sum();
    assert!((450..=560).contains(&vms), "{vms}");
}

#[tokio::test]
async fn every_node_tells_the_same_of_its_cluster() {
    let fleet = Told::by_fleet(&fleet()).await;
    let shared = |told: &Told| -> Vec<Value> {
        told.of("volume").iter().filter(|volume| volume["Kind"] == "csv").cloned().collect()
    };
    for nodes in fleet[..12].chunks(4) {
        let names: Vec<_> = nodes.iter().map(|node| node.of("host")[0]["ComputerName"].clone()).collect();
        for node in nodes {
            assert_eq!(node.of("cluster"), nodes[0].of("cluster"));
            assert_eq!(shared(node), shared(&nodes[0]));
            assert_eq!(node.of("cluster")[0]["NodeNames"], Value::from(names.clone()));
        }
        assert_eq!(shared(&nodes[0]).len(), 4);
        for volume in shared(&nodes[0]) {
            let lists =
                |node: &&Told| node.texts("file", "VolumePath").iter().any(|path| *path == volume["Path"]);
            let owners: Vec<_> =
                nodes.iter().filter(lists).map(|node| &node.of("host")[0]["ComputerName"]).collect();
            assert_eq!(owners, [&volume["OwnerNode"]], "only the owner lists a volume");
        }
    }
}

/// Paths of files by what refers to them on these hosts.
fn referred(hosts: &[Told]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for told in hosts {
        for disk in told.of("disk").iter().filter(|disk| disk["DiskNumber"].is_null()) {
            let of_disk = ["Path", "ParentPath", "BasePath"].map(|name| disk[name].as_str());
            paths.extend(of_disk.into_iter().flatten().map(str::to_owned));
        }
        for checkpoint in told.of("checkpoint") {
            let files = checkpoint["HardDrivePaths"].as_array().unwrap();
            paths.extend(files.iter().map(|path| path.as_str().unwrap().to_owned()));
        }
        let images = told
            .texts("dvd", "Path")
            .into_iter()
            .filter(|path| path.ends_with(".iso") && !path.starts_with("\\\\"));
        paths.extend(images.map(str::to_owned));
    }
    paths
}

#[tokio::test]
async fn files_and_volumes_fit_together() {
    let fleet = Told::by_fleet(&fleet()).await;
    let groups = fleet[..12].chunks(4).chain(fleet[12..].chunks(1));
    let (mut stray_disks, mut stray_vms, mut shared_parents) = (0, 0, 0);
    for hosts in groups {
        for told in hosts {
            let paths: BTreeSet<_> = told.texts("file", "Path").into_iter().collect();
            assert_eq!(paths.len(), told.of("file").len(), "a path is listed once");
        }
        let files: Vec<_> = hosts.iter().flat_map(|told| told.of("file")).collect();
        let paths: BTreeSet<_> = files.iter().map(|file| file["Path"].as_str().unwrap().to_owned()).collect();
        let referred = referred(hosts);
        let lost: Vec<_> = referred.difference(&paths).collect();
        assert!(lost.is_empty(), "referred to and not there: {lost:?}");

        let is_disk = |path: &&String| path.ends_with("vhd") || path.ends_with("vhdx");
        stray_disks += paths.difference(&referred).filter(is_disk).count();
        let ids: BTreeSet<_> = hosts.iter().flat_map(|told| told.texts("vm", "VMId")).collect();
        let configured = files.iter().filter_map(|file| {
            let path = file["Path"].as_str()?.strip_suffix(".vmcx")?;
            path.split_once("\\Virtual Machines\\").map(|(_, id)| id.to_lowercase())
        });
        stray_vms += configured.filter(|id| !ids.contains(id.as_str())).count();
        let disks: Vec<_> = hosts.iter().flat_map(|told| told.of("disk")).collect();
        shared_parents += disks
            .iter()
            .filter(|disk| disk["BasePath"].as_str().is_some_and(|path| path.contains("\\Images\\")))
            .filter(|disk| disk["OwnFileSize"].as_u64() < disk["ChainFileSize"].as_u64())
            .count();
        for disk in disks.iter().filter(|disk| !disk["Size"].is_null() && disk["DiskNumber"].is_null()) {
            assert!(disk["ChainFileSize"].as_u64() >= disk["FileSize"].as_u64());
        }

        let listed = |told: &'_ Told, volume: &Value| {
            told.texts("file", "VolumePath").iter().any(|path| *path == volume["Path"])
        };
        let here = hosts.iter().flat_map(|told| told.of("volume").iter().map(move |volume| (told, volume)));
        for (told, volume) in here.filter(|(told, volume)| listed(told, volume)) {
            let (size, free) = (volume["Size"].as_u64().unwrap(), volume["Free"].as_u64().unwrap());
            let on_it = told.of("file").iter().filter(|file| file["VolumePath"] == volume["Path"]);
            let stored: u64 = on_it.map(|file| file["Size"].as_u64().unwrap()).sum();
            assert!(free < size && stored <= size - free, "{volume}: {stored}");
            // What is not a listed file is saved memory.
            assert!(size - free - stored <= (64 * 65) << 30, "{volume}: {stored}");
        }
    }
    assert!(
        stray_disks > 0 && stray_vms > 0 && shared_parents > 0,
        "{stray_disks} {stray_vms} {shared_parents}"
    );
}

#[tokio::test]
async fn roles_are_owned_where_their_vms_are() {
    let fleet = Told::by_fleet(&fleet()).await;
    let mut without_vm = 0;
    for told in &fleet[..12] {
        let clustered: BTreeSet<_> = told
            .of("vm")
            .iter()
            .filter(|vm| vm["IsClustered"] == true)
            .map(|vm| vm["VMId"].as_str().unwrap())
            .collect();
        let roles: BTreeSet<_> = told.texts("role", "VMId").into_iter().collect();
        assert!(roles.is_superset(&clustered));
        without_vm += roles.len() - clustered.len();
        let name = &told.of("host")[0]["ComputerName"];
        assert!(told.of("role").iter().all(|role| role["OwnerNode"] == *name));
        let priorities: BTreeSet<_> = told.of("role").iter().map(|role| role["Priority"].as_u64()).collect();
        assert!(
            priorities.iter().all(|it| matches!(it, Some(0 | 1000 | 2000 | 3000))) && priorities.len() > 1
        );
    }
    assert!(without_vm <= 3);
}

#[tokio::test]
async fn switches_lead_to_adapters_and_vms_to_switches() {
    for told in Told::by_fleet(&fleet()).await {
        let adapters = told.texts("adapter", "InterfaceDescription");
        for switch in told.of("switch") {
            for uplink in switch["NetAdapterInterfaceDescriptions"].as_array().unwrap() {
                assert!(adapters.contains(&uplink.as_str().unwrap()));
            }
        }
        let switches = told.texts("switch", "Name");
        assert!(told.texts("nic", "SwitchName").iter().all(|name| switches.contains(name)));
        assert!(told.texts("management", "SwitchName").iter().all(|name| switches.contains(name)));
        assert!(!told.of("management").is_empty() && !told.of("hba").is_empty());
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_cluster_every_node_tells() {
    let faults = [Fault::WitnessOffline, Fault::CsvRedirected, Fault::CsvMaintenance, Fault::NodeDown];
    let spec = faults.into_iter().fold(fleet(), |spec, fault| spec.with_fault(1, fault));
    let fleet = Told::by_fleet(&spec).await;
    let node = fleet[1].of("host")[0]["ComputerName"].as_str().unwrap();
    for told in &fleet[..4] {
        let cluster = &told.of("cluster")[0];
        assert_eq!(cluster["WitnessState"], "Offline");
        assert!(cluster["NodeStates"].as_array().unwrap().contains(&format!("{node}=Down").into()));
        let first = told.of("volume").iter().find(|it| it["Path"] == "C:\\ClusterStorage\\Volume1").unwrap();
        assert_eq!((&first["RedirectedAccess"], &first["Maintenance"]), (&true.into(), &true.into()));
        assert!(told.of("volume").iter().all(|it| it["Kind"] != "csv" || it["OwnerNode"] != node));
    }
    assert_eq!(fleet[1].of("host")[0]["ClusterNodeState"], "Down");
    let well = |told: &Told| !told.text.contains("=Down");
    assert!(fleet[4..].iter().all(well));
}

#[tokio::test]
async fn a_volume_that_cannot_be_listed_makes_files_partial() {
    let whole = Told::by(&fleet(), ALONE).await;
    let half = Told::by(&fleet().with_fault(ALONE, Fault::ListingError), ALONE).await;
    assert_eq!((whole.status("file"), half.status("file")), ("ok", "partial"));
    assert!(half.of("file").len() < whole.of("file").len());
    assert_eq!(half.status("volume"), "ok");
}

#[tokio::test]
async fn every_word_can_fail_and_none_takes_another_along() {
    let small = FleetSpec { layout: Layout::Clusters(vec![2]), ..FleetSpec::new(2, 3, 7) };
    for (word, _) in WORDS.into_iter().chain(GROWN) {
        let error = Fault::CollectorError(word.to_owned());
        let told = Told::by(&small.clone().with_fault(0, error), 0).await;
        assert_eq!(told.status(word), "error");
        assert!(WORDS.iter().all(|(other, _)| *other == word || told.status(other) == "ok"), "{word}");
    }
}

#[tokio::test]
async fn an_empty_node_leaves_no_trace_of_vms() {
    let spec = fleet().with_fault(2, Fault::EmptyNode);
    let fleet = Told::by_fleet(&spec).await;
    assert!(["vm", "service", "dvd", "disk", "role"].iter().all(|word| fleet[2].of(word).is_empty()));
    let files = fleet[..4].iter().flat_map(|told| told.of("file")).count();
    let before: usize =
        Told::by_fleet(&self::fleet()).await[..4].iter().map(|told| told.of("file").len()).sum();
    assert!(files < before);
}

#[tokio::test]
async fn hostile_names_reach_the_wire() {
    let spec = FleetSpec { hostile_names: true, ..fleet() };
    let fleet = Told::by_fleet(&spec).await;
    let names: Vec<_> = fleet.iter().flat_map(|told| told.texts("vm", "Name")).collect();
    let notes: Vec<_> = fleet.iter().flat_map(|told| told.texts("vm", "Notes")).collect();
    let labels: Vec<_> = fleet.iter().flat_map(|told| told.texts("checkpoint", "Name")).collect();
    for texts in [&names, &labels] {
        for piece in
            ["\"", "\n", "=cmd", "+1", "@SUM", "\t", "خادم", "\u{202e}", "データ", "\u{1f680}", "\u{7}"]
        {
            assert!(texts.iter().any(|text| text.contains(piece)), "{piece:?}");
        }
        assert!(texts.contains(&"") && texts.iter().any(|text| text.starts_with(' ') && text.ends_with(' ')));
    }
    assert!(notes.iter().any(|text| text.chars().count() == 40_000));
    let text: String = fleet.iter().map(|told| told.text.as_str()).collect();
    assert!(
        text.contains("lone\\ud800surrogate") && text.contains("\\ud800\\ud800") && text.contains("\\u0000")
    );
    assert!(!text.contains('\u{fdd0}'), "the mark stays inside");
    let plain = Told::by(&self::fleet(), 0).await;
    assert!(!plain.text.contains("\\ud800"));
    assert_eq!(plain.texts("vm", "VMId"), fleet[0].texts("vm", "VMId"));
}
