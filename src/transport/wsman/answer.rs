//! What an answer says: its RelatesTo, its fault if it has one, and the parts of its body.
//!
//! Elements are known by their local names: services differ in prefixes, and within the
//! answers to our requests no two vocabularies share one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::transport::shell::{Identity, Received};
use crate::transport::wsman::error::{Fault, WsmanError};

const DONE: &str = "/CommandState/Done";

/// An answer read whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub relates_to: Option<String>,
    pub fault: Option<Fault>,
    /// Selector or `rsp:ShellId`.
    pub shell_id: Option<String>,
    pub command_id: Option<String>,
    pub received: Received,
    /// CommandState is Done.
    pub done: bool,
    pub enumeration_context: Option<String>,
    pub end_of_sequence: bool,
    /// Instances of an enumeration: property names and texts, null properties left out.
    pub items: Vec<Vec<(String, String)>>,
    pub identity: Identity,
}

/// Where in the body the reader stands.
#[derive(Default)]
struct Place {
    path: Vec<String>,
    text: String,
    stream: Option<Stream>,
    is_shell_selector: bool,
    /// Depth of `Items`, inside which everything is data.
    items_depth: Option<usize>,
    is_nil: bool,
    /// Lets only the first Reason stand.
    has_reason: bool,
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

/// Reads an envelope. Text that is no XML, or XML that is no envelope, is an error.
pub fn read(xml: &str) -> Result<Answer, WsmanError> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut reading = Reading::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => reading.start(&start)?,
            Ok(Event::Text(text)) => {
                reading.place.text.push_str(&text.xml10_content());
            }
            Ok(Event::CData(data)) => {
                reading.place.text.push_str(&data);
            }
            Ok(Event::GeneralRef(reference)) => reading.reference(&reference)?,
            Ok(Event::End(_)) => reading.end()?,
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => return Err(not_xml(&error)),
        }
    }
    if !reading.is_envelope || !reading.place.path.is_empty() {
        return Err(WsmanError::Protocol("no whole soap envelope".to_owned()));
    }
    reading.answer.received = Received {
        stdout: reading.stdout.freeze(),
        stderr: reading.stderr.freeze(),
        exit_code: reading.answer.received.exit_code,
    };
    Ok(reading.answer)
}

#[derive(Default)]
struct Reading {
    answer: Answer,
    place: Place,
    stdout: BytesMut,
    stderr: BytesMut,
    is_envelope: bool,
}

