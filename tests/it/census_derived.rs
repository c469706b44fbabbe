//! The census: tables that no collector fills.

use serde_json::{Value, json};

use crate::world::census_run::{Run, published};

/// Two nodes that share `lan`; one has `dmz` alone and one `test`; and a host on its own.
fn fleet() -> Run {
    let mut run = Run::default();
    for node in ["hv01.corp.example", "hv02.corp.example"] {
        run.host(node);
        let label = node.split('.').next().unwrap();
        run.row(
            node,
            "vhost",
            json!({
                "computer_name": label, "cluster_name": "clu1", "domain": "corp.example",
                "os": "Microsoft Windows Server 2022 Datacenter 10.0.20348.2700",
                "os_version": "10.0.20348", "os_build": 20348, "os_revision": 2700,
            }),
        );
        run.row(node, "vcluster", json!({ "cluster_name": "clu1", "node_names": ["HV01", "HV02"] }));
        run.row(node, "vswitch", json!({ "switch_name": "lan", "mtu": 1500, "policy": "Dynamic" }));
    }
    run.row("hv01.corp.example", "vswitch", json!({ "switch_name": "dmz" }));
    run.row("hv02.corp.example", "vswitch", json!({ "switch_name": "test" }));
    run.host("solo").row("solo", "vswitch", json!({ "switch_name": "lan", "mtu": 9000 }));
    let adapters = [
        ("hv01.corp.example", "a", "lan", 0, "lan"),
        ("hv01.corp.example", "a", "lan", 20, "lan:vlan20"),
        ("hv02.corp.example", "b", "lan", 20, "lan:vlan20"),
        ("hv01.corp.example", "c", "dmz", 4095, "dmz"),
    ];
    for (host, vm, switch, vlan, name) in adapters {
        run.row(
            host,
            "vnetwork",
            json!({
                "vm_id": vm, "switch_name": switch, "vlan_id": vlan, "network_name": name,
                "mac_spoofing_enabled": vm == "b", "port_mirroring_mode": "None",
            }),
        );
    }
    run
}

fn shown(rows: &[Value], columns: &[&str]) -> Vec<Value> {
    rows.iter().map(|row| columns.iter().map(|column| row[column].clone()).collect()).collect()
}

#[test]
fn a_switch_counts_when_all_nodes_have_it_or_a_vm_uses_it() {
    let rows = fleet().published("dvswitch");
    assert_eq!(
        shown(&rows, &["sdk_server", "switch_name", "host_members", "vms", "ports", "max_mtu"]),
        [
            json!(["clu1.corp.example", "dmz", ["hv01.corp.example"], 1, 1, null]),
            json!(["clu1.corp.example", "lan", ["hv01.corp.example", "hv02.corp.example"], 2, 3, 1500]),
            json!(["solo", "lan", ["solo"], 0, 0, 9000]),
        ]
    );
    let ids: std::collections::BTreeSet<_> = rows.iter().map(|row| row["object_id"].to_string()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[test]
fn a_node_that_did_not_tell_its_switches_excludes_none_and_leaves_counts_open() {
    let mut run = fleet();
    let silent: Vec<_> = (0..run.told().len())
        .filter(|index| {
            let (host, table, _) = &run.told()[*index];
            !(host == "hv02.corp.example" && matches!(table.as_str(), "vswitch" | "vnetwork"))
        })
        .collect();
    run = run.reordered(&silent);
    run.failed("hv02.corp.example", &["vswitch", "vnetwork"]);
    let rows = run.published("dvswitch");
    assert_eq!(
        shown(&rows[..2], &["switch_name", "host_members", "vms"]),
        [json!(["dmz", ["hv01.corp.example"], null]), json!(["lan", ["hv01.corp.example"], null])]
    );
}

#[test]
fn a_vlan_is_a_number_and_named_as_the_adapters_name_it() {
    let census = fleet().take();
    let columns = ["port", "switch_name", "vlan_id", "ports", "forged_transmits", "allow_promiscuous"];
    assert_eq!(
        shown(&published(&census, "dvport"), &columns),
        [
            json!(["dmz", "dmz", 4095, 1, false, false]),
            json!(["lan", "lan", 0, 1, false, false]),
            json!(["lan:vlan20", "lan", 20, 2, true, false]),
        ]
    );
    let columns = ["host", "port_group", "vlan_id", "mac_changes", "policy", "adapters"];
    assert_eq!(
        shown(&published(&census, "vport"), &columns),
        [
            json!(["hv01.corp.example", "dmz", 4095, false, null, 1]),
            json!(["hv01.corp.example", "lan", 0, false, "Dynamic", 1]),
            json!(["hv01.corp.example", "lan:vlan20", 20, false, "Dynamic", 1]),
            json!(["hv02.corp.example", "lan:vlan20", 20, true, "Dynamic", 1]),
        ]
    );
}

#[test]
fn a_source_is_a_cluster_or_a_host_that_stands_alone() {
    let rows = fleet().published("vsource");
    let columns = ["name", "api_type", "version", "build", "patch_level", "product_name", "sdk_server"];
    assert_eq!(
        shown(&rows, &columns),
        [
            json!(["clu1", "FailoverCluster", "10.0.20348", "20348", "2700", "Hyper-V", "clu1.corp.example"]),
            json!(["solo", "HyperVHost", null, null, null, "Hyper-V", "solo"]),
        ]
    );
}

#[test]
fn the_workbook_says_that_it_is_ours() {
    let rows = fleet().published("vmetadata");
    let [row] = rows.as_slice() else { panic!("{rows:#?}") };
    assert_eq!(row["program_version"], "Lustrum 0.1.0");
    assert_eq!(row["program_version_major"], "Lustrum 0");
    assert_eq!(row["server"], "clu1.corp.example and 1 more");
    assert_eq!(row["created_at"], "2026-11-21T06:00:00Z");
}
