//! What a load run leaves for people: a page, a picture, and the numbers behind them.

pub mod course;
pub mod dossier;
pub mod figures;
pub mod files;
pub mod judged;
pub mod memory;
pub mod page;
pub mod style;
