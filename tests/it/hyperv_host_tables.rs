//! What payloads about hosts and clusters become: every new column, its nulls, and odd shapes.

use std::collections::BTreeMap;

use lustrum::providers::hyperv::collector::Collector;
use lustrum::tables::catalogue::named;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::hyperv_tables::{assert_columns, rows};

fn row(collector: Collector, payload: &Value) -> Value {
    let mut rows = rows(collector, payload);
    assert_eq!(rows.len(), 1, "{payload}");
    rows.remove(0)
}

#[test]
fn a_machine_with_all_it_may_tell() {
    let host = json!([{
        "Fqdn": "HV01.example.com", "Domain": "example.com", "Uuid": "{4C4C4544-0000-4000-8000-000000000001}",
        "NumberOfCores": 32, "NumberOfLogicalProcessors": 32, "LoadPercentage": 2.0,
        "ClusterNodeState": "Up",
        "HypervisorLoadPercentage": 37, "HyperThreadingAvailable": true, "BiosVendor": "Dell Inc.", "ServiceTag": "ABC1234",
        "OemString": "Dell System; 1[07F9]", "Dhcp": false, "DnsSearchOrder": ["Example.com", "lab.example.com"],
        "TimeZoneName": "(UTC+01:00) Amsterdam", "GmtOffset": "+01:00", "Licenses": "Windows(R), ServerDatacenter edition",
        "CertificateIssuer": "CN=Issuing CA", "CertificateSubject": "CN=hv01.example.com",
        "CertificateNotBefore": "2026-01-01T00:00:00.0000000Z", "CertificateNotAfter": "2027-01-01T00:00:00.0000000Z",
        "WinrmBasic": false, "WinrmAllowUnencrypted": 1, "WinrmHttpListener": "True", "NtpType": "NT5DS",
        "MaximumVmVersion": {"Major": 11, "Minor": 0, "Build": -1, "Revision": -1}, "VmmsRunning": true,
        "PowerPolicy": "8C5E7FDA-E8BF-4A96-9A85-A6E23A8C635C"
    }]);
    assert_columns(
        &row(Collector::Host, &host),
        json!({
            "cpu_usage_percent": 37.0, "root_cpu_usage_percent": 2.0,
            "hyperthreading_active": false, "hyperthreading_available": true,
            "bios_vendor": "Dell Inc.", "service_tag": "ABC1234", "oem_string": "Dell System; 1[07F9]",
            "dhcp": false, "dns_search_order": ["Example.com", "lab.example.com"],
            "domain_list": "example.com, lab.example.com",
            "time_zone_name": "(UTC+01:00) Amsterdam", "gmt_offset": "+01:00",
            "assigned_licenses": "Windows(R), ServerDatacenter edition",
            "certificate_issuer": "CN=Issuing CA", "certificate_subject": "CN=hv01.example.com",
            "certificate_starts_at": "2026-01-01T00:00:00Z", "certificate_expires_at": "2027-01-01T00:00:00Z",
            "certificate_status": "good",
            "winrm_basic_enabled": false, "winrm_unencrypted_allowed": true, "winrm_http_listener": true,
            "ntp_source": "NT5DS", "hyperv_version_maximum": "11.0", "config_status": "green",
            "power_management_policy": "High performance", "object_id": "host-4c4c4544", "vmms_running": true
        }),
    );
}