impl Reading {
    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), WsmanError> {
        let name = start.local_name().as_ref().to_owned();
        if self.place.path.is_empty() {
            self.is_envelope = name == "Envelope";
        }
        self.place.text.clear();
        self.place.is_nil = false;
        let depth = self.place.path.len();
        if self.place.items_depth.is_none() {
            match name.as_str() {
                "Items" => self.place.items_depth = Some(depth),
                "Fault" => {
                    self.answer.fault.get_or_insert_default();
                }
                "WSManFault" => {
                    let number = attribute(start, "Code")?.and_then(|code| code.parse().ok());
                    let fault = self.answer.fault.get_or_insert_default();
                    fault.number = number.or(fault.number);
                }
                "ProviderFault" => {
                    let provider = attribute(start, "provider")?;
                    self.answer.fault.get_or_insert_default().provider = provider;
                }
                "Selector" => {
                    self.place.is_shell_selector = attribute(start, "Name")?.as_deref() == Some("ShellId");
                }
                "Stream" => {
                    self.place.stream = match attribute(start, "Name")?.as_deref() {
                        Some("stdout") => Some(Stream::Stdout),
                        Some("stderr") => Some(Stream::Stderr),
                        _ => None,
                    };
                }
                "CommandState" => {
                    self.answer.done |= attribute(start, "State")?.is_some_and(|state| state.ends_with(DONE));
                }
                _ => {}
            }
        } else {
            if self.place.items_depth == Some(depth - 1) {
                self.answer.items.push(Vec::new());
            }
            self.place.is_nil = attribute(start, "nil")?.as_deref() == Some("true");
        }
        self.place.path.push(name);
        Ok(())
    }

    fn reference(&mut self, reference: &quick_xml::events::BytesRef<'_>) -> Result<(), WsmanError> {
        let resolved = match reference.resolve_char_ref() {
            Ok(Some(character)) => Some(character),
            Ok(None) => match &**reference {
                "amp" => Some('&'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                _ => None,
            },
            Err(error) => return Err(not_xml(&error)),
        };
        let character = resolved.ok_or_else(|| WsmanError::Protocol("unknown entity".to_owned()))?;
        self.place.text.push(character);
        Ok(())
    }

    fn end(&mut self) -> Result<(), WsmanError> {
        let Some(name) = self.place.path.pop() else {
            return Err(WsmanError::Protocol("an element ends that never began".to_owned()));
        };
        let text = std::mem::take(&mut self.place.text);
        let depth = self.place.path.len();
        if let Some(items) = self.place.items_depth {
            if depth == items {
                self.place.items_depth = None;
            } else if depth == items + 2
                && !self.place.is_nil
                && let Some(item) = self.answer.items.last_mut()
            {
                item.push((name, text));
            }
            return Ok(());
        }
        self.take(&name, text)
    }

    fn take(&mut self, name: &str, text: String) -> Result<(), WsmanError> {
        let parent = self.place.path.last().map(String::as_str);
        match name {
            "RelatesTo" => self.answer.relates_to = Some(text),
            "ShellId" => {
                self.answer.shell_id.get_or_insert(text);
            }
            "Selector" if self.place.is_shell_selector => self.answer.shell_id = Some(text),
            "CommandId" => self.answer.command_id = Some(text),
            "Stream" => self.take_stream(&text)?,
            "ExitCode" => {
                // A DWORD on the wire: 0xC0000005 and its like do not fit an i32 as text.
                let code = text.trim().parse::<i64>().ok();
                self.answer.received.exit_code = code.map(|code| code as i32);
            }
            "EnumerationContext" => self.answer.enumeration_context = Some(text),
            "EndOfSequence" => self.answer.end_of_sequence = true,
            "ProductVendor" => self.answer.identity.vendor = Some(text),
            "ProductVersion" => self.answer.identity.product_version = Some(text),
            "Value" if parent == Some("Subcode") => {
                let word = text.rsplit(':').next().unwrap_or_default().to_owned();
                self.answer.fault.get_or_insert_default().subcode = Some(word);
            }
            "Text" if parent == Some("Reason") && !self.place.has_reason => {
                self.place.has_reason = true;
                self.answer.fault.get_or_insert_default().reason = text;
            }
            // MSFT_WmiError: the number of a quota fault that comes without a WSManFault.
            "error_Code" => {
                let fault = self.answer.fault.get_or_insert_default();
                fault.number = fault.number.or(text.trim().parse().ok());
            }
            _ => {}
        }
        Ok(())
    }

    fn take_stream(&mut self, text: &str) -> Result<(), WsmanError> {
        let Some(stream) = self.place.stream.take() else { return Ok(()) };
        let into = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let text = text.trim_ascii();
        let decoded = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
            STANDARD.decode(text.split_ascii_whitespace().collect::<String>())
        } else {
            STANDARD.decode(text)
        };
        let decoded: Bytes =
            decoded.map_err(|error| WsmanError::Protocol(format!("a stream is not base64: {error}")))?.into();
        into.extend_from_slice(&decoded);
        Ok(())
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, WsmanError> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| not_xml(&error))?;
        if attribute.key.local_name().as_ref() == name {
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
            return Ok(Some(value.map_err(|error| not_xml(&error))?.into_owned()));
        }
    }
    Ok(None)
}

fn not_xml(error: &dyn std::fmt::Display) -> WsmanError {
    WsmanError::Protocol(error.to_string())
}
