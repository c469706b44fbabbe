//! Every declared tab against the tabs of a real export: title, headers, order.

use lustrum::tables::catalogue::all;
use lustrum::tables::sheet::{Form, PlaceFact, Sheet};
use lustrum::tables::tabs::{TITLES, tabs};
use serde::Deserialize;

#[derive(Deserialize)]
struct Tab {
    tab: String,
    headers: Vec<String>,
}

fn golden() -> Vec<Tab> {
    serde_json::from_str(include_str!("golden/rvtools_tabs.json")).unwrap()
}

fn sheets() -> impl Iterator<Item = (&'static str, Sheet)> {
    all().filter_map(|table| Some((table.id.as_str(), table.sheet?)))
}

#[test]
fn the_tabs_are_those_of_an_export_in_their_order() {
    let golden = golden();
    assert_eq!(golden.iter().map(|tab| tab.tab.as_str()).collect::<Vec<_>>(), TITLES);
    let every_table: Vec<_> = all().collect();
    for asked in [&[][..], &every_table] {
        let declared = tabs(asked);
        assert_eq!(declared.iter().map(|tab| tab.title).collect::<Vec<_>>(), TITLES);
        for (tab, real) in declared.iter().zip(&golden) {
            let headers: Vec<_> = tab.columns.iter().map(|column| column.header).collect();
            assert_eq!(headers, real.headers, "{}", tab.title);
        }
    }
    for (table, sheet) in sheets() {
        assert!(TITLES.contains(&sheet.title), "{table}: RVTools has no tab {}", sheet.title);
    }
}

#[test]
fn a_tab_that_has_rows_belongs_to_the_table_of_its_name() {
    for tab in tabs(&all().collect::<Vec<_>>()) {
        if let Some(table) = tab.table {
            assert_eq!(table.title, tab.title);
        }
    }
}

#[test]
fn tables_of_virtual_machines_have_their_tabs() {
    let declared: Vec<_> = sheets().map(|(table, _)| table).collect();
    for table in ["vinfo", "vcpu", "vmemory", "vdisk", "vnetwork", "vcd", "vsnapshot", "vtools"] {
        assert!(declared.contains(&table), "{table} has no tab");
    }
}

/// Tabs whose rows may belong to no single host.
const OF_THE_FLEET: [&str; 6] = ["vcluster", "vdatastore", "vsource", "dvswitch", "dvport", "vhealth"];

/// The same fact stands under the same header, whatever the tab.
#[test]
fn the_tail_of_every_tab_says_the_same() {
    let place = |fact| Form::Place(fact);
    for (table, sheet) in sheets() {
        for column in (sheet.columns)() {
            let expected = match column.header {
                // What belongs to no host says itself where it belongs.
                _ if OF_THE_FLEET.contains(&table) => continue,
                "Template" | "SRM Placeholder" => Form::Word("False"),
                "Datacenter" => place(PlaceFact::Datacenter),
                "VI SDK Server" => place(PlaceFact::SdkServer),
                "VI SDK UUID" => place(PlaceFact::SdkUuid),
                _ => continue,
            };
            assert_eq!(column.form, expected, "{table}: {}", column.header);
        }
    }
}

/// What readers of RVTools files count on being there, on every tab of virtual machines.
#[test]
fn what_may_not_be_blank_is_declared() {
    let never = [
        "VM",
        "Powerstate",
        "Template",
        "SRM Placeholder",
        "Datacenter",
        "Cluster",
        "Host",
        "VM ID",
        "VM UUID",
    ];
    let of_vms = |title: &str| {
        ["vInfo", "vCPU", "vMemory", "vDisk", "vNetwork", "vCD", "vSnapshot", "vTools"].contains(&title)
    };
    for (table, sheet) in sheets().filter(|(_, sheet)| of_vms(sheet.title)) {
        for column in (sheet.columns)().into_iter().filter(|column| never.contains(&column.header)) {
            assert_ne!(column.form, Form::Blank, "{table}: {}", column.header);
        }
    }
}
