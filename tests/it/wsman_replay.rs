//! Conversations recorded against real Windows hosts, replayed through the client.
//!
//! `LUSTRUM_WSMAN_RECORDINGS` names their folder; they are not part of the repository.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lustrum::model::failure::Failure;
use lustrum::transport::wsman::answer::Answer;
use lustrum::transport::wsman::command_shell::{CommandId, ShellId};
use lustrum::transport::wsman::conversation::{Conversation, Patience};
use lustrum::transport::wsman::envelope::{ShellOptions, Signal};
use lustrum::transport::wsman::exchange::{Exchange, HttpAnswer};
use lustrum::transport::wsman::fault::{OPERATION_TIMEOUT, SHELL_NOT_FOUND};
use lustrum::transport::wsman::xml::{Element, parse};

use crate::wsman_recording::{self, Pair};

const FOLDER: &str = "LUSTRUM_WSMAN_RECORDINGS";
const TEXT_SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
/// Header blocks whose text is the client's own choice.
const OWN_CHOICE: &[&str] = &["MessageID", "SessionId", "To", "MaxEnvelopeSize", "OperationTimeout"];
/// What we ask for beyond what was recorded.
const OWN_OPTIONS: &[&str] = &["WINRS_CONSOLEMODE_STDIN"];

#[expect(clippy::disallowed_macros, reason = "a skipped test must be seen")]
fn loud(message: &str) {
    eprintln!("{message}");
}

/// Answers each request with the next recorded answer, once the request has been found to
/// carry what the recorded one carried.
struct Replay {
    name: String,
    pairs: VecDeque<Pair>,
}

impl Exchange for Replay {
    async fn exchange(&mut self, envelope: &str, _patience: Duration) -> Result<HttpAnswer, Failure> {
        let pair = self.pairs.pop_front().unwrap();
        let ours = parse(envelope).unwrap();
        let recorded = parse(&pair.request).unwrap();
        assert_carries(&ours, &recorded, &self.name);
        let body = relating_to(&pair.response, &header_text(&ours, "MessageID")).into_bytes().into();
        Ok(HttpAnswer { status: pair.http_status, body })
    }

    async fn resume(&mut self) -> Result<Option<HttpAnswer>, Failure> {
        Ok(None)
    }
}

/// The answer with our own id in RelatesTo.
fn relating_to(response: &str, message_id: &str) -> String {
    let (before, rest) = response.split_once(":RelatesTo>").unwrap();
    let (_recorded, after) = rest.split_once('<').unwrap();
    format!("{before}:RelatesTo>{message_id}<{after}")
}

fn header_text(envelope: &Element, name: &str) -> String {
    envelope.path(&["Header", name]).unwrap().trimmed().to_owned()
}

/// Named values of a header set, values in upper case: hosts take `True` and `TRUE` alike.
fn named(envelope: &Element, set: &str, item: &str) -> BTreeMap<String, String> {
    let items = envelope.path(&["Header", set]).into_iter().flat_map(|set| set.children(item));
    items.map(|item| (item.attribute("Name").unwrap().to_owned(), item.trimmed().to_uppercase())).collect()
}

fn assert_carries(ours: &Element, recorded: &Element, name: &str) {
    let (own, theirs) = (ours.child("Header").unwrap(), recorded.child("Header").unwrap());
    for block in &theirs.children {
        let found = own.child(&block.name).unwrap_or_else(|| panic!("{name}: header lacks {}", block.name));
        let fits = matches!(block.name.as_str(), "OptionSet" | "SelectorSet")
            || OWN_CHOICE.contains(&block.name.as_str())
            || canonical(found) == canonical(block);
        assert!(fits, "{name}: {found:?} is not {block:?}");
        assert_eq!(found.attribute("mustUnderstand"), block.attribute("mustUnderstand"), "{name}: {block:?}");
    }
    let (own, theirs) = (named(ours, "OptionSet", "Option"), named(recorded, "OptionSet", "Option"));
    for (option, value) in &theirs {
        assert_eq!(own.get(option), Some(value), "{name}: option {option}");
    }
    for option in own.keys() {
        let expected = theirs.contains_key(option) || OWN_OPTIONS.contains(&option.as_str());
        assert!(expected, "{name}: option {option} was not recorded");
    }
    assert_eq!(named(ours, "SelectorSet", "Selector"), named(recorded, "SelectorSet", "Selector"), "{name}");
    let (own, theirs) = (ours.child("Body").unwrap(), recorded.child("Body").unwrap());
    assert_eq!(canonical(own), canonical(theirs), "{name}");
}

