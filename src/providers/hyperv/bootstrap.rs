//! The command line that starts the script: powershell.exe, and a few words that read the
//! script from stdin.
//!
//! powershell.exe gives the lines of its stdin to the command as `$input`. Reading them
//! that way, and running them with Invoke-Expression, needs no .NET call and so works in
//! Constrained Language as well.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::transport::shell::CommandLine;

/// What -EncodedCommand carries.
pub const TEXT: &str = include_str!("scripts/bootstrap.ps1");

/// Where Windows keeps Windows PowerShell. Only a full path starts without cmd.exe.
pub const PROGRAM: &str = r"C:\Windows\system32\WindowsPowerShell\v1.0\powershell.exe";

/// `powershell.exe … -EncodedCommand <base64 of UTF-16LE>`.
pub fn command_line() -> CommandLine {
    let arguments = ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand"];
    let arguments = arguments.into_iter().map(str::to_owned).chain([encoded(TEXT)]).collect();
    CommandLine { program: PROGRAM.to_owned(), arguments }
}

fn encoded(text: &str) -> String {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    STANDARD.encode(bytes)
}
