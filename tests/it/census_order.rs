//! The census: who tells first changes nothing.

use proptest::prelude::*;
use serde_json::json;

use crate::world::census_run::{Run, published};

/// Three nodes that contradict each other in small things, and two hosts that stand alone.
fn run() -> Run {
    let mut run = Run::default();
    for number in 1..=5 {
        let name = format!("hv{number}.corp.example");
        let clustered = number <= 3;
        run.host(&name);
        run.row(&name, "vhost", json!({
            "computer_name": format!("HV{number}"), "domain": "corp.example", "cores": 8, "cpu_speed_mhz": 2000,
            "cluster_name": clustered.then_some("clu1"),
        }));
        if clustered {
            // The second tells most, so it is the second's row that stands.
            let state = (number == 2).then_some("Online");
            run.row(
                &name,
                "vcluster",
                json!({
                    "cluster_name": if number == 1 { "CLU1" } else { "clu1" }, "witness_state": state,
                    "node_names": ["HV1", "HV2", "HV3"], "node_states": ["HV1=Up", "HV2=Up", "HV3=Down"],
                }),
            );
            run.row(&name, "vdatastore", json!({
                "datastore_name": format!("Volume1 as {number} sees it"), "kind": "csv", "capacity_bytes": 1000 + number,
                "path": "C:\\ClusterStorage\\Volume1", "state": state, "free_bytes": 10,
            }));
        }
        run.row(&name, "vdatastore", json!({ "datastore_name": "C:", "kind": "local", "path": "C:\\" }));
        run.row(
            &name,
            "vswitch",
            json!({ "switch_name": "lan", "mtu": 1500 + number, "policy": format!("p{number}") }),
        );
        for vm in 0..3 {
            let id = format!("{number}{vm}");
            run.row(
                &name,
                "vinfo",
                json!({ "vm_id": id, "power_state": "poweredOn", "vcpus": vm, "disks": 1 }),
            );
            run.row(&name, "vcpu", json!({ "vm_id": id, "vcpus": vm }));
            let path = format!("C:\\ClusterStorage\\Volume1\\{id}.vhdx");
            run.row(&name, "vdisk", json!({ "vm_id": id, "path": path, "capacity_bytes": 100 * number }));
            run.row(&name, "vnetwork", json!({ "vm_id": id, "switch_name": "lan", "vlan_id": vm }));
            // Told by another node than the one that runs the VM.
            let owner = format!("hv{}.corp.example", number % 3 + 1);
            run.row(&owner, "vrole", json!({ "vm_id": id, "priority": 1000 * vm }));
        }
    }
    run
}

const PUBLISHED: [&str; 12] = [
    "vinfo",
    "vcpu",
    "vdisk",
    "vnetwork",
    "vhost",
    "vswitch",
    "vcluster",
    "vdatastore",
    "vsource",
    "vport",
    "dvswitch",
    "dvport",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_hosts_tell_does_not_change_what_is_published(
        order in Just((0..run().told().len()).collect::<Vec<_>>()).prop_shuffle()
    ) {
        let (told, shuffled) = (run().take(), run().reordered(&order).take());
        for table in PUBLISHED {
            let rows = published(&told, table);
            prop_assert!(!rows.is_empty(), "{}", table);
            prop_assert_eq!(rows, published(&shuffled, table), "{}", table);
        }
    }
}

#[test]
fn the_row_that_stands_is_of_the_host_that_told_most() {
    let census = run().take();
    assert_eq!(published(&census, "vcluster")[0]["host"], "hv2.corp.example");
    let volumes = published(&census, "vdatastore");
    let csv = volumes.iter().find(|row| row["kind"] == "csv").unwrap();
    assert_eq!(csv["datastore_name"], "Volume1 as 2 sees it");
}
