//! The second face of a table: an RVTools tab, column by column in RVTools' order.
//!
//! A tab is declared beside the columns it shows (`sheet { … }` in [`table!`](crate::table)),
//! so a header can only name a column that exists. The exact headers are those of real
//! exports; `tests/it/golden/rvtools_tabs.json` keeps them.

/// One tab as declared.
#[derive(Clone, Copy)]
pub struct Sheet {
    /// The tab's name, `vInfo`.
    pub title: &'static str,
    pub columns: fn() -> Vec<SheetColumn>,
}

/// One column of a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetColumn {
    pub header: &'static str,
    pub form: Form,
}

/// Where the cells of a tab's column come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// No platform of ours has this fact: always an empty cell.
    Blank,
    /// The same word in every row.
    Word(&'static str),
    /// A column of the row's own table.
    Own(&'static str, Unit),
    /// A column of vInfo, in the row of the same host and VM.
    Vm(&'static str, Unit),
    /// Where the row's host stands: known for every host, also one that told little.
    Place(PlaceFact),
}

/// How a typed value is shown. Without a word of its own a value is shown by its type:
/// text as text, numbers as numbers, a bool as the text `True` or `False`, an instant as a
/// date, a list as its items joined by `, `.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    AsIs,
    /// Bytes, shown as MiB rounded to whole numbers.
    Mib,
    /// Bytes, shown as KiB.
    Kib,
    /// Seconds, shown as milliseconds.
    Milliseconds,
    /// A bool, shown as `Yes` or `No`.
    YesNo,
}

/// What is known of the place of every host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceFact {
    /// The site label of the configuration.
    Datacenter,
    /// The cluster, or the host's own name when it stands alone.
    Cluster,
    /// The cluster's name, or the host's when it stands alone: what was asked.
    SdkServer,
    /// UUIDv5 of that name: the same in every run.
    SdkUuid,
}

impl PlaceFact {
    pub const fn header(self) -> &'static str {
        match self {
            Self::Datacenter => "Datacenter",
            Self::Cluster => "Cluster",
            Self::SdkServer => "VI SDK Server",
            Self::SdkUuid => "VI SDK UUID",
        }
    }
}

/// Where a host stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub datacenter: String,
    pub cluster: String,
    pub sdk_server: String,
    pub sdk_uuid: String,
}

impl Place {
    pub fn fact(&self, fact: PlaceFact) -> &str {
        match fact {
            PlaceFact::Datacenter => &self.datacenter,
            PlaceFact::Cluster => &self.cluster,
            PlaceFact::SdkServer => &self.sdk_server,
            PlaceFact::SdkUuid => &self.sdk_uuid,
        }
    }
}
