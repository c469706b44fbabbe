//! Instances of a CIM class by WQL, without starting a process there: Enumerate and Pull
//! (DSP0226 8, MS-WSMV 3.1.4.1.1).

use crate::transport::wsman::channel::Exchange;
use crate::transport::wsman::conversation::Conversation;
use crate::transport::wsman::envelope::{Action, WQL_DIALECT, escape};
use crate::transport::wsman::error::WsmanError;

/// Instances in one Pull.
const MOST_ELEMENTS: u32 = 250;

/// One instance: property names and their texts, in the order they came. Null properties
/// are left out; an array property has one entry a value.
pub type Instance = Vec<(String, String)>;

/// All instances a query selects, in a namespace such as `root/virtualization/v2`.
/// More than `most` is `WsmanError::OutputLimit`.
pub async fn enumerate<E: Exchange>(
    conversation: &mut Conversation<E>,
    namespace: &str,
    wql: &str,
    most: u64,
) -> Result<Vec<Instance>, WsmanError> {
    let resource = format!("http://schemas.microsoft.com/wbem/wsman/1/wmi/{}/*", namespace.trim_matches('/'));
    let body = format!(
        "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{MOST_ELEMENTS}</w:MaxElements>\
         <w:Filter Dialect=\"{WQL_DIALECT}\">{}</w:Filter></n:Enumerate>",
        escape(wql)
    );
    let mut answer = conversation.ask(Action::Enumerate, &resource, None, &[], &body).await?;
    let mut instances = Vec::new();
    loop {
        instances.append(&mut answer.items);
        if instances.len() as u64 > most {
            return Err(WsmanError::OutputLimit(most));
        }
        if answer.end_of_sequence {
            return Ok(instances);
        }
        let Some(context) = answer.enumeration_context.filter(|context| !context.is_empty()) else {
            return Err(WsmanError::Protocol("an enumeration that neither ends nor goes on".to_owned()));
        };
        let body = format!(
            "<n:Pull><n:EnumerationContext>{}</n:EnumerationContext><n:MaxElements>{MOST_ELEMENTS}</n:MaxElements></n:Pull>",
            escape(&context)
        );
        answer = conversation.ask(Action::Pull, &resource, None, &[], &body).await?;
    }
}