/// An element with attributes sorted, namespaces dropped, and children sorted but for
/// those whose order means something.
fn canonical(element: &Element) -> Element {
    let mut attributes: Vec<_> =
        element.attributes.iter().filter(|(key, _)| !key.starts_with("xmlns")).cloned().collect();
    attributes.sort();
    let mut children: Vec<_> = element.children.iter().map(canonical).collect();
    if element.name != "CommandLine" {
        children.sort_by_key(|child| format!("{child:?}"));
    }
    let text = if children.is_empty() { element.text.clone() } else { String::new() };
    Element { name: element.name.clone(), attributes, text, children }
}

/// What the answers of a recording say, read by searching their text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit_codes: Vec<i32>,
    polls: usize,
    faults: Vec<u32>,
}

impl Heard {
    fn search(pairs: &[Pair]) -> Self {
        let mut heard = Self::default();
        for pair in pairs.iter().map(|pair| pair.response.as_str()) {
            for stream in pair.split("<rsp:Stream ").skip(1) {
                let (attributes, rest) = stream.split_once('>').unwrap();
                let decoded = BASE64.decode(rest.split('<').next().unwrap().trim()).unwrap();
                let is_stdout = attributes.contains("Name=\"stdout\"");
                if is_stdout { &mut heard.stdout } else { &mut heard.stderr }.extend(decoded);
            }
            let between = |open: &str, close: &str| {
                pair.split_once(open).map(|(_, rest)| rest.split_once(close).unwrap().0.to_owned())
            };
            heard.exit_codes.extend(between("<rsp:ExitCode>", "<").map(|code| code.parse::<i32>().unwrap()));
            match between(" Code=\"", "\"").map(|code| code.parse::<u32>().unwrap()) {
                Some(OPERATION_TIMEOUT) => heard.polls += 1,
                Some(fault) => heard.faults.push(fault),
                None => {}
            }
        }
        heard
    }
}

/// Takes the client through a recording and tells what it heard.
async fn replay(name: &str, pairs: Vec<Pair>) -> Heard {
    let requests: Vec<Element> = pairs.iter().map(|pair| parse(&pair.request).unwrap()).collect();
    let answers: Vec<String> = pairs.iter().map(|pair| pair.response.clone()).collect();
    let exchange = Replay { name: name.to_owned(), pairs: pairs.into() };
    let patience = Patience {
        operation_timeout: Duration::from_secs(20),
        silence_timeout: Duration::from_secs(5),
        attempts: 1,
    };
    let mut conversation = Conversation::new(exchange, "http://h:5985/wsman".to_owned(), name, patience);
    let mut heard = Heard::default();
    for (request, answer) in requests.iter().zip(&answers) {
        let action = header_text(request, "Action");
        let shell = ShellId(selector(request).unwrap_or_default());
        let body = request.child("Body").unwrap();
        let failed = match action.rsplit('/').next().unwrap() {
            "Create" => match conversation.create_shell(&shell_options(request)).await {
                Ok(ShellId(id)) => {
                    assert!(answer.contains(&format!("<w:Selector Name=\"ShellId\">{id}<")), "{name}: {id}");
                    None
                }
                Err(trouble) => Some(trouble.into()),
            },
            "Command" => {
                let line = body.child("CommandLine").unwrap();
                let arguments: Vec<String> =
                    line.children("Arguments").map(|argument| argument.text.clone()).collect();
                let skip = named(request, "OptionSet", "Option")
                    .get("WINRS_SKIP_CMD_SHELL")
                    .is_some_and(|v| v == "TRUE");
                let program = &line.child("Command").unwrap().text;
                match conversation.start_command(&shell, program, &arguments, skip).await {
                    Ok(CommandId(id)) => {
                        assert!(answer.contains(&format!("<rsp:CommandId>{id}<")), "{name}: {id}");
                        None
                    }
                    Err(trouble) => Some(trouble.into()),
                }
            }
            "Send" => {
                let stream = body.path(&["Send", "Stream"]).unwrap();
                let command = CommandId(stream.attribute("CommandId").unwrap().to_owned());
                let input = BASE64.decode(stream.trimmed()).unwrap();
                conversation.send_input(&shell, &command, &input).await.err()
            }
            "Receive" => {
                let desired = body.path(&["Receive", "DesiredStream"]).unwrap();
                let command = CommandId(desired.attribute("CommandId").unwrap().to_owned());
                match conversation.receive_output(&shell, &command).await {
                    Ok(Some(output)) => {
                        heard.stdout.extend_from_slice(&output.received.stdout);
                        heard.stderr.extend_from_slice(&output.received.stderr);
                        heard.exit_codes.extend(output.received.exit_code);
                        None
                    }
                    Ok(None) => {
                        heard.polls += 1;
                        None
                    }
                    Err(failure) => Some(failure),
                }
            }
            "Signal" => {
                let signal = body.child("Signal").unwrap();
                let command = CommandId(signal.attribute("CommandId").unwrap().to_owned());
                let code = signal.child("Code").unwrap().trimmed().to_owned();
                let known = [Signal::Terminate, Signal::CtrlC, Signal::CtrlBreak];
                let asked = known.into_iter().find(|known| known.uri() == code).unwrap();
                conversation.signal_command(&shell, &command, asked).await.err()
            }
            "Delete" => {
                let deleted = conversation.delete_shell(&shell).await;
                if answer.contains(&format!("Code=\"{SHELL_NOT_FOUND}\"")) {
                    heard.faults.push(SHELL_NOT_FOUND);
                }
                deleted.err()
            }
            other => panic!("{name}: no request for {other}"),
        };
        if let Some(failure) = failed {
            heard.faults.push(number_of(&failure));
        }
    }
    heard
}

