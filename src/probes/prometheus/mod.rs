//! Whether metrics are as they should be, and whether the queries of dashboards can have an answer.

pub mod api;
pub mod dashboard;
pub mod element;
pub mod endpoint;
pub mod judge;
pub mod labels;
pub mod measure;
pub mod pick;
pub mod promql;
pub mod question;
pub mod reference;
pub mod resolve;
pub mod rule;
pub mod scene;
pub mod server;
pub mod source;
pub mod substitution;
pub mod variable;
pub mod verdict;
