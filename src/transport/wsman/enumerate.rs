//! CIM instances by WQL: Enumerate, then Pull until the end (DSP0226, 8).

use std::collections::BTreeMap;

use crate::model::failure::{Failure, FailureKind};
use crate::transport::wsman::answer::Answer;
use crate::transport::wsman::conversation::Conversation;
use crate::transport::wsman::envelope::Request;
use crate::transport::wsman::exchange::Exchange;
use crate::transport::wsman::words;
use crate::transport::wsman::xml::Element;

/// Instances asked for at a time; the envelope's size is the true bound, and WinRM sends
/// fewer when they do not fit.
const MAX_ELEMENTS: u32 = 2000;

/// One CIM instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// `Msvm_VirtualSystemSettingData`.
    pub class: String,
    pub properties: BTreeMap<String, Property>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    Null,
    /// As it stands on the wire: numbers in decimal, `true`/`false`, dates as xs:dateTime.
    Single(String),
    /// Several elements of one name. An array of one cannot be told from a single value.
    Array(Vec<String>),
}

impl Instance {
    /// The value of a property that is there, is not null and is no array.
    pub fn single(&self, name: &str) -> Option<&str> {
        match self.properties.get(name)? {
            Property::Single(value) => Some(value),
            Property::Null | Property::Array(_) => None,
        }
    }

    fn read(element: &Element) -> Self {
        let mut instance = Self { class: element.name.clone(), properties: BTreeMap::new() };
        for property in &element.children {
            let slot = instance.properties.entry(property.name.clone());
            let value = || property.all_text().trim().to_owned();
            slot.and_modify(|present| present.push(value())).or_insert_with(|| {
                if property.is_nil() { Property::Null } else { Property::Single(value()) }
            });
        }
        instance
    }
}

impl Property {
    fn push(&mut self, value: String) {
        *self = match std::mem::replace(self, Self::Null) {
            Self::Null => Self::Single(value),
            Self::Single(first) => Self::Array(vec![first, value]),
            Self::Array(mut values) => {
                values.push(value);
                Self::Array(values)
            }
        };
    }
}

impl<E: Exchange> Conversation<E> {
    /// All instances a WQL query finds in a namespace (`root/virtualization/v2`), `most` at
    /// the utmost: one more is [`FailureKind::OutputLimit`].
    pub async fn query(&mut self, namespace: &str, wql: &str, most: usize) -> Result<Vec<Instance>, Failure> {
        let mut found = Vec::new();
        let mut request = Request::enumerate(namespace, wql, MAX_ELEMENTS);
        loop {
            let answer = self.call(&request).await.map_err(Failure::from)?;
            let page = Page::read(&answer)?;
            let is_dry = page.items.is_empty();
            found.extend(page.items);
            if found.len() > most {
                let message = format!("more than {most} instances");
                return Err(Failure::new(FailureKind::OutputLimit, message));
            }
            match page.context {
                None => return Ok(found),
                Some(_) if is_dry && request.action == words::PULL => {
                    let message = "the enumeration goes on without instances";
                    return Err(Failure::new(FailureKind::Protocol, message));
                }
                Some(context) => request = Request::pull(namespace, &context, MAX_ELEMENTS),
            }
        }
    }
}

/// What one Enumerate or Pull brought.
struct Page {
    items: Vec<Instance>,
    /// Absent at the end of the sequence.
    context: Option<String>,
}

impl Page {
    fn read(answer: &Answer) -> Result<Self, Failure> {
        let body = &answer.body;
        let response = body.child("EnumerateResponse").or_else(|| body.child("PullResponse"));
        let response = response
            .ok_or_else(|| Failure::new(FailureKind::Protocol, "enumerate answer holds no sequence"))?;
        let items = response.child("Items").map_or(&[][..], |items| &items.children);
        let context = response
            .child("EnumerationContext")
            .map(|context| context.trimmed().to_owned())
            .filter(|context| !context.is_empty() && response.child("EndOfSequence").is_none());
        Ok(Self { items: items.iter().map(Instance::read).collect(), context })
    }
}
