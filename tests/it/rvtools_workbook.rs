//! The workbook of a simulated fleet, opened by an independent reader: every sheet, header
//! and type, what must never be blank, and what the tools made for RVTools ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use calamine::{Data, Range, Reader, Xlsx};
use lustrum::config::job::TableFormat;
use lustrum::model::artifact::ArtifactFormat;
use lustrum::output::shown::{Kind, kind};
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::layout::Layout;
use lustrum::tables::catalogue::all;
use lustrum::tables::table::TableSpec;
use lustrum::tables::tabs::tabs;

use crate::world::simulated_run::survey;

/// Tabs with a row for a VM: each must name it by both ids.
const VM_TABS: &[&str] =
    &["vInfo", "vCPU", "vMemory", "vDisk", "vPartition", "vNetwork", "vCD", "vUSB", "vSnapshot", "vTools"];

/// Who reads the files, the tab, and the columns that must be there and filled in every row.
const WANTED: &[(&str, &str, &[&str])] = &[
    (
        "RVTools itself",
        "vInfo",
        &[
            "VM",
            "VM ID",
            "VM UUID",
            "Powerstate",
            "Template",
            "SRM Placeholder",
            "Cluster",
            "Datacenter",
            "Host",
            "CPUs",
            "Memory",
            "NICs",
            "Disks",
            "Provisioned MiB",
            "In Use MiB",
            "Creation date",
            "Firmware",
            "OS according to the configuration file",
            "OS according to the VMware Tools",
            "VI SDK Server",
            "VI SDK UUID",
            "FT State",
        ],
    ),
    ("RVTools itself", "vHost", &["Host", "CPU Model", "ESX Version", "Object ID"]),
    ("RVTools itself", "dvPort", &["VLAN"]),
    (
        "Azure Migrate",
        "vInfo",
        &[
            "VM",
            "Powerstate",
            "CPUs",
            "Memory",
            "Provisioned MiB",
            "In Use MiB",
            "OS according to the configuration file",
            "VM UUID",
        ],
    ),
    ("Azure Migrate", "vMemory", &["VM", "VM UUID", "Size MiB", "Reservation"]),
    (
        "RVToolsMerge",
        "vInfo",
        &[
            "VM",
            "Powerstate",
            "Template",
            "SRM Placeholder",
            "CPUs",
            "Memory",
            "NICs",
            "Disks",
            "In Use MiB",
            "Creation date",
            "Cluster",
            "Host",
            "OS according to the configuration file",
        ],
    ),
    (
        "RVToolsMerge",
        "vHost",
        &[
            "Host",
            "Datacenter",
            "Cluster",
            "CPU Model",
            "Speed",
            "# CPU",
            "Cores per CPU",
            "# Cores",
            "CPU usage %",
            "# Memory",
            "Memory usage %",
        ],
    ),
];

/// Words that readers compare with, as (header, words): no other may stand there.
const VOCABULARY: &[(&str, &[&str])] = &[
    ("Powerstate", &["poweredOn", "poweredOff", "suspended"]),
    ("Template", &["False"]),
    ("SRM Placeholder", &["False"]),
    ("Connection state", &["connected", "disconnected", "inaccessible", "invalid", "orphaned"]),
    ("Guest state", &["running", "shuttingDown", "resetting", "standby", "notRunning", "unknown"]),
    ("Heartbeat", &["gray", "green", "yellow", "red"]),
    ("Config status", &["gray", "green", "yellow", "red"]),
    ("Tools", &["toolsOk", "toolsOld", "toolsNotRunning", "toolsNotInstalled"]),
    ("Upgradeable", &["Yes", "No"]),
    ("Firmware", &["bios", "efi"]),
    ("Disk Mode", &["persistent", "independent_persistent", "independent_nonpersistent"]),
    ("Shared Bus", &["noSharing", "virtualSharing", "physicalSharing"]),
    ("FT State", &["notConfigured"]),
];

/// Columns of vInfo that may be blank for a VM with a disk whose capacity the host did not
/// tell: a sum with an unknown summand is unknown, and nothing may be made up.
const SUMS_OF_DISKS: &[&str] = &["Provisioned MiB", "In Use MiB"];

fn every_table() -> Vec<&'static TableSpec> {
    all().collect()
}

