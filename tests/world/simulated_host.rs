//! One simulated host without sockets: SOAP in, SOAP out.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::host::Host;
use lustrum::simulator::line::Shears;
use lustrum::simulator::names;
use lustrum::simulator::soap::{self, Element, Request};
use lustrum::simulator::world::World;
use lustrum::simulator::wsman::{self, Entrance};
use lustrum::time::clock::Clock;

const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";

/// A host, and the conversation a client has with it.
pub struct SimulatedHost {
    pub host: Arc<Host>,
    /// MaxEnvelopeSize of every request.
    pub max_envelope_bytes: usize,
}

/// An answer, read.
pub struct Answer {
    pub status: u16,
    pub envelope_bytes: usize,
    pub root: Element,
}

/// What a command put out, all of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub exit_code: Option<i32>,
    pub receives: usize,
}

impl SimulatedHost {
    /// Host 0 of a fleet of three with seven VMs each, with these faults.
    pub fn with(faults: &[Fault]) -> Self {
        let mut spec = FleetSpec::new(3, 7, 11);
        spec.faults.insert(0, faults.to_vec());
        Self { max_envelope_bytes: 153_600, ..Self::of(&spec, 0) }
    }

    /// A host of a fleet, by its number.
    pub fn of(spec: &FleetSpec, number: usize) -> Self {
        Self::of_world(spec, Arc::new(World::of(spec)), number)
    }

    /// A host of a fleet whose world is there already.
    pub fn of_world(spec: &FleetSpec, world: Arc<World>, number: usize) -> Self {
        let host = Host::new(number, names::host(spec.seed, number), spec, world, &Clock::system());
        Self { host: Arc::new(host), max_envelope_bytes: 512_000 }
    }

    /// Sends one request; `header` goes into the SOAP header as it is.
    pub async fn ask(&self, action: &str, resource: &str, header: &str, body: &str) -> Answer {
        let request = format!(
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='{ADDRESSING}' xmlns:w='{WSMAN}' \
             xmlns:rsp='{SHELL}' xmlns:n='http://schemas.xmlsoap.org/ws/2004/09/enumeration'><s:Header>\
             <a:Action>{action}</a:Action><a:MessageID>uuid:{MESSAGE_ID}</a:MessageID>\
             <w:ResourceURI>{resource}</w:ResourceURI><w:MaxEnvelopeSize>{size}</w:MaxEnvelopeSize>\
             <w:OperationTimeout>PT20S</w:OperationTimeout>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>",
            size = self.max_envelope_bytes,
        );
        let request = Request::read(&request).unwrap();
        let shears = Shears::default();
        let client = Ipv4Addr::LOCALHOST.into();
        let entrance = Entrance { uri: "http://127.1.0.1:5985/wsman", client, shears: &shears };
        let reply = wsman::answer(&request, &self.host, &entrance).await;
        Answer {
            status: reply.status,
            envelope_bytes: reply.envelope.len(),
            root: soap::parse(&reply.envelope).unwrap(),
        }
    }

    /// Opens a shell with UTF-8 output; gives its id, or the fault's number.
    pub async fn create(&self) -> Result<String, u32> {
        let options = "<w:OptionSet><w:Option Name='WINRS_CODEPAGE'>65001</w:Option></w:OptionSet>";
        let body = "<rsp:Shell><rsp:IdleTimeOut>PT120.000S</rsp:IdleTimeOut></rsp:Shell>";
        let answer = self.ask(&format!("{TRANSFER}/Create"), &format!("{SHELL}/cmd"), options, body).await;
        answer.text("ShellId").ok_or_else(|| answer.fault().unwrap())
    }

    pub async fn delete(&self, shell: &str) -> Result<(), u32> {
        let answer =
            self.ask(&format!("{TRANSFER}/Delete"), &format!("{SHELL}/cmd"), &selector(shell), "").await;
        answer.fault().map_or(Ok(()), Err)
    }

    pub async fn start(&self, shell: &str, line: &str) -> Result<String, u32> {
        let body = format!("<rsp:CommandLine><rsp:Command>{line}</rsp:Command></rsp:CommandLine>");
        let answer = self.shell_ask("Command", shell, &body).await;
        answer.text("CommandId").ok_or_else(|| answer.fault().unwrap())
    }

    pub async fn send(&self, shell: &str, command: &str, input: &[u8]) {
        let input = BASE64.encode(input);
        let body = format!(
            "<rsp:Send><rsp:Stream Name='stdin' CommandId='{command}' End='true'>{input}</rsp:Stream></rsp:Send>"
        );
        assert_eq!(self.shell_ask("Send", shell, &body).await.status, 200);
    }

    pub async fn receive(&self, shell: &str, command: &str) -> Answer {
        let stream = format!("<rsp:DesiredStream CommandId='{command}'>stdout stderr</rsp:DesiredStream>");
        self.shell_ask("Receive", shell, &format!("<rsp:Receive>{stream}</rsp:Receive>")).await
    }

    /// Receives to the end.
    pub async fn output(&self, shell: &str, command: &str) -> Output {
        let mut output = Output::default();
        while output.exit_code.is_none() {
            let answer = self.receive(shell, command).await;
            assert_eq!(answer.fault(), None);
            output.receives += 1;
            for stream in answer.all("Stream") {
                let bytes = BASE64.decode(stream.trimmed()).unwrap();
                match stream.attribute("Name").unwrap() {
                    "stdout" => output.stdout.extend(bytes),
                    _ => output.stderr.extend(bytes),
                }
            }
            output.exit_code = answer.text("ExitCode").map(|code| code.parse().unwrap());
        }
        output
    }

    /// What a command line puts out, in a shell of its own.
    pub async fn run(&self, line: &str) -> Output {
        let shell = self.create().await.unwrap();
        let command = self.start(&shell, line).await.unwrap();
        let output = self.output(&shell, &command).await;
        self.delete(&shell).await.unwrap();
        output
    }

    /// What the host script puts out for a request.
    pub async fn run_script(&self, request: &str) -> Output {
        let shell = self.create().await.unwrap();
        let command = self.start(&shell, "powershell.exe -NoProfile -Command -").await.unwrap();
        self.send(&shell, &command, format!("$LustrumRequest = '{request}'\r\n# the rest\r\n").as_bytes())
            .await;
        let output = self.output(&shell, &command).await;
        self.delete(&shell).await.unwrap();
        output
    }

    async fn shell_ask(&self, action: &str, shell: &str, body: &str) -> Answer {
        self.ask(&format!("{SHELL}/{action}"), &format!("{SHELL}/cmd"), &selector(shell), body).await
    }
}

const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// Of every request.
pub const MESSAGE_ID: &str = "5F1B0E2C-0000-4000-8000-000000000001";

fn selector(shell: &str) -> String {
    format!("<w:SelectorSet><w:Selector Name='ShellId'>{shell}</w:Selector></w:SelectorSet>")
}

impl Answer {
    /// Every element of that name, in document order.
    pub fn all(&self, name: &str) -> Vec<&Element> {
        let (mut found, mut open) = (Vec::new(), vec![&self.root]);
        while let Some(element) = open.pop() {
            if element.name == name {
                found.push(element);
            }
            open.extend(element.children.iter().rev());
        }
        found
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.all(name).first().map(|element| element.trimmed().to_owned())
    }

    /// The number of the fault, by whichever element tells it.
    pub fn fault(&self) -> Option<u32> {
        let number =
            self.all("WSManFault").first().and_then(|fault| fault.attribute("Code").map(str::to_owned));
        number.or_else(|| self.text("error_Code")).map(|number| number.parse().unwrap())
    }
}
