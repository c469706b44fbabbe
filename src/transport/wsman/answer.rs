//! Answers as values: which request one belongs to, a fault, a shell, a command, output.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use crate::model::failure::{Failure, FailureKind};
use crate::transport::shell::{Identity, Received};
use crate::transport::wsman::fault::Fault;
use crate::transport::wsman::xml::{self, Element};

/// Hosts pad; third parties sometimes do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One SOAP envelope of the far end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub action: String,
    pub relates_to: Option<String>,
    pub body: Element,
}

/// What a Receive brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub received: Received,
    /// The command is done, with or without an exit code.
    pub done: bool,
}

impl Answer {
    /// Reads an envelope; anything else is [`FailureKind::Protocol`].
    pub fn read(body: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(body).map_err(|_| broken("answer is not utf-8"))?;
        let envelope = xml::parse(text).map_err(|error| broken(format!("answer is {error}")))?;
        let header = envelope.child("Header").filter(|_| envelope.name == "Envelope");
        let header_text =
            |name| header.and_then(|header| header.child(name)).map(|element| element.trimmed().to_owned());
        let (action, relates_to) = (header_text("Action"), header_text("RelatesTo"));
        let body = envelope.children.into_iter().find(|child| child.name == "Body");
        let body = body.ok_or_else(|| broken("answer is no soap envelope"))?;
        Ok(Self { action: action.unwrap_or_default(), relates_to, body })
    }

    pub fn fault(&self) -> Option<Fault> {
        Fault::read(&self.body)
    }

    /// CreateResponse: the selector is what names the shell, and ShellId says it again.
    pub fn shell_id(&self) -> Result<String, Failure> {
        let selector = self.body.find("SelectorSet").and_then(|set| {
            set.children("Selector").find(|selector| selector.attribute("Name") == Some("ShellId"))
        });
        identifier(selector.or_else(|| self.body.find("ShellId")), "create answer names no shell")
    }

    /// CommandResponse.
    pub fn command_id(&self) -> Result<String, Failure> {
        identifier(self.body.path(&["CommandResponse", "CommandId"]), "command answer names no command")
    }

    /// ReceiveResponse (MS-WSMV 2.2.4.34): chunks of both streams, interleaved, and the state.
    pub fn output(&self, command_id: &str) -> Result<Output, Failure> {
        let response =
            self.body.child("ReceiveResponse").ok_or_else(|| broken("receive answer holds no output"))?;
        let ours = |element: &&Element| {
            element.attribute("CommandId").is_none_or(|id| id.eq_ignore_ascii_case(command_id))
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        for stream in response.children("Stream").filter(ours) {
            let into = match stream.attribute("Name") {
                Some("stdout") => &mut stdout,
                Some("stderr") => &mut stderr,
                _ => continue,
            };
            decode_into(into, &stream.text)?;
        }
        let mut output = Output {
            received: Received { stdout: stdout.into(), stderr: stderr.into(), exit_code: None },
            done: false,
        };
        if let Some(state) = response.children("CommandState").find(ours) {
            output.done = state.attribute("State").is_some_and(|uri| uri.ends_with("/CommandState/Done"));
            output.received.exit_code =
                state.child("ExitCode").map(|code| exit_code(code.trimmed())).transpose()?;
        }
        Ok(output)
    }

    /// IdentifyResponse (DSP0226, 11).
    pub fn identity(&self) -> Option<Identity> {
        let response = self.body.child("IdentifyResponse")?;
        let text = |name| {
            response.child(name).map(|element| element.trimmed().to_owned()).filter(|text| !text.is_empty())
        };
        Some(Identity { vendor: text("ProductVendor"), product_version: text("ProductVersion") })
    }
}

impl Output {
    pub fn is_empty(&self) -> bool {
        let Received { stdout, stderr, exit_code } = &self.received;
        stdout.is_empty() && stderr.is_empty() && exit_code.is_none()
    }

    pub fn bytes(&self) -> u64 {
        let length = |bytes: &Bytes| bytes.len() as u64;
        length(&self.received.stdout) + length(&self.received.stderr)
    }
}

fn identifier(element: Option<&Element>, missing: &str) -> Result<String, Failure> {
    let id = element.map(Element::trimmed).filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| broken(missing))
}

/// Exit codes are 32 bits, written signed by some hosts and unsigned by others.
fn exit_code(text: &str) -> Result<i32, Failure> {
    let value: Option<i64> = text.parse().ok();
    let signed =
        |value: i64| i32::try_from(value).ok().or_else(|| u32::try_from(value).ok().map(u32::cast_signed));
    value.and_then(signed).ok_or_else(|| broken(format!("exit code {text:?} is no 32-bit number")))
}

fn decode_into(out: &mut Vec<u8>, text: &str) -> Result<(), Failure> {
    let decoded = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        BASE64.decode_vec(text.split_ascii_whitespace().collect::<String>(), out)
    } else {
        BASE64.decode_vec(text, out)
    };
    decoded.map_err(|_| broken("output is not base64"))
}

fn broken(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Protocol, message)
}
