//! The census: what the rows of a host gain from those of the whole fleet.

use lustrum::census::needed::needed;
use lustrum::model::remembered::Remembered;
use lustrum::output::source::TableSource;
use lustrum::tables::catalogue::INVENTORY;
use serde_json::{Value, json};

use crate::world::census_run::{Run, published};
use crate::world::sample_rows::host;

const GIB: i64 = 1 << 30;

/// Two nodes of a cluster, both collected, and a host that stands alone.
fn fleet() -> Run {
    let mut run = Run::default();
    for node in ["hv01.corp.example", "hv02.corp.example"] {
        let label = node.split('.').next().unwrap().to_uppercase();
        run.host(node).site(node, "Ghent");
        run.row(
            node,
            "vhost",
            json!({
                "computer_name": label, "fqdn": node, "domain": "corp.example", "cluster_name": "CLU1",
                "cpu_speed_mhz": 2000, "cores": 16, "logical_processors": 32, "memory_bytes": 64 * GIB,
                "os_version": "10.0.20348", "os_build": 20348, "hyperv_version_maximum": "10.0",
            }),
        );
        run.row(
            node,
            "vcluster",
            json!({
                "cluster_name": "CLU1", "cluster_fqdn": "CLU1.corp.example", "node_names": ["HV01", "HV02"],
                "node_states": ["HV01=Up", "HV02=Up"], "witness_state": "Online",
                "balancer_mode": 2, "balancer_level": 1,
            }),
        );
    }
    run.host("alone.corp.example");
    run.row(
        "alone.corp.example",
        "vhost",
        json!({ "fqdn": "alone.corp.example", "cores": 4, "os_version": "10.0.17763" }),
    );
    run
}

fn vm(id: &str) -> Value {
    json!({ "vm_id": id, "vm_name": id, "power_state": "poweredOn", "vcpus": 2, "memory_startup_bytes": 4 * GIB, "disks": 1 })
}

