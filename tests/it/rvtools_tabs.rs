//! Every declared tab against the tabs of a real export: title, headers, order.

use std::collections::BTreeMap;

use lustrum::tables::catalogue::all;
use lustrum::tables::sheet::{Form, PlaceFact, Sheet};
use serde::Deserialize;

#[derive(Deserialize)]
struct Tab {
    tab: String,
    headers: Vec<String>,
}

fn golden() -> BTreeMap<String, Vec<String>> {
    let tabs: Vec<Tab> = serde_json::from_str(include_str!("golden/rvtools_tabs.json")).unwrap();
    tabs.into_iter().map(|tab| (tab.tab, tab.headers)).collect()
}

fn headers(sheet: &Sheet) -> Vec<&'static str> {
    (sheet.columns)().iter().map(|column| column.header).collect()
}

fn sheets() -> impl Iterator<Item = (&'static str, Sheet)> {
    all().filter_map(|table| Some((table.id.as_str(), table.sheet?)))
}

#[test]
fn every_declared_tab_has_the_headers_of_a_real_one() {
    let golden = golden();
    for (table, sheet) in sheets() {
        let expected =
            golden.get(sheet.title).unwrap_or_else(|| panic!("RVTools has no tab {}", sheet.title));
        assert_eq!(&headers(&sheet), expected, "{table}");
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