#[test]
fn a_machine_that_tells_little() {
    let host = json!({
        "NumberOfCores": 8, "NumberOfLogicalProcessors": 16, "HyperThreadingAvailable": false, "LoadPercentage": 12,
        "OemString": ["one", "two"], "Licenses": [], "DnsSearchOrder": "example.com", "PowerPolicy": "Factory",
        "CertificateNotAfter": "1601-01-01T00:00:00.0000000Z", "WinrmBasic": "maybe"
    });
    assert_columns(
        &row(Collector::Host, &host),
        json!({
            // What is in use is there, whatever the firmware says.
            "hyperthreading_available": true,
            // Better than nothing: the root partition's own.
            "cpu_usage_percent": 12.0,
            "oem_string": "one; two", "assigned_licenses": null, "dns_search_order": ["example.com"],
            "domain_list": "example.com", "power_management_policy": "Factory", "certificate_status": null,
            "certificate_expires_at": null, "winrm_basic_enabled": null, "winrm_http_listener": null,
            "config_status": null, "object_id": "host-hv01.example", "vmms_running": null,
            // Completed by the census.
            "site": null, "cluster_shown": null, "nics": null, "hbas": null, "vms_total": null, "vms": null,
            "vms_per_core": null, "vcpus": null, "vcpus_per_core": null, "vram_bytes": null,
            "vm_used_memory_bytes": null, "sdk_server": null, "sdk_uuid": null
        }),
    );
}

#[test]
fn a_certificate_is_judged_by_its_dates() {
    // Asked at 2026-11-21T06:00:20Z.
    for (starts, ends, status) in [
        (Some("2026-01-01T00:00:00Z"), Some("2026-11-21T06:00:20Z"), Some("expired")),
        (Some("2026-01-01T00:00:00Z"), Some("2026-11-21T06:00:21Z"), Some("good")),
        (Some("2026-11-21T06:00:21Z"), Some("2027-11-21T00:00:00Z"), Some("unknown")),
        (None, Some("2027-11-21T00:00:00Z"), Some("good")),
        (Some("2026-01-01T00:00:00Z"), None, None),
    ] {
        let host = json!({"CertificateNotBefore": starts, "CertificateNotAfter": ends});
        assert_columns(&row(Collector::Host, &host), json!({"certificate_status": status}));
    }
}

#[test]
fn a_host_is_as_well_as_its_service_and_its_node() {
    for (running, node, colour) in [
        (Some(true), None, Some("green")),
        (Some(true), Some("Up"), Some("green")),
        (None, Some("Up"), Some("green")),
        (Some(true), Some("Paused"), Some("yellow")),
        (Some(true), Some("Joining"), Some("yellow")),
        (Some(true), Some("Down"), Some("red")),
        (Some(false), Some("Paused"), Some("red")),
        (None, None, None),
        (None, Some("4711"), None),
    ] {
        let host = json!({"VmmsRunning": running, "ClusterNodeState": node});
        assert_columns(&row(Collector::Host, &host), json!({"config_status": colour}));
    }
}

#[test]
fn switches_with_their_size_and_policy() {
    for (mtu, algorithm, expected) in [
        (json!(9000), json!("Dynamic"), json!({"mtu": 9000, "policy": "Dynamic", "ports": null})),
        (json!("1500"), json!(4), json!({"mtu": 1500, "policy": "HyperVPort"})),
        (json!(0), json!(99), json!({"mtu": null, "policy": "99"})),
        (Value::Null, Value::Null, json!({"mtu": null, "policy": null})),
    ] {
        let switch = json!({"Name": "vSwitch0", "Mtu": mtu, "LoadBalancingAlgorithm": algorithm});
        assert_columns(&row(Collector::Switch, &switch), expected);
    }
}

#[test]
fn physical_adapters() {
    let adapters = json!([
        {"Name": "NIC 2", "Status": 99, "LinkSpeedBps": u64::MAX, "MacAddress": "00-00-00-00-00-00", "WakeOnMagicPacket": 1, "Mtu": 0},
        {"Name": "NIC 1", "InterfaceDescription": "Mellanox ConnectX-4 Lx", "DriverFileName": "mlx5.sys", "DriverVersion": "3.10.52010.0",
         "LinkSpeedBps": 25_000_000_000_i64, "FullDuplex": true, "MacAddress": "248A07112233", "Status": 1, "Pci": "0000:03:00.0",
         "WakeOnMagicPacket": "Enabled", "Mtu": 1500}
    ]);
    let rows = rows(Collector::Adapter, &adapters);
    assert_columns(
        &rows[0],
        json!({
            "host": "hv01.example", "adapter_name": "NIC 1", "interface_description": "Mellanox ConnectX-4 Lx", "driver": "mlx5.sys",
            "driver_version": "3.10.52010.0", "link_speed_mbps": 25_000, "full_duplex": true, "mac_address": "24:8a:07:11:22:33",
            "status": "Up", "pci": "0000:03:00.0", "wake_on_lan": true, "mtu": 1500, "switch_name": null, "uplink_port": null
        }),
    );
    assert_columns(
        &rows[1],
        json!({
            "adapter_name": "NIC 2", "status": "99", "link_speed_mbps": null, "mac_address": null, "wake_on_lan": false,
            "mtu": null, "full_duplex": null, "driver": null, "pci": null
        }),
    );
}

