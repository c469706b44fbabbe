//! CIM over WS-Management: Enumerate, Pull and Release with WQL (DSP0226 8, DSP0227).

use std::collections::{HashMap, VecDeque};

use crate::simulator::envelope::escape;
use crate::simulator::fault::Fault;
use crate::simulator::guest::Guest;
use crate::simulator::host::Host;
use crate::simulator::hostile;
use crate::simulator::machine::Machine;
use crate::simulator::soap::{Element, Request};
use crate::simulator::wsmanfault::{self, WsmanFault};

const WMI: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
const CIMV2: &str = "root/cimv2";
const VIRTUALIZATION: &str = "root/virtualization/v2";
/// Enumerations a host keeps; the oldest gives way.
const KEPT_ENUMERATIONS: usize = 100;
/// What an answer holds beside the items.
const ENVELOPE_OVERHEAD_BYTES: usize = 2048;

/// Items that are still to be pulled, by enumeration context.
#[derive(Default)]
pub struct Enumerations {
    rest: HashMap<String, VecDeque<String>>,
    order: VecDeque<String>,
}

impl Enumerations {
    fn keep(&mut self, context: String, items: VecDeque<String>) {
        if self.order.len() >= KEPT_ENUMERATIONS {
            self.order.pop_front().and_then(|oldest| self.rest.remove(&oldest));
        }
        self.order.push_back(context.clone());
        self.rest.insert(context, items);
    }

    fn take(&mut self, context: &str) -> Option<VecDeque<String>> {
        self.order.retain(|kept| kept != context);
        self.rest.remove(context)
    }
}

/// A value of a property as XML writes it.
enum Value {
    Text(String),
    /// `xsi:nil`.
    Null,
    /// One element per member.
    Many(Vec<String>),
    /// CIM datetime: an element of its own.
    Instant(String),
}

