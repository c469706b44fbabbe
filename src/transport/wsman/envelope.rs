//! Requests as envelopes: the SOAP header every request has, and the body of each.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::transport::wsman::words::{
    self, ADDRESSING, ANONYMOUS, ENUMERATION, SAFE_ENVELOPE_BYTES, SHELL, SHELL_CMD, SOAP, WSMAN, WSMV,
};
use crate::transport::wsman::xml::escape_into;

/// What a Send may carry: base64 makes four bytes of three, and 4 KiB are kept for the rest.
pub const INPUT_BYTES: usize = (SAFE_ENVELOPE_BYTES - 4096) / 4 * 3;

/// One request before it gets its addressing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub action: &'static str,
    pub resource_uri: String,
    pub selectors: Vec<(&'static str, String)>,
    pub options: Vec<(&'static str, String)>,
    /// What stands in the SOAP body, as XML.
    pub body: String,
}

/// What is the same in all requests of a conversation.
#[derive(Clone, Debug)]
pub struct Sender {
    /// `http://hv-01:5985/wsman`.
    pub endpoint: String,
    /// `uuid:…`, one per conversation.
    pub session_id: String,
    pub operation_timeout: Duration,
}

/// How a text shell is to be (MS-WSMV 2.2.4.38, 3.1.4.5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellOptions {
    /// WINRS_CODEPAGE: of the console, and so of what programs write to it.
    pub code_page: Option<u32>,
    /// WINRS_NOPROFILE: leave the user's registry profile unloaded.
    pub no_profile: Option<bool>,
    pub idle_timeout: Option<Duration>,
    pub working_directory: Option<String>,
    pub environment: BTreeMap<String, String>,
}

impl ShellOptions {
    /// UTF-8, no profile, and gone soon after we are.
    pub fn for_census(idle_timeout: Duration) -> Self {
        Self {
            code_page: Some(65001),
            no_profile: Some(true),
            idle_timeout: Some(idle_timeout),
            working_directory: None,
            environment: BTreeMap::new(),
        }
    }
}

/// How a running command is told to end (MS-WSMV 2.2.4.39).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Terminate,
    CtrlC,
    CtrlBreak,
}

impl Signal {
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Terminate => "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate",
            Self::CtrlC => "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_c",
            Self::CtrlBreak => "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_break",
        }
    }
}

impl Request {
    /// Opens a text shell.
    pub fn create(options: &ShellOptions) -> Self {
        let mut body = Body::new();
        body.open("rsp:Shell");
        body.leaf("rsp:InputStreams", "stdin").leaf("rsp:OutputStreams", "stdout stderr");
        if let Some(directory) = &options.working_directory {
            body.leaf("rsp:WorkingDirectory", directory);
        }
        if let Some(idle_timeout) = options.idle_timeout {
            body.leaf("rsp:IdleTimeOut", &duration(idle_timeout));
        }
        if !options.environment.is_empty() {
            body.open("rsp:Environment");
            for (name, value) in &options.environment {
                body.element("rsp:Variable", &[("Name", name)], value);
            }
            body.close("rsp:Environment");
        }
        body.close("rsp:Shell");
        let mut request = Self::to_shell(words::CREATE, None, body);
        if let Some(no_profile) = options.no_profile {
            request.options.push(("WINRS_NOPROFILE", truth(no_profile)));
        }
        if let Some(code_page) = options.code_page {
            request.options.push(("WINRS_CODEPAGE", code_page.to_string()));
        }
        request
    }

    /// Starts a program in a shell. Without cmd.exe the program is what CreateProcess takes
    /// as its application: a full path, for PATH is not searched.
    pub fn command(shell_id: &str, program: &str, arguments: &[String], skip_cmd_shell: bool) -> Self {
        let mut body = Body::new();
        body.open("rsp:CommandLine").leaf("rsp:Command", program);
        for argument in arguments {
            body.leaf("rsp:Arguments", argument);
        }
        body.close("rsp:CommandLine");
        let mut request = Self::to_shell(words::COMMAND, Some(shell_id), body);
        // Without it stdin is a console, which a program cannot read to an end.
        request.options.push(("WINRS_CONSOLEMODE_STDIN", truth(false)));
        request.options.push(("WINRS_SKIP_CMD_SHELL", truth(skip_cmd_shell)));
        request
    }

    /// Feeds a command; `end` closes its stdin.
    pub fn send(shell_id: &str, command_id: &str, input: &[u8], end: bool) -> Self {
        let mut body = Body::new();
        body.open("rsp:Send");
        let mut attributes = vec![("Name", "stdin"), ("CommandId", command_id)];
        if end {
            attributes.push(("End", "true"));
        }
        body.element("rsp:Stream", &attributes, &BASE64.encode(input)).close("rsp:Send");
        Self::to_shell(words::SEND, Some(shell_id), body)
    }

    /// Asks a command for output.
    pub fn receive(shell_id: &str, command_id: &str) -> Self {
        let mut body = Body::new();
        body.open("rsp:Receive")
            .element("rsp:DesiredStream", &[("CommandId", command_id)], "stdout stderr")
            .close("rsp:Receive");
        let mut request = Self::to_shell(words::RECEIVE, Some(shell_id), body);
        request.options.push(("WSMAN_CMDSHELL_OPTION_KEEPALIVE", truth(true)));
        request
    }