fn with(mut row: Value, more: Value) -> Value {
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

#[test]
fn a_cluster_is_told_once_with_the_sums_of_its_nodes() {
    let clusters = fleet().published("vcluster");
    let [cluster] = clusters.as_slice() else { panic!("{clusters:#?}") };
    assert_eq!(cluster["host"], "hv01.corp.example", "the first in name order of those that told as much");
    let expected = json!({
        "nodes": 2, "effective_nodes": 2, "cores": 32, "threads": 64, "total_cpu_mhz": 64_000,
        "memory_bytes": 128 * GIB, "effective_memory_bytes": 128 * GIB, "drs_enabled": true, "drs_behavior": "low",
        "ha_enabled": true, "failover_level": 1, "config_status": "green", "site": "Ghent",
        "sdk_server": "clu1.corp.example",
    });
    for (column, value) in expected.as_object().unwrap() {
        assert_eq!(&cluster[column], value, "{column}");
    }
}

#[test]
fn who_told_most_is_listened_to() {
    let mut run = fleet();
    run.row(
        "hv00.corp.example",
        "vcluster",
        json!({ "cluster_name": "CLU1", "node_names": ["HV00", "HV01", "HV02"] }),
    );
    run.host("hv00.corp.example");
    let clusters = run.published("vcluster");
    let [cluster] = clusters.as_slice() else { panic!("{clusters:#?}") };
    assert_eq!((&cluster["host"], &cluster["nodes"]), (&json!("hv01.corp.example"), &json!(2)));
}

#[test]
fn sums_over_nodes_that_were_not_heard_are_unknown() {
    let mut run = fleet();
    run.row(
        "hv03.other.example",
        "vcluster",
        json!({
            "cluster_name": "CLU2", "cluster_fqdn": "clu2.other.example",
            "node_names": ["HV03", "HV04"], "node_states": ["HV03=Up", "HV04=Down"],
        }),
    );
    run.host("hv03.other.example");
    run.row(
        "hv03.other.example",
        "vhost",
        json!({ "computer_name": "HV03", "cluster_name": "CLU2", "cores": 8, "cpu_speed_mhz": 1000 }),
    );
    let clusters = run.published("vcluster");
    let cluster = &clusters[1];
    assert_eq!(cluster["config_status"], "red");
    assert_eq!((&cluster["nodes"], &cluster["effective_nodes"]), (&json!(2), &json!(1)));
    assert_eq!((&cluster["cores"], &cluster["total_cpu_mhz"]), (&Value::Null, &Value::Null));
    assert_eq!(cluster["effective_cpu_mhz"], 8000, "the one node that is up told");
}

#[test]
fn a_host_that_stands_alone_is_its_own_cluster() {
    let census = fleet().take();
    let alone = census.place(&host("alone.corp.example"));
    assert_eq!(
        (alone.cluster.as_str(), alone.sdk_server.as_str()),
        ("alone.corp.example", "alone.corp.example")
    );
    assert_eq!(alone.datacenter, "Leuven");
    let node = census.place(&host("hv02.corp.example"));
    assert_eq!((node.cluster.as_str(), node.sdk_server.as_str()), ("CLU1", "clu1.corp.example"));
    assert_eq!(published(&census, "vsource").len(), 2);
}

/// Checked against `uuid.uuid5(uuid.NAMESPACE_DNS, "clu1.corp.example")` of Python.
#[test]
fn the_uuid_of_a_cluster_is_the_same_in_every_run_and_by_every_path() {
    let told = fleet().take().place(&host("hv01.corp.example"));
    assert_eq!(told.sdk_uuid, "9ffeb2b4-f3f3-5fe2-9a1f-58284f1f1a55");
    let mut silent = Run::default();
    silent.host("hv01.corp.example").failed("hv01.corp.example", &["vcluster"]);
    silent.row("hv01.corp.example", "vhost", json!({ "cluster_name": "clu1", "domain": "CORP.example" }));
    assert_eq!(silent.take().place(&host("hv01.corp.example")).sdk_uuid, told.sdk_uuid);
}

#[test]
fn a_node_that_told_nothing_belongs_to_the_cluster_that_lists_it() {
    let mut run = fleet();
    run.host("hv02.corp.example").failed("hv02.corp.example", &["vhost", "vcluster", "vinfo"]);
    let silent = |row: &(String, String, Value)| row.0 == "hv02.corp.example";
    let kept: Vec<_> = (0..run.told().len()).filter(|index| !silent(&run.told()[*index])).collect();
    let census = run.reordered(&kept).take();
    assert_eq!(census.place(&host("hv02.corp.example")).cluster, "CLU1");
}

#[test]
fn a_host_counts_its_rows_and_only_when_all_came() {
    let mut run = fleet();
    run.row("alone.corp.example", "vinfo", with(vm("a"), json!({ "memory_assigned_bytes": GIB })));
    run.row("alone.corp.example", "vinfo", with(vm("b"), json!({ "power_state": "poweredOff" })));
    run.row("alone.corp.example", "vnic", json!({ "interface_description": "Intel X710" }));
    let vhost = |run: &Run| run.published("vhost").into_iter().next().unwrap();
    let expected = json!({
        "vms_total": 2, "vms": 1, "vcpus": 2, "vcpus_per_core": 0.5, "vms_per_core": 0.25, "vram_bytes": 4 * GIB,
        "vm_used_memory_bytes": GIB, "nics": 1, "hbas": 0, "site": "Leuven", "cluster_shown": "alone.corp.example",
    });
    let found = vhost(&run);
    for (column, value) in expected.as_object().unwrap() {
        assert_eq!(&found[column], value, "{column}");
    }
    assert_eq!(run.published("vinfo").len() as i64, found["vms_total"].as_i64().unwrap());
    run.failed("alone.corp.example", &["vinfo", "vhba"]);
    let found = vhost(&run);
    for column in ["vms_total", "vms", "vcpus", "vram_bytes", "hbas"] {
        assert_eq!(found[column], Value::Null, "{column}");
    }
}

#[test]
fn a_vm_that_moved_is_counted_where_it_was_kept() {
    let mut run = fleet();
    for node in ["hv01.corp.example", "hv02.corp.example"] {
        run.row(node, "vinfo", vm("moved"));
    }
    run.row("hv01.corp.example", "vrole", json!({ "vm_id": "moved", "priority": 1000 }));
    run.row("hv02.corp.example", "vrole", json!({ "vm_id": "moved", "priority": 3000 }));
    run.kept_on.insert("moved".to_owned(), host("hv02.corp.example"));
    let vinfo = run.published("vinfo");
    let [row] = vinfo.as_slice() else { panic!("{vinfo:#?}") };
    assert_eq!((&row["host"], &row["ha_restart_priority"]), (&json!("hv02.corp.example"), &json!("high")));
    let counts: Vec<_> = run.published("vhost").iter().map(|row| row["vms_total"].clone()).collect();
    assert_eq!(counts, [json!(0), json!(0), json!(1)]);
}

#[test]
fn a_role_is_found_on_whichever_node_told_it() {
    let mut run = fleet();
    run.row("hv01.corp.example", "vinfo", vm("a"));
    run.row(
        "hv02.corp.example",
        "vrole",
        json!({
            "vm_id": "a", "priority": 2000, "offline_action": "Save", "vm_monitoring": true,
            "anti_affinity": ["web", "db"], "affinity_rules": [],
        }),
    );
    let row = run.published("vinfo").remove(0);
    let found: Vec<_> = [
        "ha_restart_priority",
        "ha_isolation_response",
        "ha_vm_monitoring",
        "cluster_rules",
        "cluster_rule_names",
    ]
    .map(|column| row[column].clone())
    .into();
    assert_eq!(
        found,
        [
            json!("medium"),
            json!("Save"),
            json!("vmMonitoringOnly"),
            json!("antiAffinityClass"),
            json!("web, db")
        ]
    );
}

#[test]
fn an_unknown_disk_makes_no_zero() {
    let mut run = fleet();
    let name = "alone.corp.example";
    run.row(name, "vinfo", with(vm("a"), json!({ "disks": 2 })));
    run.row(name, "vdisk", json!({ "vm_id": "a", "path": "D:\\a0.vhdx", "capacity_bytes": 10, "chain_file_bytes": 4, "own_file_bytes": 3 }));
    run.row(name, "vdisk", json!({ "vm_id": "a", "path": "D:\\a1.vhdx", "capacity_bytes": 20 }));
    run.failed(name, &["vdisk"]);
    let columns = [
        "total_disk_bytes",
        "provisioned_bytes",
        "provisioned_source",
        "in_use_bytes",
        "in_use_source",
        "in_use_shown_bytes",
        "unshared_bytes",
    ];
    let found = |run: &Run| columns.map(|column| run.published("vinfo")[0][column].clone());
    assert_eq!(
        found(&run),
        [json!(30), json!(30), json!("vhd"), Value::Null, json!("provisioned"), json!(30), Value::Null]
    );
    run.remembered.insert("a".to_owned(), Remembered { in_use_bytes: Some(7), ..Remembered::default() });
    assert_eq!(found(&run)[3..6], [json!(7), json!("history"), json!(7)]);
    // A row that is missing altogether is no smaller sum either.
    let kept: Vec<_> = (0..run.told().len() - 1).collect();
    let mut fewer = run.reordered(&kept);
    assert_eq!(found(&fewer)[0], Value::Null);
    fewer.remembered.clear();
    let nothing = found(&fewer);
    assert!(nothing.iter().all(Value::is_null), "{nothing:?}");
}

#[test]
fn a_vm_without_disks_has_nothing_in_use() {
    let mut run = fleet();
    run.row("alone.corp.example", "vinfo", with(vm("a"), json!({ "disks": 0 })));
    let row = run.published("vinfo").remove(0);
    assert_eq!((&row["provisioned_bytes"], &row["in_use_bytes"]), (&json!(0), &json!(0)));
}

#[test]
fn the_operating_system_is_never_blank_and_says_where_it_is_from() {
    let mut run = fleet();
    let cases = [
        (
            json!({ "guest_os_name": "Debian 13", "secure_boot_template": "MicrosoftWindows" }),
            "Debian 13",
            "guest",
        ),
        (
            json!({ "secure_boot_template": "MicrosoftWindows", "secure_boot_enabled": true }),
            "Windows",
            "secure_boot_template",
        ),
        (
            json!({ "secure_boot_template": "MicrosoftWindows", "secure_boot_enabled": false }),
            "Other (64-bit)",
            "none",
        ),
        (
            json!({ "secure_boot_template": "272E7447-90A4-4563-A4B9-8E4AB00526CE" }),
            "Linux",
            "secure_boot_template",
        ),
        (json!({}), "Other (64-bit)", "none"),
        (json!({ "guest_os_name": " " }), "Rocky 9", "history"),
    ];
    for (index, (told, ..)) in cases.iter().enumerate() {
        run.row("alone.corp.example", "vinfo", with(vm(&format!("vm{index}")), told.clone()));
    }
    run.remembered
        .insert("vm5".to_owned(), Remembered { os: Some("Rocky 9".to_owned()), ..Remembered::default() });
    for (row, (_, os, source)) in run.published("vinfo").iter().zip(&cases) {
        assert_eq!((row["os_configured"].as_str(), row["os_source"].as_str()), (Some(*os), Some(*source)));
    }
}

#[test]
fn networks_come_in_adapter_order_and_addresses_that_lead_nowhere_are_passed_over() {
    let mut run = fleet();
    let name = "alone.corp.example";
    run.row(name, "vinfo", vm("a")).row(name, "vinfo", vm("b"));
    run.row(
        name,
        "vnetwork",
        json!({ "vm_id": "a", "network_name": "lan:vlan20", "ipv4_addresses": ["169.254.7.7"] }),
    );
    run.row(name, "vnetwork", json!({ "vm_id": "a" }));
    run.row(
        name,
        "vnetwork",
        json!({ "vm_id": "a", "network_name": "dmz", "ipv4_addresses": ["10.0.0.9", "10.0.0.1"] }),
    );
    let rows = run.published("vinfo");
    assert_eq!(rows[0]["primary_ip"], "10.0.0.9");
    assert_eq!(rows[0]["networks"], json!(["lan:vlan20", "dmz"]));
    assert_eq!((&rows[0]["network_1"], &rows[0]["network_2"]), (&json!("lan:vlan20"), &json!("dmz")));
    assert_eq!((&rows[1]["networks"], &rows[1]["primary_ip"]), (&json!([]), &Value::Null));
    run.failed(name, &["vnetwork"]);
    assert_eq!(run.published("vinfo")[1]["networks"], Value::Null);
}

#[test]
fn processor_shares_are_shown_at_the_speed_of_the_host() {
    let mut run = fleet();
    run.row(
        "hv01.corp.example",
        "vinfo",
        with(vm("a"), json!({ "cpu_usage_percent": 25.0, "configuration_version": "9.0" })),
    );
    run.row(
        "hv01.corp.example",
        "vcpu",
        json!({ "vm_id": "a", "vcpus": 2, "reservation_percent": 10.0, "limit_percent": 100.0 }),
    );
    run.row("alone.corp.example", "vcpu", json!({ "vm_id": "b", "vcpus": 2, "limit_percent": 100.0 }));
    let rows = run.published("vcpu");
    let shares = |row: &Value| {
        ["max_mhz", "overall_mhz", "reservation_mhz", "limit_mhz"].map(|column| row[column].clone())
    };
    assert_eq!(shares(&rows[0]), [Value::Null, Value::Null, Value::Null, json!(-1)], "nobody told the speed");
    assert_eq!(shares(&rows[1]), [4000, 1000, 400, -1].map(|mhz| json!(mhz)));
    let vinfo = run.published("vinfo").remove(0);
    assert_eq!(
        (&vinfo["hw_upgrade_status"], &vinfo["sdk_api_version"]),
        (&json!("available"), &json!("20348"))
    );
}

#[test]
fn an_adapter_is_found_among_the_uplinks_of_a_switch() {
    let mut run = fleet();
    let name = "hv01.corp.example";
    run.row(name, "vswitch", json!({ "switch_name": "lan", "uplinks": ["Intel X710", "Intel X710 #2"] }));
    run.row(name, "vnic", json!({ "interface_description": "Intel X710 #2" }));
    run.row(name, "vnic", json!({ "interface_description": "Realtek" }));
    let rows = run.published("vnic");
    assert_eq!((&rows[0]["switch_name"], &rows[0]["uplink_port"]), (&json!("lan"), &json!("Uplink 2")));
    assert_eq!((&rows[1]["switch_name"], &rows[1]["uplink_port"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_the_census_needs_is_declared() {
    for table in INVENTORY {
        let schema = (table.schema)();
        let unknown = |name: &&&str| schema.field_with_name(name).is_err();
        assert_eq!(needed(table.id.as_str()).iter().find(unknown), None, "{}", table.id);
    }
}