type Instance = Vec<(&'static str, Value)>;

/// Enumerate: with OptimizeEnumeration the first items come at once (DSP0226 8.2.3).
pub fn enumerate(request: &Request, host: &Host) -> Result<String, WsmanFault> {
    let asked = request.body.child("Enumerate").ok_or(wsmanfault::BAD_FILTER)?;
    let mut items = find(request, asked, host)?;
    let context = host.new_id();
    let optimized = asked.child("OptimizeEnumeration").is_some();
    let now = if optimized { take_items(&mut items, max_elements(asked), request) } else { String::new() };
    let end = optimized && items.is_empty();
    if !end {
        host.with_enumerations(|enumerations| enumerations.keep(context.clone(), items));
    }
    let items = if optimized { format!("<w:Items>{now}</w:Items>") } else { String::new() };
    let end = if end { "<w:EndOfSequence/>" } else { "" };
    Ok(format!(
        "<n:EnumerateResponse><n:EnumerationContext>uuid:{context}</n:EnumerationContext>{items}{end}</n:EnumerateResponse>"
    ))
}

/// Pull: one item unless MaxElements says more (DSP0226 8.4), as many as the envelope holds.
pub fn pull(request: &Request, host: &Host) -> Result<String, WsmanFault> {
    let asked = request.body.child("Pull").ok_or(wsmanfault::BAD_CONTEXT)?;
    let context = context_of(asked);
    let taken = host.with_enumerations(|enumerations| enumerations.take(context));
    let mut items = taken.ok_or(wsmanfault::BAD_CONTEXT)?;
    let now = take_items(&mut items, max_elements(asked), request);
    if items.is_empty() {
        return Ok(format!("<n:PullResponse><n:Items>{now}</n:Items><n:EndOfSequence/></n:PullResponse>"));
    }
    host.with_enumerations(|enumerations| enumerations.keep(context.to_owned(), items));
    Ok(format!(
        "<n:PullResponse><n:EnumerationContext>uuid:{context}</n:EnumerationContext><n:Items>{now}</n:Items></n:PullResponse>"
    ))
}

/// Release: the rest is not wanted (DSP0226 8.6).
pub fn release(request: &Request, host: &Host) -> Result<String, WsmanFault> {
    let asked = request.body.child("Release").ok_or(wsmanfault::BAD_CONTEXT)?;
    let taken = host.with_enumerations(|enumerations| enumerations.take(context_of(asked)));
    taken.map(|_| String::new()).ok_or(wsmanfault::BAD_CONTEXT)
}

fn context_of(asked: &Element) -> &str {
    let text = asked.child("EnumerationContext").map_or("", Element::trimmed);
    text.strip_prefix("uuid:").unwrap_or(text)
}

fn max_elements(asked: &Element) -> usize {
    asked.child("MaxElements").and_then(|most| most.trimmed().parse().ok()).unwrap_or(1)
}

fn take_items(items: &mut VecDeque<String>, most: usize, request: &Request) -> String {
    let budget = request.max_envelope_bytes.saturating_sub(ENVELOPE_OVERHEAD_BYTES);
    let mut taken = String::new();
    for _ in 0..most {
        let fits = items.front().is_some_and(|item| taken.is_empty() || taken.len() + item.len() <= budget);
        match items.pop_front_if(|_| fits) {
            Some(item) => taken.push_str(&item),
            None => break,
        }
    }
    taken
}

/// A query: which class, which properties (none: all), which condition.
struct Query {
    class: String,
    properties: Vec<String>,
    condition: Option<(String, String)>,
}

fn find(request: &Request, asked: &Element, host: &Host) -> Result<VecDeque<String>, WsmanFault> {
    let path = request.resource_uri.strip_prefix(WMI).ok_or(wsmanfault::BAD_NAMESPACE)?;
    let (namespace, class) = path.rsplit_once('/').ok_or(wsmanfault::BAD_NAMESPACE)?;
    let query = match asked.child("Filter") {
        Some(filter) => wql(filter.trimmed()).ok_or(wsmanfault::BAD_FILTER)?,
        None => Query { class: class.to_owned(), properties: Vec::new(), condition: None },
    };
    let namespace = namespace.to_ascii_lowercase();
    let instances = instances(&namespace, &query.class, host)?;
    let fits = |instance: &Instance| {
        query.condition.as_ref().is_none_or(|(name, wanted)| {
            instance.iter().any(|(own, value)| match value {
                Value::Text(text) => own.eq_ignore_ascii_case(name) && text.eq_ignore_ascii_case(wanted),
                _ => false,
            })
        })
    };
    Ok(instances.into_iter().filter(fits).map(|instance| item(&namespace, &query, &instance)).collect())
}

/// `SELECT a, b FROM Class WHERE name = 'value'`: the part of WQL that a census needs.
fn wql(text: &str) -> Option<Query> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = text.to_ascii_lowercase();
    let from = lower.find(" from ")?;
    let selected = text.get("select ".len()..from).filter(|_| lower.starts_with("select "))?;
    let rest = &text[from + " from ".len()..];
    let (class, condition) = match rest.to_ascii_lowercase().find(" where ") {
        Some(at) => (&rest[..at], Some(condition(&rest[at + " where ".len()..])?)),
        None => (rest, None),
    };
    let properties = match selected.trim() {
        "*" => Vec::new(),
        list => list.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    Some(Query { class: class.trim().to_owned(), properties, condition })
}

fn condition(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let value = value.trim().trim_matches(['\'', '"']).replace("\\\\", "\\");
    Some((name.trim().to_owned(), value))
}

fn instances(namespace: &str, class: &str, host: &Host) -> Result<Vec<Instance>, WsmanFault> {
    let machine = host.world().machine(host.index());
    let faults = host.faults();
    match (namespace, class.to_ascii_lowercase().as_str()) {
        (CIMV2, "win32_operatingsystem") => Ok(vec![operating_system(&machine)]),
        (VIRTUALIZATION, _) if faults.has(&Fault::NoRole) => Err(wsmanfault::BAD_NAMESPACE),
        (VIRTUALIZATION, _) if faults.has(&Fault::BaselineError) => Err(wsmanfault::ACCESS_DENIED),
        (VIRTUALIZATION, "msvm_computersystem") => {
            let systems = guests(host).iter().map(computer_system).collect::<Vec<_>>();
            Ok(std::iter::once(host_system(&machine)).chain(systems).collect())
        }
        (VIRTUALIZATION, "msvm_virtualsystemsettingdata") => {
            Ok(guests(host).iter().flat_map(|guest| setting_data(guest, &machine)).collect())
        }
        (CIMV2 | VIRTUALIZATION, _) => Err(wsmanfault::BAD_CLASS),
        _ => Err(wsmanfault::BAD_NAMESPACE),
    }
}

fn guests(host: &Host) -> Vec<Guest> {
    let empty = host.faults().has(&Fault::EmptyNode) || host.faults().has(&Fault::EmptyUnproven);
    if empty { Vec::new() } else { host.world().guests(host.index()) }
}

fn operating_system(machine: &Machine) -> Instance {
    vec![
        ("BuildNumber", text(machine.windows.build)),
        ("Caption", text(machine.windows.caption)),
        ("CSName", text(&machine.computer_name)),
        ("FreePhysicalMemory", text(machine.free_memory_kib)),
        ("LastBootUpTime", Value::Instant(machine.started_at.clone())),
        ("TotalVisibleMemorySize", text(machine.hardware.memory_gib * 1024 * 1024)),
        ("Version", text(machine.os_version())),
    ]
}

/// The host is a Msvm_ComputerSystem too; its Name is no GUID.
fn host_system(machine: &Machine) -> Instance {
    vec![
        ("Caption", text("Hosting Computer System")),
        ("ElementName", text(&machine.computer_name)),
        ("EnabledState", text(2)),
        ("Name", text(&machine.computer_name)),
        ("OnTimeInMilliseconds", Value::Null),
    ]
}

fn computer_system(guest: &Guest) -> Instance {
    vec![
        ("Caption", text("Virtual Machine")),
        ("ElementName", text(&guest.name)),
        ("EnabledState", text(guest.state.enabled_state)),
        ("Name", text(guest.id.to_uppercase())),
        ("OnTimeInMilliseconds", text(guest.uptime_s * 1000)),
    ]
}

/// The realized settings of a VM, and one set for every checkpoint.
fn setting_data(guest: &Guest, machine: &Machine) -> Vec<Instance> {
    let settings = |kind: &str, name: &str, instance: &str, created_at: &str| {
        vec![
            ("ConfigurationID", text(guest.id.to_uppercase())),
            ("CreationTime", Value::Instant(created_at.to_owned())),
            ("ElementName", text(name)),
            ("InstanceID", text(format!("Microsoft:{}", instance.to_uppercase()))),
            (
                "Notes",
                if guest.notes.is_empty() { Value::Null } else { Value::Many(vec![guest.notes.clone()]) },
            ),
            ("Version", crate::simulator::payload::vm::version(guest, machine).map_or(Value::Null, text)),
            ("VirtualSystemIdentifier", text(guest.id.to_uppercase())),
            ("VirtualSystemType", text(kind)),
        ]
    };
    let realized = settings("Microsoft:Hyper-V:System:Realized", &guest.name, &guest.id, &guest.created_at);
    let checkpoints = guest.checkpoints.iter().map(|checkpoint| {
        settings(
            "Microsoft:Hyper-V:Snapshot:Realized",
            &checkpoint.name,
            &checkpoint.id,
            &checkpoint.created_at,
        )
    });
    std::iter::once(realized).chain(checkpoints).collect()
}

fn text(value: impl ToString) -> Value {
    Value::Text(value.to_string())
}

/// A whole instance stands under its class's namespace; a selection is an XmlFragment of
/// bare names (DSP0226 7.7).
fn item(namespace: &str, query: &Query, instance: &Instance) -> String {
    if query.properties.is_empty() {
        let class = escape(&query.class);
        let properties: String =
            instance.iter().map(|(name, value)| property("p:", "cim:", name, value)).collect();
        return format!(
            "<p:{class} xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:p=\"{WMI}{namespace}/{class}\" \
             xmlns:cim=\"http://schemas.dmtf.org/wbem/wscim/1/common\" xsi:type=\"p:{class}_Type\">{properties}</p:{class}>"
        );
    }
    let chosen = query
        .properties
        .iter()
        .filter_map(|name| instance.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)));
    let properties: String = chosen.map(|(name, value)| property("", "", name, value)).collect();
    format!(
        "<w:XmlFragment xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{properties}</w:XmlFragment>"
    )
}

fn property(prefix: &str, cim: &str, name: &str, value: &Value) -> String {
    let plain = |text: &str| format!("<{prefix}{name}>{}</{prefix}{name}>", escape(&fit_for_xml(text)));
    match value {
        Value::Text(text) => plain(text),
        Value::Many(members) => members.iter().map(|member| plain(member)).collect(),
        Value::Null => format!("<{prefix}{name} xsi:nil=\"true\"/>"),
        Value::Instant(instant) => {
            format!("<{prefix}{name}><{cim}Datetime>{instant}</{cim}Datetime></{prefix}{name}>")
        }
    }
}

/// XML 1.0 has no place for control characters; the service leaves them out.
fn fit_for_xml(text: &str) -> String {
    let fits = |letter: &char| !letter.is_control() || matches!(letter, '\t' | '\r' | '\n');
    text.chars().filter(|letter| fits(letter) && *letter != hostile::LONE_SURROGATE).collect()
}
