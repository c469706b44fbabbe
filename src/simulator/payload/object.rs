//! One object of a payload, and how it is written.

use crate::simulator::guest::Guest;
use crate::simulator::hostile;

/// One object of a payload: its JSON, and the VM it tells of.
#[derive(Debug)]
pub struct Object {
    pub json: String,
    pub vm_id: Option<String>,
}

impl Object {
    pub fn new(vm_id: Option<String>, json: String) -> Self {
        Self { json: hostile::with_surrogates(json), vm_id }
    }
}

/// Writes one flat object. The order is the contract's, for people who read along.
#[macro_export]
macro_rules! wire_object {
    ($vm_id:expr; $($name:literal: $value:expr),+ $(,)?) => {{
        let mut json = String::with_capacity(512);
        $(
            json.push(if json.is_empty() { '{' } else { ',' });
            json.push_str(concat!("\"", $name, "\":"));
            json.push_str(&serde_json::to_string(&$value).expect("plain values are JSON"));
        )+
        json.push('}');
        $crate::simulator::payload::object::Object::new($vm_id, json)
    }};
}

/// One object a VM.
pub fn each(guests: &[Guest], object: impl Fn(&Guest) -> Object) -> Vec<Object> {
    guests.iter().map(object).collect()
}

pub fn id(guest: &Guest) -> Option<String> {
    Some(guest.id.clone())
}
