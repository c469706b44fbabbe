//! What kind of number a measured value is, its units, and how people read it.

use std::fmt;

/// A kind of number. A value is always in the base unit that stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Milliseconds.
    Time,
    /// Percent, 0 to 100.
    Share,
    /// Per second.
    Rate,
    Count,
    /// Bytes.
    Size,
}

impl Quantity {
    pub const ALL: [Self; 5] = [Self::Time, Self::Share, Self::Rate, Self::Count, Self::Size];

    /// Units people may write, each with its factor to the base unit.
    pub const fn units(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Time => &[("us", 0.001), ("ms", 1.0), ("s", 1_000.0), ("min", 60_000.0)],
            Self::Share => &[("%", 1.0)],
            Self::Rate => &[("/s", 1.0)],
            Self::Count => &[],
            Self::Size => &[
                ("B", 1.0),
                ("kB", 1_000.0),
                ("MB", 1_000_000.0),
                ("GB", 1_000_000_000.0),
                ("KiB", 1_024.0),
                ("MiB", 1_048_576.0),
                ("GiB", 1_073_741_824.0),
            ],
        }
    }

    /// The factor of a unit; nothing stands for `""` where people must write one.
    pub fn factor(self, unit: &str) -> Option<f64> {
        if unit.is_empty() {
            return (self != Self::Time).then_some(1.0);
        }
        self.units().iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
    }

    /// What a limit of this kind looks like.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Time => "a time with its unit: us, ms, s or min, such as 250ms",
            Self::Share => "a share from 0 to 100 such as 95%",
            Self::Rate => "a number a second such as 50 or 50/s",
            Self::Count => "a plain number such as 0",
            Self::Size => "a size such as 1500, 64KiB or 2MB",
        }
    }

    /// A value with its unit, as short as it may be without hiding much.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Time if value.abs() < 0.9995 => format!("{:.0} us", value * 1_000.0),
            Self::Time if value.abs() < 999.5 => format!("{} ms", Short(value)),
            Self::Time if value.abs() < 59_995.0 => format!("{:.2} s", value / 1_000.0),
            Self::Time => format!("{:.1} min", value / 60_000.0),
            Self::Share => format!("{} %", Short(value)),
            Self::Rate => format!("{}/s", Short(value)),
            Self::Count => Short(value).to_string(),
            Self::Size if value.abs() < 1_024.0 => format!("{value:.0} B"),
            Self::Size if value.abs() < 1_048_576.0 => format!("{:.1} KiB", value / 1_024.0),
            Self::Size if value.abs() < 1_073_741_824.0 => format!("{:.1} MiB", value / 1_048_576.0),
            Self::Size => format!("{:.1} GiB", value / 1_073_741_824.0),
        }
    }

    /// All of a value, for where its short form would read like the limit that it missed.
    pub fn show_exactly(self, value: f64) -> String {
        match self {
            Self::Time => format!("{value} ms"),
            Self::Share => format!("{value} %"),
            Self::Rate => format!("{value}/s"),
            Self::Count => value.to_string(),
            Self::Size => format!("{value} B"),
        }
    }
}

/// Three digits that count, more for whole numbers.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0.abs() {
            value if self.0 == self.0.trunc() || value >= 1_000.0 => 0,
            value if value >= 100.0 => 1,
            _ => 2,
        };
        let text = format!("{:.digits$}", self.0);
        f.write_str(if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text })
    }
}