    pub fn signal(shell_id: &str, command_id: &str, signal: Signal) -> Self {
        let mut body = Body::new();
        body.open_with("rsp:Signal", &[("CommandId", command_id)])
            .leaf("rsp:Code", signal.uri())
            .close("rsp:Signal");
        Self::to_shell(words::SIGNAL, Some(shell_id), body)
    }

    /// Deletes a shell and all that runs in it.
    pub fn delete(shell_id: &str) -> Self {
        Self::to_shell(words::DELETE, Some(shell_id), Body::new())
    }

    /// Begins a WQL query on a WMI namespace, `root/virtualization/v2`.
    pub fn enumerate(namespace: &str, query: &str, max_elements: u32) -> Self {
        let mut body = Body::new();
        body.open("n:Enumerate")
            .leaf("w:OptimizeEnumeration", "")
            .leaf("w:MaxElements", &max_elements.to_string())
            .element("w:Filter", &[("Dialect", words::WQL)], query)
            .close("n:Enumerate");
        Self::to_namespace(words::ENUMERATE, namespace, body)
    }

    pub fn pull(namespace: &str, context: &str, max_elements: u32) -> Self {
        let mut body = Body::new();
        body.open("n:Pull")
            .leaf("n:EnumerationContext", context)
            .leaf("n:MaxElements", &max_elements.to_string())
            .close("n:Pull");
        Self::to_namespace(words::PULL, namespace, body)
    }

    fn to_shell(action: &'static str, shell_id: Option<&str>, body: Body) -> Self {
        let selectors = shell_id.map(|id| ("ShellId", id.to_owned())).into_iter().collect();
        Self { action, resource_uri: SHELL_CMD.to_owned(), selectors, options: Vec::new(), body: body.0 }
    }

    fn to_namespace(action: &'static str, namespace: &str, body: Body) -> Self {
        let namespace = namespace.trim_matches('/').replace('\\', "/");
        let resource_uri = format!("{}{namespace}/*", words::WMI);
        Self { action, resource_uri, selectors: Vec::new(), options: Vec::new(), body: body.0 }
    }

    /// The whole envelope. OptionSet and SelectorSet are header blocks (DSP0226, 6.10 and 5.2.2).
    pub fn envelope(&self, sender: &Sender, message_id: &str) -> String {
        let mut xml = Body(String::with_capacity(self.body.len() + 2048));
        xml.open_with(
            "s:Envelope",
            &[
                ("xmlns:s", SOAP),
                ("xmlns:a", ADDRESSING),
                ("xmlns:n", ENUMERATION),
                ("xmlns:w", WSMAN),
                ("xmlns:p", WSMV),
                ("xmlns:rsp", SHELL),
            ],
        );
        let must = [("s:mustUnderstand", "true")];
        let locale = [("s:mustUnderstand", "false"), ("xml:lang", "en-US")];
        xml.open("s:Header")
            .element("a:Action", &must, self.action)
            .leaf("a:To", &sender.endpoint)
            .element("w:ResourceURI", &must, &self.resource_uri)
            .leaf("a:MessageID", message_id)
            .open("a:ReplyTo")
            .element("a:Address", &must, ANONYMOUS)
            .close("a:ReplyTo")
            .element("w:MaxEnvelopeSize", &must, &words::MAX_ENVELOPE_BYTES.to_string())
            .leaf("w:OperationTimeout", &duration(sender.operation_timeout))
            .element("w:Locale", &locale, "")
            .element("p:DataLocale", &locale, "")
            .element("p:SessionId", &locale[..1], &sender.session_id);
        xml.named("w:SelectorSet", &[], "w:Selector", &self.selectors);
        xml.named("w:OptionSet", &must, "w:Option", &self.options);
        xml.close("s:Header").open("s:Body");
        xml.0.push_str(&self.body);
        xml.close("s:Body").close("s:Envelope");
        xml.0
    }
}

/// XML under construction.
struct Body(String);

impl Body {
    fn new() -> Self {
        Self(String::new())
    }

    fn open(&mut self, name: &str) -> &mut Self {
        self.open_with(name, &[])
    }

    fn open_with(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.0.push('<');
        self.0.push_str(name);
        for (key, value) in attributes {
            self.0.push(' ');
            self.0.push_str(key);
            self.0.push_str("=\"");
            escape_into(&mut self.0, value);
            self.0.push('"');
        }
        self.0.push('>');
        self
    }

    fn close(&mut self, name: &str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        self
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> &mut Self {
        self.open_with(name, attributes);
        escape_into(&mut self.0, text);
        self.close(name)
    }

    fn leaf(&mut self, name: &str, text: &str) -> &mut Self {
        self.element(name, &[], text)
    }

    /// A set of named values; none at all for an empty set.
    fn named(&mut self, set: &str, attributes: &[(&str, &str)], item: &str, values: &[(&str, String)]) {
        if values.is_empty() {
            return;
        }
        self.open_with(set, attributes);
        for (name, value) in values {
            self.element(item, &[("Name", name)], value);
        }
        self.close(set);
    }
}

/// An xs:duration in seconds: `PT20S`, `PT0.500S`.
fn duration(span: Duration) -> String {
    if span.subsec_millis() == 0 {
        format!("PT{}S", span.as_secs())
    } else {
        format!("PT{}.{:03}S", span.as_secs(), span.subsec_millis())
    }
}

fn truth(value: bool) -> String {
    if value { "TRUE" } else { "FALSE" }.to_owned()
}
