//! powershell.exe, as far as a fleet of simulated hosts needs one.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::simulator::code_page;
use crate::simulator::command::{Program, Step};
use crate::simulator::envelope::escape;
use crate::simulator::host::Host;
use crate::simulator::script;

/// What a script that reads its work from stdin mentions.
const READS_STDIN: &[&str] = &["OpenStandardInput", "[Console]::In", "$input", "ReadToEnd"];

/// What `powershell.exe` with these arguments does.
pub fn program(arguments: &str, code_page: u32, host: &Host) -> Program {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let switch = words.iter().position(|word| {
        let word = word.trim_start_matches(['-', '/']).to_ascii_lowercase();
        !word.is_empty() && ("encodedcommand".starts_with(&word) || "command".starts_with(&word))
            || word == "ec"
    });
    let Some(at) = switch else { return Program::Runs(run(arguments.trim(), code_page, host)) };
    let encoded = words[at].trim_start_matches(['-', '/']).to_ascii_lowercase().starts_with('e');
    if !encoded {
        let text = words[at + 1..].join(" ");
        return if text == "-" { Program::ReadsScript } else { Program::Runs(run(&text, code_page, host)) };
    }
    let Some(text) = words.get(at + 1).and_then(|word| decode(word)) else {
        let message = "Cannot process the command because the value specified with -EncodedCommand is not \
                       properly encoded. The value must be Base64 encoded.\r\n";
        return Program::Runs([stderr(message, code_page), Step::Exit(-196_608)].into());
    };
    if READS_STDIN.iter().any(|mention| text.contains(mention)) {
        return Program::ReadsScript;
    }
    Program::Runs(run(&text, code_page, host))
}

/// What a script that came on stdin does.
pub fn from_stdin(stdin: &[u8], code_page: u32, host: &Host) -> VecDeque<Step> {
    let text = String::from_utf8_lossy(stdin);
    if script::is_request(&text) {
        return script::steps(host, &text, code_page)
            .unwrap_or_else(|| unknown("$LustrumRequest", code_page));
    }
    run(text.trim(), code_page, host)
}

/// A base64 UTF-16LE command.
fn decode(word: &str) -> Option<String> {
    let bytes = BASE64.decode(word).ok()?;
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    String::from_utf16(&units.collect::<Vec<u16>>()).ok()
}

/// Runs the statements of a small script one after the other; the first unknown one ends it.
fn run(script: &str, code_page: u32, host: &Host) -> VecDeque<Step> {
    let mut steps = VecDeque::new();
    for statement in script.split(['\n', ';']).map(str::trim).filter(|statement| !statement.is_empty()) {
        if let Some(code) = statement.strip_prefix("exit") {
            steps.push_back(Step::Exit(code.trim().parse().unwrap_or(0)));
            return steps;
        }
        match evaluate(statement, host) {
            Some(output) => {
                steps.push_back(Step::Stdout(code_page::encode(&format!("{output}\r\n"), code_page)));
            }
            None if is_assignment(statement) => {}
            None => {
                steps.extend(unknown(statement, code_page));
                return steps;
            }
        }
    }
    steps.push_back(Step::Exit(0));
    steps
}

/// Preference variables change nothing here.
fn is_assignment(statement: &str) -> bool {
    statement.starts_with("$ProgressPreference") || statement.starts_with("$ErrorActionPreference")
}

fn evaluate(statement: &str, host: &Host) -> Option<String> {
    let machine = host.world().machine(host.index());
    let (word, rest) = statement.split_once(' ').unwrap_or((statement, ""));
    match word.to_ascii_lowercase().as_str() {
        "hostname" | "hostname.exe" | "$env:computername" => Some(machine.computer_name),
        "whoami" | "whoami.exe" => Some(host.account_name().to_lowercase()),
        "$env:username" => Some(host.account().user().to_owned()),
        "$psversiontable.psversion.tostring()" => {
            Some(format!("5.1.{}.{}", machine.windows.build, machine.windows.ubr))
        }
        "$psversiontable.psversion" => Some(format!(
            "\r\nMajor  Minor  Build  Revision\r\n-----  -----  -----  --------\r\n5      1      {:<5}  {}    \r\n\r\n",
            machine.windows.build, machine.windows.ubr
        )),
        "write-output" | "write-host" | "echo" => Some(unquote(rest)),
        literal if literal.starts_with(['"', '\'']) => Some(unquote(statement)),
        _ => None,
    }
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    let inner = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    inner.unwrap_or(text).to_owned()
}

/// What PowerShell says of a name it does not know: CLIXML on stderr, as recorded, and 1.
fn unknown(statement: &str, code_page: u32) -> VecDeque<Step> {
    let name = statement.split_whitespace().next().unwrap_or_default();
    let underline = "~".repeat(name.chars().count());
    let lines = [
        format!(
            "{name} : The term '{name}' is not recognized as the name of a cmdlet, function, script file, or \
             operable program. Check "
        ),
        "the spelling of the name, or if a path was included, verify that the path is correct and try again."
            .to_owned(),
        "At line:1 char:1".to_owned(),
        format!("+ {statement}"),
        format!("+ {underline}"),
        format!("    + CategoryInfo          : ObjectNotFound: ({name}:String) [], CommandNotFoundException"),
        "    + FullyQualifiedErrorId : CommandNotFoundException".to_owned(),
        " ".to_owned(),
    ];
    let errors: String =
        lines.iter().map(|line| format!("<S S=\"Error\">{}_x000D__x000A_</S>", escape(line))).collect();
    let text = format!(
        "#< CLIXML\r\n<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">{errors}</Objs>"
    );
    [stderr(&text, code_page), Step::Exit(1)].into()
}

fn stderr(text: &str, code_page: u32) -> Step {
    Step::Stderr(code_page::encode(text, code_page))
}
