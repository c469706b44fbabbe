//! The host scripts parse as Windows PowerShell 3.0 to 5.1, read only, and stay plain.

use std::time::Duration;

use lustrum::providers::hyperv::collector::Collector;
use lustrum::providers::hyperv::{baseline, bootstrap, facts, script};
use tree_sitter::{Node, Parser, Tree};

/// Every script as a file, and the two texts that travel.
fn scripts() -> Vec<(String, String)> {
    let parts = [
        ("bootstrap", bootstrap::TEXT),
        ("prelude", script::PRELUDE),
        ("values", script::VALUES),
        ("record", script::RECORD),
        ("epilogue", script::EPILOGUE),
        ("facts", facts::SCRIPT),
        ("baseline", baseline::SCRIPT),
    ];
    let collectors = Collector::ALL.iter().map(|collector| (collector.word(), collector.script()));
    let mut scripts: Vec<_> =
        parts.into_iter().chain(collectors).map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    scripts.push(("assembled".to_owned(), assembled()));
    scripts
}

fn assembled() -> String {
    script::assemble(Collector::ALL, Duration::from_secs(60))
}

fn parse(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    parser.parse(text, None).unwrap()
}

fn walk<'t>(node: Node<'t>, visit: &mut impl FnMut(Node<'t>)) {
    visit(node);
    for index in 0..node.child_count() {
        walk(node.child(index).unwrap(), visit);
    }
}

/// Syntax and parameters that Windows PowerShell 3.0 does not have.
fn faults(text: &str) -> Vec<String> {
    let tree = parse(text);
    let mut faults = Vec::new();
    walk(tree.root_node(), &mut |node| {
        let words = &text[node.byte_range()];
        let line = node.start_position().row + 1;
        let mut refuse = |why: &str| {
            faults.push(format!("line {line}: {why}: {}", words.chars().take(60).collect::<String>()));
        };
        match node.kind() {
            _ if node.is_error() || node.is_missing() => refuse("syntax"),
            "class_statement" | "enum_statement" => refuse("a type of PowerShell 5"),
            "background_operator" => refuse("a job of PowerShell 7"),
            "pipeline_chain_tail" => refuse("a chain of PowerShell 7"),
            "inlinescript_statement" | "parallel_statement" | "sequence_statement" => refuse("a workflow"),
            "expandable_here_string_literal" | "verbatim_here_string_characters" => refuse("a here-string"),
            "command_name" => {
                let word = words.to_ascii_lowercase();
                if matches!(word.as_str(), "using" | "clean" | "class" | "enum" | "configuration") {
                    refuse("a keyword of later versions");
                }
                if word.contains('?') || word == ":" {
                    refuse("an operator of PowerShell 7");
                }
            }
            "command_parameter" => {
                let later = [
                    "-asarray",
                    "-ashashtable",
                    "-parallel",
                    "-asbytestream",
                    "-pipelinevariable",
                    "-shuffle",
                ];
                if later.contains(&words.to_ascii_lowercase().as_str()) {
                    refuse("a parameter of later versions");
                }
            }
            "generic_token" | "variable" | "member_name" if words.contains('?') && words != "$?" => {
                refuse("an operator of PowerShell 7");
            }
            "member_name" if matches!(words.to_ascii_lowercase().as_str(), "new" | "where" | "foreach") => {
                refuse("a method of later versions");
            }
            _ => {}
        }
    });
    faults
}

/// The names of all commands a script calls.
fn commands(text: &str) -> Vec<String> {
    let tree = parse(text);
    let mut names = Vec::new();
    walk(tree.root_node(), &mut |node| {
        if node.kind() == "command_name" {
            names.push(text[node.byte_range()].to_owned());
        }
    });
    names
}

#[test]
fn every_script_parses_as_windows_powershell() {
    for (name, text) in scripts() {
        assert!(faults(&text).is_empty(), "{name}: {:#?}", faults(&text));
    }
}