/// A sheet with its cells by header.
struct Sheet {
    range: Range<Data>,
    headers: Vec<String>,
}

impl Sheet {
    fn of(range: Range<Data>) -> Self {
        let headers = range.rows().next().unwrap().iter().map(ToString::to_string).collect();
        Self { range, headers }
    }

    fn rows(&self) -> usize {
        self.range.height() - 1
    }

    fn column(&self, header: &str) -> Option<Vec<&Data>> {
        let column = self.headers.iter().position(|found| found == header)?;
        Some(self.range.rows().skip(1).map(|row| &row[column]).collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_workbook_of_a_fleet_keeps_every_rule() {
    // Three clusters and two hosts that stand alone.
    let spec = FleetSpec { layout: Layout::Clusters(vec![4, 4, 4]), ..FleetSpec::new(14, 36, 7) };
    let survey = survey(spec, &[TableFormat::Parquet, TableFormat::Xlsx, TableFormat::RvtoolsCsv]).await;
    let artifacts = || survey.manifest.artifacts.values();
    let workbooks: Vec<_> = artifacts().filter(|artifact| artifact.format == ArtifactFormat::Xlsx).collect();
    let [workbook] = workbooks.as_slice() else { panic!("{workbooks:?}") };
    assert!(workbook.path.ends_with("/RVTools_export_all_2026-11-21_06.00.00.xlsx"), "{}", workbook.path);
    let bytes = survey.artifact(".xlsx").await;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.to_vec())).unwrap();
    let names = book.sheet_names();
    let sheets: BTreeMap<String, Sheet> =
        names.iter().map(|name| (name.clone(), Sheet::of(book.worksheet_range(name).unwrap()))).collect();

    sheets_are_whole(&names, &sheets);
    let all_rows: usize = sheets.values().map(Sheet::rows).sum();
    assert_eq!(workbook.rows, all_rows as u64);
    for artifact in artifacts().filter(|artifact| artifact.format == ArtifactFormat::Parquet) {
        let table = artifact.table.as_deref().unwrap();
        let Some((name, sheet)) = sheets.iter().find(|(name, _)| name.to_lowercase() == table) else {
            continue;
        };
        assert_eq!(sheet.rows() as u64, artifact.rows, "{name} has not the rows of its table");
    }
    assert!(sheets["vCPU"].rows() > 300, "a fleet of 500 VMs, more or less");
    cells_have_their_types(&sheets);
    words_are_the_known_ones(&sheets);
    nothing_wanted_is_blank(&sheets);
    vms_are_named_by_id(&sheets);

    let csv: BTreeMap<_, _> = artifacts()
        .filter(|artifact| artifact.format == ArtifactFormat::RvtoolsCsv)
        .map(|artifact| (artifact.path.rsplit('/').next().unwrap(), artifact))
        .collect();
    let expected =
        names.iter().filter(|name| *name != "vMetaData").map(|name| format!("RVTools_tab{name}.csv"));
    assert_eq!(
        csv.keys().copied().collect::<BTreeSet<_>>(),
        expected.collect::<Vec<_>>().iter().map(String::as_str).collect()
    );
    for (name, artifact) in csv {
        let sheet = &sheets[name.trim_start_matches("RVTools_tab").trim_end_matches(".csv")];
        assert_eq!(artifact.rows, sheet.rows() as u64, "{name}");
        let body = survey.artifact(name).await;
        let header = String::from_utf8(body.to_vec()).unwrap().split_once("\r\n").unwrap().0.to_owned();
        assert_eq!(header, sheet.headers.join(","), "{name}");
    }
}

/// All sheets in order, with the declared headers, and no blank row: readers stop there.
fn sheets_are_whole(names: &[String], sheets: &BTreeMap<String, Sheet>) {
    let declared = tabs(&every_table());
    assert_eq!(names, declared.iter().map(|tab| tab.title).collect::<Vec<_>>());
    for tab in &declared {
        let sheet = &sheets[tab.title];
        assert_eq!(sheet.range.start(), Some((0, 0)), "{}", tab.title);
        assert_eq!(sheet.headers, tab.columns.iter().map(|column| column.header).collect::<Vec<_>>());
        assert!(sheet.headers.iter().all(|header| !header.is_empty()), "{}", tab.title);
        for (number, row) in sheet.range.rows().enumerate() {
            assert!(
                row.iter().any(|cell| *cell != Data::Empty),
                "{}: row {} is blank",
                tab.title,
                number + 1
            );
        }
    }
}

fn cells_have_their_types(sheets: &BTreeMap<String, Sheet>) {
    for tab in tabs(&every_table()) {
        let sheet = &sheets[tab.title];
        for (number, column) in tab.columns.iter().enumerate() {
            let kind = kind(column, tab.table);
            for row in sheet.range.rows().skip(1) {
                let fits = match (&row[number], kind) {
                    (Data::Empty, _) => true,
                    (Data::String(text), Kind::Text) => !text.is_empty(),
                    (Data::Float(number), Kind::Number) => number.fract() == 0.0,
                    (Data::Float(_), Kind::Decimal) | (Data::DateTime(_), Kind::Date) => true,
                    _ => false,
                };
                assert!(fits, "{} `{}` is {kind:?}: {:?}", tab.title, column.header, row[number]);
            }
        }
    }
}

fn words_are_the_known_ones(sheets: &BTreeMap<String, Sheet>) {
    for (name, sheet) in sheets {
        for (header, words) in VOCABULARY {
            for cell in sheet.column(header).unwrap_or_default() {
                let known = matches!(cell, Data::String(text) if words.contains(&text.as_str()));
                assert!(known || *cell == Data::Empty, "{name} `{header}`: {cell:?}");
            }
        }
    }
    let vlans = ["vPort", "dvPort"].into_iter().filter_map(|name| sheets.get(name)?.column("VLAN"));
    for vlan in vlans.flatten() {
        assert!(matches!(vlan, Data::Float(id) if (0.0..=4095.0).contains(id)), "{vlan:?}");
    }
    let switches = |name: &str| {
        let cells = sheets.get(name).and_then(|sheet| sheet.column("Switch")).unwrap_or_default();
        cells
            .into_iter()
            .filter(|cell| **cell != Data::Empty)
            .map(ToString::to_string)
            .collect::<BTreeSet<_>>()
    };
    let missing: Vec<_> = switches("vNetwork").difference(&switches("dvSwitch")).cloned().collect();
    assert!(missing.is_empty(), "switches of vNetwork that dvSwitch does not know: {missing:?}");
}

fn nothing_wanted_is_blank(sheets: &BTreeMap<String, Sheet>) {
    let mut blank = BTreeSet::new();
    let of_unknown_size = vms_with_a_disk_of_unknown_size(sheets);
    let ids = VM_TABS.iter().map(|tab| ("RVTools itself", *tab, &["VM ID", "VM UUID"][..]));
    for (reader, tab, headers) in WANTED.iter().copied().chain(ids) {
        for header in headers {
            let cells = sheets[tab].column(header);
            let cells = cells.unwrap_or_else(|| panic!("{reader} wants {tab} `{header}`"));
            let vms =
                sheets[tab].column("VM UUID").filter(|_| tab == "vInfo" && SUMS_OF_DISKS.contains(header));
            let excused =
                |row: usize| vms.as_ref().is_some_and(|vms| of_unknown_size.contains(&vms[row].to_string()));
            if cells.iter().enumerate().any(|(row, cell)| **cell == Data::Empty && !excused(row)) {
                blank.insert((tab, *header));
            }
        }
    }
    assert!(blank.is_empty(), "blank where no reader takes a blank: {blank:?}");
}

fn vms_with_a_disk_of_unknown_size(sheets: &BTreeMap<String, Sheet>) -> BTreeSet<String> {
    let column = |header| sheets.get("vDisk").and_then(|sheet| sheet.column(header)).unwrap_or_default();
    let disks = column("VM UUID").into_iter().zip(column("Capacity MiB"));
    disks.filter(|(_, size)| **size == Data::Empty).map(|(vm, _)| vm.to_string()).collect()
}

fn vms_are_named_by_id(sheets: &BTreeMap<String, Sheet>) {
    let ids = |name: &str| sheets.get(name).and_then(|sheet| sheet.column("VM UUID")).unwrap_or_default();
    for name in ["vInfo", "vCPU", "vMemory"] {
        let told = ids(name);
        let unique: BTreeSet<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(unique.len(), told.len(), "{name} names a VM twice");
    }
}
