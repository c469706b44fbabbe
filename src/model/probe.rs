//! What a probe is called, and how it ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Held,
    Broken,
    /// There was no value to judge.
    Unknown,
}

/// One condition and the value it was held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    pub expression: String,
    pub value: Option<f64>,
    /// The value as people read it, with its unit, or why there is none.
    pub shown: String,
    pub finding: Finding,
}
