//! What RVTools' tabs of disks, drives and checkpoints need beside the plain properties.

use lustrum::providers::hyperv::collector::Collector;
use serde_json::{Value, json};

use crate::hyperv_tables::assert_columns;
use crate::world::collected_rows::{OTHER_VM, column, row};

#[test]
fn disks_are_counted_in_controller_order() {
    let disks = json!([
        {"ControllerType": "SCSI", "ControllerNumber": 0, "ControllerLocation": 11, "Path": "d"},
        {"ControllerType": "SCSI", "ControllerNumber": 0, "ControllerLocation": 2, "Path": "c"},
        {"ControllerType": "IDE", "ControllerNumber": 1, "ControllerLocation": 0, "Path": "b"},
        {"ControllerType": "IDE", "ControllerNumber": 0, "ControllerLocation": 1, "Path": "a"},
        {"VMId": OTHER_VM, "ControllerType": "SCSI", "ControllerNumber": 3, "ControllerLocation": 0, "Path": "e"}
    ]);
    assert_eq!(column(Collector::Disk, disks.clone(), "path"), ["a", "b", "c", "d", "e"]);
    assert_eq!(
        column(Collector::Disk, disks.clone(), "disk_label"),
        ["Hard disk 1", "Hard disk 2", "Hard disk 3", "Hard disk 4", "Hard disk 1"]
    );
    assert_eq!(
        column(Collector::Disk, disks.clone(), "controller"),
        [
            "IDE controller 0",
            "IDE controller 1",
            "SCSI controller 0",
            "SCSI controller 0",
            "SCSI controller 3"
        ]
    );
    assert_eq!(
        column(Collector::Disk, disks, "scsi_unit"),
        [Value::Null, Value::Null, json!(2), json!(11), json!(0)]
    );
}

#[test]
fn a_chain_is_summed_as_far_as_it_was_read() {
    let leaf = json!({
        "Path": r"D:\leaf.avhdx", "Size": 42_949_672_960_i64, "FileSize": 100, "ParentPath": r"D:\golden.vhdx",
        "ChainFileSize": 1_100, "OwnFileSize": 0, "BasePath": r"D:\golden.vhdx"
    });
    assert_columns(
        &row(Collector::Disk, leaf),
        json!({
            "chain_file_bytes": 1_100, "own_file_bytes": 0, "base_path": r"D:\golden.vhdx", "file_size_bytes": 100,
            "disk_mode": "persistent", "raw_lun_id": null
        }),
    );
    let orphan = json!({"Path": r"D:\leaf.avhdx", "Size": 42_949_672_960_i64, "FileSize": 100, "ParentPath": r"D:\gone.vhdx"});
    assert_columns(
        &row(Collector::Disk, orphan),
        json!({"capacity_bytes": 42_949_672_960_i64, "file_size_bytes": 100, "chain_file_bytes": null, "own_file_bytes": null, "base_path": null}),
    );
}

#[test]
fn a_disk_that_does_not_open_keeps_its_row() {
    let busy = json!({
        "Path": r"\\fs01\vms\busy.vhdx", "ControllerType": "SCSI", "ControllerNumber": 0, "ControllerLocation": 0,
        "VhdError": "ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD", "Size": null, "ChainFileSize": null
    });
    assert_columns(
        &row(Collector::Disk, busy),
        json!({
            "capacity_bytes": null, "chain_file_bytes": null, "own_file_bytes": null, "base_path": null,
            "change_tracking_enabled": null, "disk_label": "Hard disk 1", "disk_mode": "persistent",
            "vhd_error": "ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD"
        }),
    );
}

#[test]
fn a_physical_disk_is_told_by_the_host() {
    let raw = json!({"Path": "Disk 4 500.00 GB Bus 0 Lun 4 Target 0", "DiskNumber": 4, "UniqueId": "600A0B80", "Size": 536_870_912_000_i64});
    assert_columns(
        &row(Collector::Disk, raw),
        json!({"raw_lun_id": "600A0B80", "is_passthrough": true, "capacity_bytes": 536_870_912_000_i64, "chain_file_bytes": null}),
    );
    assert_eq!(
        row(Collector::Disk, json!({"UniqueId": "600A0B80", "Path": "a.vhdx"}))["raw_lun_id"],
        Value::Null
    );
}

#[test]
fn change_tracking_is_told_or_unknown() {
    let cases = [
        (json!({"ChangeTrackingId": "rctX:1", "ChangeTrackingFile": false}), json!(true)),
        (json!({"ChangeTrackingId": "rctX:1"}), json!(true)),
        (json!({"ChangeTrackingId": null, "ChangeTrackingFile": true}), json!(true)),
        (json!({"ChangeTrackingId": "", "ChangeTrackingFile": false}), json!(false)),
        (json!({}), Value::Null),
    ];
    for (signs, tracked) in cases {
        assert_eq!(row(Collector::Disk, signs.clone())["change_tracking_enabled"], tracked, "{signs}");
    }
}

