//! The census: a shared volume is counted once, and only what is known of it.

use serde_json::{Value, json};

use crate::world::census_run::Run;

fn clustered() -> Run {
    let mut run = Run::default();
    for node in ["hv01.corp.example", "hv02.corp.example"] {
        run.host(node);
        let label = node.split('.').next().unwrap();
        run.row(
            node,
            "vhost",
            json!({ "computer_name": label, "cluster_name": "clu1", "domain": "corp.example" }),
        );
        run.row(
            node,
            "vcluster",
            json!({
                "cluster_name": "clu1", "cluster_fqdn": "clu1.corp.example", "node_names": ["HV01", "HV02"],
            }),
        );
        run.row(node, "vdatastore", json!({
            "datastore_name": "Volume1", "kind": "csv", "path": "C:\\ClusterStorage\\Volume1", "volume_id": "11",
            "capacity_bytes": 1000, "free_bytes": 250, "accessible": true, "state": "Online",
        }));
        run.row(
            node,
            "vdatastore",
            json!({
                "datastore_name": "C:", "kind": "local", "path": "C:\\", "capacity_bytes": 100,
            }),
        );
    }
    run
}

fn disk(run: &mut Run, host: &str, vm: &str, path: &str, bytes: i64) {
    run.row(host, "vinfo", json!({ "vm_id": vm, "power_state": "poweredOn", "disks": 1 }));
    run.row(host, "vdisk", json!({ "vm_id": vm, "path": path, "capacity_bytes": bytes }));
}

fn csv(run: &Run) -> Value {
    let rows = run.published("vdatastore");
    let names: Vec<_> = rows.iter().map(|row| (row["datastore_name"].clone(), row["host"].clone())).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!([&names[0].0, &names[1].0, &names[2].0], ["C:", "C:", "Volume1"], "by name");
    rows[2].clone()
}

#[test]
fn a_shared_volume_is_counted_once_with_the_vms_of_all_nodes() {
    let mut run = clustered();
    disk(&mut run, "hv01.corp.example", "a", "c:\\clusterstorage\\VOLUME1\\a\\a.vhdx", 40);
    disk(&mut run, "hv02.corp.example", "b", "C:\\ClusterStorage\\Volume1\\b.vhdx", 60);
    disk(&mut run, "hv02.corp.example", "c", "C:\\ClusterStorage\\Volume10\\c.vhdx", 5);
    run.row("hv02.corp.example", "vinfo", json!({ "vm_id": "d", "power_state": "poweredOff", "disks": 2 }));
    for number in 0..2 {
        let path = format!("C:\\ClusterStorage\\Volume1\\d{number}.vhdx");
        run.row("hv02.corp.example", "vdisk", json!({ "vm_id": "d", "path": path, "capacity_bytes": 10 }));
    }
    let expected = json!({
        "host": "hv01.corp.example", "vms_total": 3, "vms": 2, "provisioned_bytes": 120, "in_use_bytes": 750,
        "free_percent": 25.0, "hosts": 2, "host_names": ["hv01.corp.example", "hv02.corp.example"],
        "config_status": "green", "object_id": "11", "sdk_server": "clu1.corp.example", "site": "Leuven",
    });
    let found = csv(&run);
    for (column, value) in expected.as_object().unwrap() {
        assert_eq!(&found[column], value, "{column}");
    }
    let local = run.published("vdatastore");
    assert_eq!((&local[1]["vms_total"], &local[1]["host"]), (&json!(1), &json!("hv02.corp.example")));
    assert_eq!(local[1]["host_names"], json!(["hv02.corp.example"]));
}

#[test]
fn a_disk_that_two_vms_share_is_provisioned_once() {
    let mut run = clustered();
    for (host, vm) in [("hv01.corp.example", "a"), ("hv02.corp.example", "b")] {
        run.row(host, "vinfo", json!({ "vm_id": vm, "power_state": "poweredOn", "disks": 1 }));
        run.row(
            host,
            "vdisk",
            json!({
                "vm_id": vm, "path": "C:\\ClusterStorage\\Volume1\\quorum.vhds", "capacity_bytes": 7,
                "sharing_mode": "sharingMultiWriter",
            }),
        );
    }
    let found = csv(&run);
    assert_eq!((&found["vms_total"], &found["provisioned_bytes"]), (&json!(2), &json!(7)));
}

#[test]
fn a_size_nobody_told_leaves_the_sum_open_and_the_count_known() {
    let mut run = clustered();
    disk(&mut run, "hv01.corp.example", "a", "C:\\ClusterStorage\\Volume1\\a.vhdx", 40);
    run.row("hv02.corp.example", "vinfo", json!({ "vm_id": "b", "disks": 1 }));
    run.row(
        "hv02.corp.example",
        "vdisk",
        json!({ "vm_id": "b", "path": "C:\\ClusterStorage\\Volume1\\b.vhdx" }),
    );
    run.failed("hv02.corp.example", &["vdisk"]);
    let found = csv(&run);
    assert_eq!((&found["vms_total"], &found["provisioned_bytes"]), (&json!(2), &Value::Null));
    assert_eq!(found["vms"], Value::Null, "one of them is in a state nobody knows");
}

#[test]
fn a_node_that_was_not_heard_may_have_more_on_it() {
    let mut run = clustered();
    disk(&mut run, "hv01.corp.example", "a", "C:\\ClusterStorage\\Volume1\\a.vhdx", 40);
    assert_eq!(csv(&run)["vms_total"], 1);
    run.failed("hv02.corp.example", &["vinfo"]);
    let found = csv(&run);
    for column in ["vms_total", "vms", "provisioned_bytes"] {
        assert_eq!(found[column], Value::Null, "{column}");
    }
    assert_eq!(found["in_use_bytes"], 750, "the volume itself told that");
    let local = run.published("vdatastore");
    assert_eq!((&local[0]["vms_total"], &local[1]["vms_total"]), (&json!(0), &Value::Null));
}

#[test]
fn a_volume_in_trouble_is_not_green() {
    let trouble = [
        (json!({ "accessible": false }), "red"),
        (json!({ "accessible": true, "redirected_access": true }), "yellow"),
        (json!({ "accessible": true, "in_maintenance": true }), "yellow"),
        (json!({ "accessible": true }), "green"),
        (json!({}), "gray"),
    ];
    for (mut told, status) in trouble {
        let mut run = Run::default();
        told.as_object_mut()
            .unwrap()
            .extend([("path".to_owned(), json!("D:\\")), ("kind".to_owned(), json!("local"))]);
        run.host("hv01").row("hv01", "vdatastore", told);
        let row = run.published("vdatastore").remove(0);
        assert_eq!(row["config_status"], status);
        assert!(row["object_id"].as_str().unwrap().starts_with("datastore-"));
    }
}

#[test]
fn a_fleet_without_volumes_and_clusters_has_no_rows_of_them() {
    let mut run = Run::default();
    run.host("hv01");
    assert!(run.published("vdatastore").is_empty() && run.published("vcluster").is_empty());
    assert_eq!(run.published("vsource").len(), 1, "the host was asked all the same");
}
