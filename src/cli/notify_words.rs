//! `lustrum schema notify`: the variables of a notification's template.

use serde::Serialize;

use crate::cli::columns::Columns;
use crate::cli::terminal::{Look, Paint};
use crate::notify::variable::{VARIABLES, Variable};

/// A variable for programs.
#[derive(Serialize)]
pub struct VariableView {
    variable: &'static str,
    doc: &'static str,
}

pub fn views() -> Vec<VariableView> {
    let view = |variable: &Variable| VariableView { variable: variable.name, doc: variable.doc };
    VARIABLES.iter().map(view).collect()
}

pub fn text(look: Look) -> String {
    let mut columns = Columns::default();
    for variable in &VARIABLES {
        columns.row([format!("{{{{{}}}}}", variable.name), variable.doc.to_owned()]);
    }
    let mut lines = vec![look.paint(Paint::Strong, "Variables of a template in [[notify]]"), String::new()];
    lines.extend(columns.lines(look.width));
    lines.push(String::new());
    lines.push(
        "  In JSON a text that is one variable becomes its value with its type: \"{{hosts}}\" is a number."
            .to_owned(),
    );
    lines.join("\n")
}