fn number_of(failure: &Failure) -> u32 {
    let (_, rest) = failure.message.split_once("WSManFault ").unwrap_or_else(|| panic!("{failure}"));
    rest.split(|character: char| !character.is_ascii_digit()).next().unwrap().parse().unwrap()
}

fn selector(request: &Element) -> Option<String> {
    let set = request.path(&["Header", "SelectorSet"])?;
    Some(set.child("Selector")?.trimmed().to_owned())
}

fn shell_options(request: &Element) -> ShellOptions {
    let options = named(request, "OptionSet", "Option");
    let shell = request.path(&["Body", "Shell"]).unwrap();
    let variables =
        shell.child("Environment").into_iter().flat_map(|environment| environment.children("Variable"));
    ShellOptions {
        code_page: options.get("WINRS_CODEPAGE").map(|page| page.parse().unwrap()),
        no_profile: options.get("WINRS_NOPROFILE").map(|value| value == "TRUE"),
        idle_timeout: shell.child("IdleTimeOut").map(|text| {
            let seconds = text.trimmed().strip_prefix("PT").unwrap().strip_suffix('S').unwrap();
            Duration::from_secs_f64(seconds.parse().unwrap())
        }),
        working_directory: shell.child("WorkingDirectory").map(|text| text.text.clone()),
        environment: variables
            .map(|variable| (variable.attribute("Name").unwrap().to_owned(), variable.text.clone()))
            .collect(),
    }
}

/// A conversation about another resource (PowerShell remoting, WMI): its answers are read.
fn read_only(name: &str, pairs: &[Pair]) {
    loud(&format!("{name}: not a text shell; {} answers were read, no request compared", pairs.len()));
    for pair in pairs.iter().filter(|pair| !pair.response.trim().is_empty()) {
        let answer = Answer::read(pair.response.as_bytes()).unwrap();
        assert_eq!(answer.fault().is_some(), pair.response.contains(":Fault>"), "{name}");
    }
}

fn is_text_shell(pairs: &[Pair]) -> bool {
    pairs.iter().all(|pair| {
        let request = parse(&pair.request).ok();
        request.is_some_and(|request| {
            request.path(&["Header", "ResourceURI"]).is_some_and(|uri| uri.trimmed() == TEXT_SHELL)
        })
    })
}

#[tokio::test]
async fn recorded_conversations_replay() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        loud(&format!("SKIPPED: {FOLDER} is not set, no recorded conversation was replayed"));
        return;
    };
    let mut files: Vec<_> =
        std::fs::read_dir(Path::new(&folder)).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "yml" || kind == "yaml"));
    files.sort();
    let mut replayed = 0;
    for path in &files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(pairs) = wsman_recording::read(path) else {
            loud(&format!("{name}: holds no messages"));
            continue;
        };
        if is_text_shell(&pairs) {
            let expected = Heard::search(&pairs);
            assert_eq!(replay(name, pairs).await, expected, "{name}");
        } else {
            read_only(name, &pairs);
        }
        replayed += 1;
    }
    assert!(replayed > 0, "{FOLDER} holds no recording");
    loud(&format!("{replayed} recorded conversations were replayed"));
}
