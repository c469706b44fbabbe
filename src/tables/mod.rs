//! Every table Lustrum publishes, declared once: a row type per table, its columns, its schema.

pub mod audit;
pub mod catalogue;
pub mod cell;
pub mod columns;
pub mod derived;
pub mod header_only;
pub mod history;
pub mod inventory;
pub mod samples;
pub mod sheet;
pub mod table;
pub mod tabs;