#[test]
fn what_windows_powershell_lacks_is_caught() {
    let later = [
        "$a = $b ?? $c",
        "$a ??= $b",
        "$a?.Name",
        "${a}?.Name",
        "$a?[0]",
        "$a = $b ? 1 : 2",
        "Get-Item x && Get-Item y",
        "Get-Item x || Get-Item y",
        "Get-Item x &",
        "ConvertTo-Json -InputObject $x -AsArray",
        "ConvertFrom-Json $x -AsHashtable",
        "1..3 | ForEach-Object -Parallel { $_ }",
        "function f { process { 1 } clean { 2 } }",
        "clean { 2 }",
        "class A { [int]$x }",
        "enum E { A; B }",
        "using namespace System.IO",
        "[System.Text.StringBuilder]::new()",
        "$a.Where({ $_ })",
        "$a.ForEach({ $_ })",
        "$a = @'\nsecret\n'@",
        "$a = @\"\nsecret\n\"@",
        "if ($a { 1 }",
        "function f {",
        "$a = @(1, 2",
        "foreach ($a in) { }",
    ];
    let passed: Vec<_> = later.into_iter().filter(|text| faults(text).is_empty()).collect();
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn what_windows_powershell_has_passes() {
    let text = "foreach ($vm in @(Hyper-V\\Get-VM)) { try { [pscustomobject]@{ Name = [string]$vm.Name; Up = $null -ne $vm } } catch { $_ } }\n";
    assert!(faults(text).is_empty(), "{:#?}", faults(text));
}

#[test]
fn scripts_are_ascii_without_tabs() {
    for (name, text) in scripts() {
        let odd = text.chars().find(|c| !(c.is_ascii_graphic() || matches!(c, ' ' | '\n')));
        assert_eq!(odd, None, "{name}");
    }
}

#[test]
fn lines_may_lose_their_indentation_and_comments() {
    for (name, text) in scripts() {
        assert!(!text.contains("<#"), "{name}: a block comment would lose its end");
    }
    let sent = assembled();
    assert!(sent.lines().all(|line| line == line.trim() && !line.is_empty() && !line.starts_with('#')));
}

/// Cmdlets that read, and those that only touch this process.
const HARMLESS: [&str; 14] = [
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "Get-ChildItem",
    "Get-CimInstance",
    "Get-Command",
    "Get-Date",
    "Get-Item",
    "Get-ItemProperty",
    "Get-Module",
    "Get-Process",
    "Get-Service",
    "Import-Module",
    "Invoke-Expression",
    "Set-StrictMode",
];
const ON_VALUES: [&str; 4] = ["Measure-Object", "New-Object", "Sort-Object", "Where-Object"];

#[test]
fn scripts_only_read() {
    for (name, text) in scripts() {
        for command in commands(&text) {
            let own = command.contains("-Lustrum");
            let cmdlet = command.strip_prefix("Hyper-V\\");
            let reads = cmdlet.is_some_and(|cmdlet| cmdlet.starts_with("Get-VM") || cmdlet == "Get-VHD");
            let harmless = HARMLESS.contains(&command.as_str()) || ON_VALUES.contains(&command.as_str());
            assert!(own || reads || harmless, "{name} calls {command}");
        }
    }
}

/// The logon is good for this one machine: what it asks of another is refused, or worse, answered.
#[test]
fn scripts_ask_no_other_machine() {
    for (name, text) in scripts() {
        let tree = parse(&text);
        walk(tree.root_node(), &mut |node| {
            let word = text[node.byte_range()].to_ascii_lowercase();
            let elsewhere = ["-computername", "-cimsession", "-session", "-cluster"];
            let asks = node.kind() == "command_parameter" && elsewhere.contains(&word.as_str());
            assert!(!asks, "{name} asks another machine: {word}");
        });
    }
}

/// A bare Get-VM may be PowerCLI's or SCVMM's.
#[test]
fn the_check_on_commands_can_fail() {
    assert_eq!(commands("Get-VM; Remove-Item x"), ["Get-VM", "Remove-Item"]);
}

#[test]
fn bulk_cmdlets_are_never_asked_per_vm() {
    for (name, text) in scripts() {
        for line in text.lines().filter(|line| line.contains("-VMName")) {
            assert!(line.contains("-VMName '*'") && !line.contains("-VMName $"), "{name}: {line}");
        }
    }
}

#[test]
fn the_script_begins_with_its_request() {
    let script = assembled();
    let first = script.lines().next().unwrap();
    let json = first.strip_prefix("$LustrumRequest = '").unwrap().strip_suffix('\'').unwrap();
    let request: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(request["wire"], 1);
    assert_eq!(request["collectors"][0], "facts");
    assert_eq!(request["collectors"][1], "baseline");
    assert_eq!(request["collectors"].as_array().unwrap().len(), 2 + Collector::ALL.len());
    assert_eq!(request["collector_deadline_ms"], 60_000);
    assert_eq!(request["gzip"], true);
}

#[test]
fn only_the_asked_collectors_travel() {
    let script = script::assemble(&[Collector::Switch], Duration::from_secs(60));
    assert!(
        script.contains("$LustrumCollectors['switch']") && !script.contains("$LustrumCollectors['disk']")
    );
}

#[test]
fn the_command_line_is_short_and_decodes_to_the_bootstrap() {
    use base64::Engine;
    let command = bootstrap::command_line();
    let length: usize = command.arguments.iter().map(|argument| argument.len() + 1).sum();
    assert!(length < 1024, "{length}");
    assert_eq!(command.program, r"C:\Windows\system32\WindowsPowerShell\v1.0\powershell.exe");
    assert_eq!(command.arguments[4], "-EncodedCommand");
    let bytes = base64::engine::general_purpose::STANDARD.decode(&command.arguments[5]).unwrap();
    let units: Vec<_> = bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    assert_eq!(String::from_utf16(&units).unwrap(), bootstrap::TEXT);
}