#[test]
fn waking_is_known_by_name_number_or_flag() {
    for (told, wakes) in [
        (json!("Unsupported"), Some(false)),
        (json!("Disabled"), Some(false)),
        (json!(2), Some(true)),
        (json!(true), Some(true)),
        (json!(false), Some(false)),
        (json!(7), None),
        (Value::Null, None),
    ] {
        let adapter = json!({"Name": "NIC 1", "WakeOnMagicPacket": told});
        assert_columns(&row(Collector::Adapter, &adapter), json!({"wake_on_lan": wakes}));
    }
}

#[test]
fn storage_adapters() {
    let adapters = json!([
        {"Name": "PCI\\VEN_1077&DEV_2261\\4&1", "Type": 2, "Status": "OK", "Bus": 59, "Pci": "0000:3b:00.1", "Driver": "ql2300i",
         "Model": "QLogic QLE2692", "NodeAddress": "20000024ff7e1b2c", "PortAddress": "21000024ff7e1b2c"},
        {"Name": "PCI\\VEN_1077&DEV_2261\\4&1", "Type": "FC", "PortAddress": "21000024ff7e1b2b"},
        {"Name": "ROOT\\ISCSIPRT\\0000_0", "Type": 7, "NodeAddress": "iqn.1991-05.com.microsoft:hv01"},
        {"Name": "PCI\\VEN_1000&DEV_0016\\4&2", "Type": "RAID"},
        {"Name": "x", "Type": 42}
    ]);
    let rows = rows(Collector::Hba, &adapters);
    let told: Vec<_> = rows.iter().map(|row| (&row["adapter_type"], &row["wwn"])).collect();
    assert_eq!(
        json!(told),
        json!([
            ["RAID", null],
            ["FC", "21000024ff7e1b2b"],
            ["FC", "21000024ff7e1b2c"],
            ["iSCSI", null],
            ["42", null]
        ])
    );
    assert_columns(
        &rows[2],
        json!({
            "device": "PCI\\VEN_1077&DEV_2261\\4&1", "status": "OK", "bus": "59", "pci": "0000:3b:00.1", "driver": "ql2300i",
            "model": "QLogic QLE2692", "node_address": "20000024ff7e1b2c"
        }),
    );
    assert_columns(
        &rows[3],
        json!({"node_address": "iqn.1991-05.com.microsoft:hv01", "status": null, "bus": null, "pci": null, "driver": null, "model": null}),
    );
}

#[test]
fn addresses_of_the_host_itself() {
    let adapters = json!([
        {"Name": "Management", "SwitchName": "vSwitch0", "InterfaceAlias": "vEthernet (Management)", "MacAddress": "00:15:5D:0A:1B:2C",
         "Dhcp": false, "IPv4Addresses": ["10.0.0.11", "10.0.0.12"], "IPv6Addresses": ["fe80::1%12", "2001:db8::11"], "PrefixLength": 22,
         "Gateway": "10.0.0.1", "IPv6Gateway": "fe80::ff", "Mtu": 1500, "VlanId": 42},
        {"InterfaceAlias": "Ethernet 4", "IPv4Addresses": "192.168.7.5", "PrefixLength": "24", "Dhcp": 1, "IPv6Addresses": [], "VlanId": 4096}
    ]);
    let rows = rows(Collector::Management, &adapters);
    assert_columns(
        &rows[0],
        json!({
            "port_group": "Ethernet 4", "device": "Ethernet 4", "switch_name": null, "mac_address": null, "dhcp": true,
            "ip_address": "192.168.7.5", "ip6_address": null, "subnet_mask": "255.255.255.0", "gateway": null,
            "ip6_gateway": null, "mtu": null, "vlan_id": null
        }),
    );
    assert_columns(
        &rows[1],
        json!({
            "port_group": "Management", "device": "vEthernet (Management)", "switch_name": "vSwitch0", "mac_address": "00:15:5d:0a:1b:2c",
            "dhcp": false, "ip_address": "10.0.0.11, 10.0.0.12", "ip6_address": "fe80::1, 2001:db8::11", "subnet_mask": "255.255.252.0",
            "gateway": "10.0.0.1", "ip6_gateway": "fe80::ff", "mtu": 1500, "vlan_id": 42
        }),
    );
}

