//! The 27 tabs of an RVTools workbook, in the order in which readers expect them.

use crate::tables::catalogue;
use crate::tables::header_only::HEADER_ONLY;
use crate::tables::sheet::{Form, SheetColumn};
use crate::tables::table::TableSpec;

/// The titles of all tabs. Those of RVTools 4.x; the order is part of the format.
pub const TITLES: [&str; 27] = [
    "vInfo",
    "vCPU",
    "vMemory",
    "vDisk",
    "vPartition",
    "vNetwork",
    "vCD",
    "vUSB",
    "vSnapshot",
    "vTools",
    "vSource",
    "vRP",
    "vCluster",
    "vHost",
    "vHBA",
    "vNIC",
    "vSwitch",
    "vPort",
    "dvSwitch",
    "dvPort",
    "vSC_VMK",
    "vDatastore",
    "vMultiPath",
    "vLicense",
    "vFileInfo",
    "vHealth",
    "vMetaData",
];

/// One tab of a workbook.
pub struct Tab {
    pub title: &'static str,
    /// In RVTools' order; never empty.
    pub columns: Vec<SheetColumn>,
    /// Whose rows it shows; absent for a tab that has its headers only.
    pub table: Option<&'static TableSpec>,
}

impl Tab {
    /// A table's own tab, where it has one.
    pub fn of(table: &'static TableSpec) -> Option<Self> {
        let sheet = table.sheet?;
        Some(Self { title: sheet.title, columns: (sheet.columns)(), table: Some(table) })
    }

    fn header_only(title: &str) -> Option<Self> {
        let tab = HEADER_ONLY.iter().find(|tab| tab.title == title)?;
        let columns = tab.headers.iter().map(|header| SheetColumn { header, form: Form::Blank });
        Some(Self { title: tab.title, columns: columns.collect(), table: None })
    }
}

/// All tabs in order. Those of the tables that were asked for show their rows, the others
/// their headers.
pub fn tabs(asked: &[&'static TableSpec]) -> Vec<Tab> {
    let tab = |title: &&str| {
        let declared = catalogue::all().find(|spec| spec.sheet.is_some_and(|sheet| sheet.title == *title));
        let mut tab = declared.and_then(Tab::of).or_else(|| Tab::header_only(title))?;
        tab.table = tab.table.filter(|table| asked.iter().any(|asked| asked.id == table.id));
        Some(tab)
    };
    TITLES.iter().filter_map(tab).collect()
}
