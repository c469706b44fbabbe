//! SOAP requests as WS-Management (DSP0226) and its Windows dialect (MS-WSMV) want them.

use std::fmt::Write as _;
use std::time::Duration;

use uuid::Uuid;

pub const SHELL_RESOURCE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
pub const WQL_DIALECT: &str = "http://schemas.microsoft.com/wbem/wsman/1/WQL";
const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";

/// Bytes an answer's envelope may have: the server's default is 150 KB, its usual limit
/// 500 KB, and fewer Receives are fewer round trips.
pub const MAX_ENVELOPE_BYTES: u32 = 512_000;

/// `WSMANIDENTIFY: unauthenticated` lets a host answer this before any logon (DSP0226 11).
pub const IDENTIFY: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:wsmid=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\">\
    <s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>";

/// What is asked of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Create,
    Command,
    Send,
    Receive,
    Signal,
    Delete,
    Enumerate,
    Pull,
}

impl Action {
    fn uri(self) -> String {
        match self {
            Self::Create => format!("{TRANSFER}/Create"),
            Self::Delete => format!("{TRANSFER}/Delete"),
            Self::Command => format!("{SHELL}/Command"),
            Self::Send => format!("{SHELL}/Send"),
            Self::Receive => format!("{SHELL}/Receive"),
            Self::Signal => format!("{SHELL}/Signal"),
            Self::Enumerate => format!("{ENUMERATION}/Enumerate"),
            Self::Pull => format!("{ENUMERATION}/Pull"),
        }
    }
}

/// One name and value of an OptionSet, in the SOAP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderOption {
    pub name: &'static str,
    pub value: String,
    pub must_comply: bool,
}

impl HeaderOption {
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), must_comply: false }
    }
}

/// One request, before it is text.
pub struct Request<'a> {
    /// `http://host:5985/wsman`, as the connection dials it.
    pub to: &'a str,
    pub session_id: Uuid,
    pub action: Action,
    pub resource: &'a str,
    pub operation_timeout: Duration,
    /// ShellId, once there is a shell.
    pub shell_id: Option<&'a str>,
    pub options: &'a [HeaderOption],
    /// Inside `s:Body`, already escaped.
    pub body: &'a str,
}

impl Request<'_> {
    /// The envelope, and the MessageID that the answer must relate to.
    pub fn render(&self) -> (String, String) {
        let message_id = format!("uuid:{}", Uuid::new_v4().to_string().to_uppercase());
        let mut xml = String::with_capacity(1_600 + self.body.len());
        xml.push_str(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
             xmlns:n=\"http://schemas.xmlsoap.org/ws/2004/09/enumeration\" \
             xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" \
             xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd\" \
             xmlns:rsp=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell\"><s:Header>",
        );
        let _ = write!(
            xml,
            "<a:To>{}</a:To><a:ReplyTo><a:Address s:mustUnderstand=\"true\">{ANONYMOUS}</a:Address></a:ReplyTo>\
             <a:Action s:mustUnderstand=\"true\">{}</a:Action><a:MessageID>{message_id}</a:MessageID>\
             <w:MaxEnvelopeSize s:mustUnderstand=\"true\">{MAX_ENVELOPE_BYTES}</w:MaxEnvelopeSize>\
             <w:Locale xml:lang=\"en-US\" s:mustUnderstand=\"false\"/>\
             <p:DataLocale xml:lang=\"en-US\" s:mustUnderstand=\"false\"/>\
             <p:SessionId s:mustUnderstand=\"false\">uuid:{}</p:SessionId>\
             <w:OperationTimeout>{}</w:OperationTimeout>\
             <w:ResourceURI s:mustUnderstand=\"true\">{}</w:ResourceURI>",
            escape(self.to),
            self.action.uri(),
            self.session_id.to_string().to_uppercase(),
            duration(self.operation_timeout),
            escape(self.resource),
        );
        if !self.options.is_empty() {
            xml.push_str("<w:OptionSet s:mustUnderstand=\"true\">");
            for option in self.options {
                let must = if option.must_comply { " MustComply=\"true\"" } else { "" };
                let _ = write!(
                    xml,
                    "<w:Option Name=\"{}\"{must}>{}</w:Option>",
                    option.name,
                    escape(&option.value)
                );
            }
            xml.push_str("</w:OptionSet>");
        }
        if let Some(shell_id) = self.shell_id {
            let _ = write!(
                xml,
                "<w:SelectorSet><w:Selector Name=\"ShellId\">{}</w:Selector></w:SelectorSet>",
                escape(shell_id)
            );
        }
        let _ = write!(xml, "</s:Header><s:Body>{}</s:Body></s:Envelope>", self.body);
        (xml, message_id)
    }
}

/// xs:duration in seconds: `PT20S`, `PT0.500S`.
pub fn duration(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("PT{}S", duration.as_secs()),
        millis => format!("PT{}.{millis:03}S", duration.as_secs()),
    }
}

/// Text for an element or attribute. Characters that XML 1.0 cannot hold at all, not even
/// as references, become U+FFFD; line ends in attributes survive as references.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#xD;"),
            '\n' => escaped.push_str("&#xA;"),
            '\t' => escaped.push_str("&#x9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