#[test]
fn a_mask_has_as_many_bits_as_its_prefix() {
    for (length, mask) in [
        (json!(0), Some("0.0.0.0")),
        (json!(1), Some("128.0.0.0")),
        (json!(31), Some("255.255.255.254")),
        (json!(32), Some("255.255.255.255")),
        (json!(33), None),
        (json!(-1), None),
        (Value::Null, None),
    ] {
        let adapter = json!({"Name": "Management", "PrefixLength": length});
        assert_columns(&row(Collector::Management, &adapter), json!({"subnet_mask": mask}));
    }
}

#[test]
fn volumes_of_every_kind() {
    let volumes = json!([
        {"Kind": "smb", "Name": "vms", "Path": "\\\\files01\\vms", "FileSystem": "SMB"},
        {"Kind": "local", "Name": "Data", "Path": "D:\\", "VolumeId": "\\\\?\\Volume{0A1B2C3D-0000-4000-8000-00000000000D}\\", "FileSystem": "ReFS",
         "Size": 1_099_511_627_776_i64, "Free": 0, "State": "Online", "BlockSize": 4096},
        {"Kind": "csv", "Name": "Volume1", "Path": "C:\\ClusterStorage\\Volume1", "VolumeId": "0a1b2c3d-0000-4000-8000-0000000000c1",
         "FileSystem": "CSVFS_NTFS", "Size": 10_995_116_277_760_i64, "Free": 1_099_511_627_776_i64, "OwnerNode": "HV02", "State": 2,
         "RedirectedAccess": true, "Maintenance": false, "BlockSize": 65_536, "ClusterName": "CL01"}
    ]);
    let rows = rows(Collector::Volume, &volumes);
    let [csv, local, share] = &rows[..] else { panic!("{rows:#?}") };
    assert_columns(
        csv,
        json!({
            "kind": "csv", "datastore_name": "Volume1", "path": "C:\\ClusterStorage\\Volume1", "volume_id": "0a1b2c3d-0000-4000-8000-0000000000c1",
            "filesystem_type": "CSV-NTFS", "capacity_bytes": 10_995_116_277_760_i64, "free_bytes": 1_099_511_627_776_i64, "owner_node": "HV02",
            "state": "Online", "accessible": true, "redirected_access": true, "in_maintenance": false, "block_size_bytes": 65_536,
            "cluster_name": "CL01", "config_status": null, "vms_total": null, "vms": null, "provisioned_bytes": null, "in_use_bytes": null,
            "free_percent": null, "hosts": null, "host_names": null, "object_id": null, "sdk_server": null, "sdk_uuid": null, "site": null
        }),
    );
    assert_columns(
        local,
        json!({
            "kind": "local", "volume_id": "0a1b2c3d-0000-4000-8000-00000000000d", "filesystem_type": "ReFS", "free_bytes": 0,
            "accessible": true, "owner_node": null, "redirected_access": null, "in_maintenance": null, "cluster_name": null
        }),
    );
    assert_columns(
        share,
        json!({
            "kind": "smb", "datastore_name": "vms", "volume_id": null, "filesystem_type": "SMB", "capacity_bytes": null, "free_bytes": null,
            "state": null, "accessible": null, "block_size_bytes": null
        }),
    );
}