#[test]
fn bounds_on_iops_are_custom() {
    let bounded =
        |least: Value, most: Value| row(Collector::Disk, json!({"MinimumIOPS": least, "MaximumIOPS": most}));
    assert_columns(&bounded(json!(0), json!(0)), json!({"level": "normal", "iops_limit": -1}));
    assert_columns(&bounded(json!(0), json!(500)), json!({"level": "custom", "iops_limit": 500}));
    assert_columns(&bounded(json!(100), json!(0)), json!({"level": "custom", "iops_limit": -1}));
    assert_columns(&bounded(Value::Null, Value::Null), json!({"level": null, "iops_limit": null}));
}

fn checkpoint_id(number: u8) -> String {
    format!("aaaaaaaa-0000-4000-8000-0000000000{number:02}")
}

#[test]
fn a_checkpoint_tells_what_it_stands_on() {
    let one = |number: u8, parent: Option<u8>, kind: &str| {
        json!({
            "Id": checkpoint_id(number), "Name": format!("c{number}"), "ParentSnapshotId": parent.map(checkpoint_id),
            "ParentSnapshotName": parent.map(|parent| format!("c{parent}")), "SnapshotType": kind
        })
    };
    let states =
        |checkpoints: Vec<Value>| column(Collector::Checkpoint, checkpoints.into(), "snapshot_state");
    assert_eq!(
        states(vec![
            one(1, None, "Standard"),
            one(2, Some(1), "Standard"),
            one(3, Some(2), "Recovery"),
            one(4, None, "Replica")
        ]),
        [Value::Null, json!("c1"), json!("Recovery: c1 > c2"), json!("Replica")]
    );
    // The parent itself was not told.
    assert_eq!(states(vec![one(2, Some(1), "Standard")]), [json!("c1")]);
    assert_eq!(
        states(vec![one(2, Some(1), "Standard"), one(3, Some(2), "Standard")]),
        [json!("c1"), json!("c1 > c2")]
    );
}

#[test]
fn checkpoints_that_stand_on_each_other_come_to_an_end() {
    let ring = json!([
        {"Id": checkpoint_id(1), "Name": "a", "ParentSnapshotId": checkpoint_id(2), "ParentSnapshotName": "b"},
        {"Id": checkpoint_id(2), "Name": "b", "ParentSnapshotId": checkpoint_id(1), "ParentSnapshotName": "a"}
    ]);
    assert!(column(Collector::Checkpoint, ring, "snapshot_state").iter().all(Value::is_string));
}

#[test]
fn a_checkpoint_is_as_large_as_all_its_files() {
    for (disks, memory, shown, total) in [
        (json!(1000), json!(24), json!(24), json!(1024)),
        (json!(0), json!(24), json!(24), json!(24)),
        (json!(1000), json!(0), json!(0), json!(1000)),
        (json!(1000), Value::Null, Value::Null, Value::Null),
        (Value::Null, json!(24), json!(24), Value::Null),
    ] {
        let row = row(Collector::Checkpoint, json!({"DiskFileSize": disks, "MemoryFileSize": memory}));
        assert_columns(&row, json!({"memory_file_bytes": shown, "total_bytes": total}));
    }
}

#[test]
fn drives_hold_an_image_a_host_drive_or_nothing() {
    let drive = |properties: Value| row(Collector::Dvd, properties);
    assert_columns(
        &drive(json!({
            "VMName": "web", "Id": "Microsoft:1", "Kind": "Dvd", "Path": r"D:\iso\install.iso", "MediaType": "ISO",
            "ControllerType": "IDE", "ControllerNumber": 1, "ControllerLocation": 0
        })),
        json!({
            "vm_name": "web", "drive_id": "Microsoft:1", "drive_kind": "Dvd", "device_node": "IDE 1:0", "connected": true, "starts_connected": true,
            "device_type": r"D:\iso\install.iso", "path": r"D:\iso\install.iso", "media_type": "ISO", "controller_type": "IDE"
        }),
    );
    assert_columns(
        &drive(
            json!({"Kind": "Dvd", "Path": "D:", "MediaType": "PassThrough", "ControllerType": 1, "ControllerNumber": 0, "ControllerLocation": 1}),
        ),
        json!({"device_node": "SCSI 0:1", "connected": true, "device_type": "Host drive", "path": "D:"}),
    );
    assert_columns(
        &drive(json!({"Kind": "Dvd", "Path": "", "MediaType": "None"})),
        json!({"connected": false, "starts_connected": false, "device_type": null, "path": null, "device_node": null}),
    );
    assert_columns(
        &drive(
            json!({"Kind": "Floppy", "Path": r"D:\drivers.vfd", "ControllerNumber": 0, "ControllerLocation": 0}),
        ),
        json!({"drive_kind": "Floppy", "device_node": "Floppy 0:0", "connected": true, "device_type": r"D:\drivers.vfd", "media_type": null}),
    );
    assert_columns(
        &drive(json!({})),
        json!({"connected": null, "device_node": null, "device_type": null, "drive_kind": null}),
    );
}
