//! A table's columns in Delta's words, and how a schema grows.
//!
//! The form is that of the Delta protocol, "Schema Serialization Format".

use arrow_schema::{DataType, Schema};
use serde_json::{Value as Json, json};

/// The column that no file holds: it stands in the names of folders.
pub const PARTITION: &str = "run_date";

/// One column: `name`, `type`, `nullable`, `metadata`.
pub type Field = Json;

/// A column that two schemas hold with different types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    pub column: String,
    pub known: String,
    pub ours: String,
}

/// The day of the run, then the columns of the files.
pub fn of(schema: &Schema) -> Vec<Field> {
    let field = |name: &str, word: Json, nullable: bool| json!({ "name": name, "type": word, "nullable": nullable, "metadata": {} });
    let columns = schema
        .fields()
        .iter()
        .map(|column| field(column.name(), word(column.data_type()), column.is_nullable()));
    std::iter::once(field(PARTITION, json!("date"), true)).chain(columns).collect()
}

fn word(data_type: &DataType) -> Json {
    match data_type {
        DataType::Int64 => json!("long"),
        DataType::Float64 => json!("double"),
        DataType::Boolean => json!("boolean"),
        // Ours are in UTC, which is what Delta's plain `timestamp` means.
        DataType::Timestamp(..) => json!("timestamp"),
        DataType::List(item) => {
            json!({ "type": "array", "elementType": word(item.data_type()), "containsNull": item.is_nullable() })
        }
        // All else that a cell may be.
        _ => json!("string"),
    }
}

/// What a table with the `known` columns must hold besides to take files with `ours`: `None`
/// when nothing. Columns that only others know stay, new ones come at the end.
pub fn grown(known: &[Field], ours: &[Field]) -> Result<Option<Vec<Field>>, Clash> {
    let mut all = known.to_vec();
    for field in ours {
        match known.iter().find(|old| old["name"] == field["name"]) {
            None => all.push(field.clone()),
            Some(old) if old["type"] == field["type"] => {}
            Some(old) => {
                let column = field["name"].as_str().unwrap_or_default().to_owned();
                let (known, ours) = (old["type"].to_string(), field["type"].to_string());
                return Err(Clash { column, known, ours });
            }
        }
    }
    Ok((all.len() > known.len()).then_some(all))
}

/// The columns as `schemaString` holds them.
pub fn write(fields: &[Field]) -> String {
    json!({ "type": "struct", "fields": fields }).to_string()
}

pub fn read(schema: &str) -> Result<Vec<Field>, String> {
    let read: Json = serde_json::from_str(schema).map_err(|error| error.to_string())?;
    read["fields"].as_array().cloned().ok_or_else(|| "the schema is no struct".to_owned())
}