#[test]
fn a_volume_in_trouble_keeps_its_row() {
    let volume = |state: Value| {
        let volume = json!({"Kind": "CSV", "Path": "C:\\ClusterStorage\\Volume2", "State": state, "Size": 0, "Free": 0,
                            "FileSystem": 32769, "VolumeId": "no guid"});
        row(Collector::Volume, &volume)
    };
    for (told, state, accessible) in [
        (json!(3), Some("Offline"), Some(false)),
        (json!("4"), Some("Failed"), Some(false)),
        (json!("NoAccess"), Some("NoAccess"), Some(false)),
        (json!(77), Some("77"), Some(false)),
        (Value::Null, None, None),
    ] {
        assert_columns(
            &volume(told),
            json!({
                "kind": "csv", "state": state, "accessible": accessible, "capacity_bytes": null, "free_bytes": null,
                "filesystem_type": "CSVFS_ReFS", "datastore_name": "C:\\ClusterStorage\\Volume2", "volume_id": "no guid"
            }),
        );
    }
}

#[test]
fn a_cluster_told_by_any_node_is_the_same() {
    let cluster = |names: Value, states: Value| {
        let cluster = json!({
            "Name": "CL01", "Fqdn": "CL01.Example.com", "FunctionalLevel": 11, "NodeNames": names, "NodeStates": states,
            "QuorumType": "Node and File Share Majority", "WitnessName": "File Share Witness", "WitnessState": 4,
            "AutoBalancerMode": 2, "AutoBalancerLevel": 1, "S2DEnabled": 0
        });
        row(Collector::Cluster, &cluster)
    };
    let here = cluster(json!(["HV02", "HV01"]), json!(["HV02=Paused", "HV01=Up"]));
    assert_columns(
        &here,
        json!({
            "cluster_name": "CL01", "cluster_fqdn": "cl01.example.com", "functional_level": 11, "node_names": ["HV01", "HV02"],
            "node_states": ["HV01=Up", "HV02=Paused"], "quorum_type": "Node and File Share Majority",
            "witness_name": "File Share Witness", "witness_state": "Failed", "balancer_mode": 2, "balancer_level": 1, "s2d_enabled": false,
            "config_status": null, "nodes": null, "effective_nodes": null, "total_cpu_mhz": null, "cores": null, "threads": null,
            "effective_cpu_mhz": null, "memory_bytes": null, "effective_memory_bytes": null, "ha_enabled": null, "failover_level": null,
            "drs_enabled": null, "drs_behavior": null, "object_id": null, "sdk_server": null, "sdk_uuid": null, "site": null
        }),
    );
    assert_eq!(
        here,
        cluster(json!(["HV01", "HV02"]), json!({"value": ["HV01=Up", "HV02=Paused"], "Count": 2}))
    );
    assert_columns(
        &cluster(json!("HV01"), json!("HV01=Up")),
        json!({"node_names": ["HV01"], "node_states": ["HV01=Up"]}),
    );
    // Windows Server 2012 has neither level nor balancer.
    assert_columns(
        &row(Collector::Cluster, &json!({"Name": "CL01", "FunctionalLevel": 0, "WitnessState": 999})),
        json!({"functional_level": null, "balancer_mode": null, "node_names": null, "witness_name": null, "witness_state": "999"}),
    );
}

#[test]
fn a_host_that_stands_alone_has_neither_cluster_nor_roles() {
    for collector in [Collector::Cluster, Collector::Role] {
        assert!(rows(collector, &json!([])).is_empty());
        assert!(!collector.one_per_vm());
    }
}

#[test]
fn roles_of_vms() {
    let roles = json!([
        {"VMId": null, "Name": "gone", "State": 2, "Priority": 0, "AntiAffinity": [], "PreferredOwners": null, "OfflineAction": 9},
        {"VMId": "{0F0F0F0F-0000-4000-8000-00000000000B}", "Name": "db01", "State": "Online", "OwnerNode": "HV01", "Priority": 3000,
         "AntiAffinity": "databases", "AffinityRules": ["apart"], "PreferredOwners": ["HV01", "HV02"], "OfflineAction": "ShutDown",
         "VmMonitoring": true, "ClusterName": "CL01"},
        {"VMId": "0f0f0f0f-0000-4000-8000-00000000000a", "Name": "web01", "State": 3, "OfflineAction": 1, "VmMonitoring": 0}
    ]);
    let rows = rows(Collector::Role, &roles);
    let [web, db, gone] = &rows[..] else { panic!("{rows:#?}") };
    assert_columns(
        db,
        json!({
            "vm_id": "0f0f0f0f-0000-4000-8000-00000000000b", "role_name": "db01", "role_state": "Online", "owner_node": "HV01",
            "priority": 3000, "anti_affinity": ["databases"], "affinity_rules": ["apart"], "preferred_owners": ["HV01", "HV02"],
            "offline_action": "ShutDown", "vm_monitoring": true, "cluster_name": "CL01"
        }),
    );
    assert_columns(
        web,
        json!({"role_state": "PartialOnline", "offline_action": "Save", "vm_monitoring": false, "priority": null, "owner_node": null}),
    );
    assert_columns(
        gone,
        json!({
            "vm_id": null, "role_state": "Failed", "priority": 0, "anti_affinity": [], "preferred_owners": null, "affinity_rules": null,
            "offline_action": "9", "vm_monitoring": null, "cluster_name": null
        }),
    );
}

#[test]
fn files_on_vm_volumes() {
    let files = json!([
        {"Path": "D:\\vms\\b.VHDX", "Kind": ".VHDX", "Size": 4_194_304, "ModifiedAt": "/Date(1720919582928)/", "VolumePath": "D:\\"},
        {"Path": "C:\\ClusterStorage\\Volume1\\a.vmcx", "Kind": "vmcx", "Size": "0", "ModifiedAt": "1601-01-01T00:00:00Z",
         "VolumePath": "C:\\ClusterStorage\\Volume1", "ClusterName": "CL01"},
        {"Path": "E:\\c.iso"}
    ]);
    let rows = rows(Collector::File, &files);
    let [on_csv, local, bare] = &rows[..] else { panic!("{rows:#?}") };
    assert_columns(
        on_csv,
        json!({
            "path": "C:\\ClusterStorage\\Volume1\\a.vmcx", "file_kind": "vmcx", "size_bytes": 0, "modified_at": null,
            "volume_path": "C:\\ClusterStorage\\Volume1", "cluster_name": "CL01"
        }),
    );
    assert_columns(
        local,
        json!({"file_kind": "vhdx", "size_bytes": 4_194_304, "modified_at": "2024-07-14T01:13:02.928Z", "volume_path": "D:\\", "cluster_name": null}),
    );
    assert_columns(
        bare,
        json!({"file_kind": null, "size_bytes": null, "modified_at": null, "volume_path": null}),
    );
}

#[derive(Deserialize)]
struct Tab {
    tab: String,
    headers: Vec<String>,
}

#[test]
fn tabs_of_hosts_have_the_headers_of_rvtools() {
    let path = format!("{}/tests/it/golden/rvtools_tabs.json", env!("CARGO_MANIFEST_DIR"));
    let tabs: Vec<Tab> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let tabs: BTreeMap<_, _> = tabs.into_iter().map(|tab| (tab.tab, tab.headers)).collect();
    for title in ["vHost", "vHBA", "vNIC", "vSwitch", "vSC_VMK", "vDatastore", "vCluster"] {
        let table = named(title).unwrap();
        let sheet = table.sheet.unwrap();
        let headers: Vec<_> = (sheet.columns)().iter().map(|column| column.header.to_owned()).collect();
        assert_eq!((sheet.title, headers), (title, tabs[title].clone()));
        assert_eq!(table.id.as_str(), title.to_lowercase());
    }
    for title in ["vRole", "vFile"] {
        assert!(named(title).unwrap().sheet.is_none() && !tabs.contains_key(title));
    }
}
