//! The real daemon as a process: started in a folder, read by its log, told by signals.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

/// A daemon and what it logs.
pub struct Served {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Served {
    /// On a port of its own, unless the further arguments say otherwise.
    pub fn start(folder: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lustrum"))
            .current_dir(folder)
            .args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0"])
            .args(more)
            .env_clear()
            .env("HYPERV_USER", "census")
            .env("HYPERV_PASSWORD", "census")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    /// Reads the log up to a line with this message.
    pub fn until(&mut self, message: &str) -> Value {
        self.next_of(&[message])
    }

    /// Likewise, with one of these messages.
    pub fn next_of(&mut self, messages: &[&str]) -> Value {
        let mut read = String::new();
        for line in self.log.by_ref() {
            let line = line.unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            let text = event["message"].as_str().unwrap_or_default();
            if messages.iter().any(|message| text.contains(message)) {
                return event;
            }
            read.push_str(&line);
            read.push('\n');
        }
        panic!("the daemon ended without a word of {messages:?}:\n{read}");
    }

    pub fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub fn exit_code(&mut self) -> Option<i32> {
        for line in self.log.by_ref() {
            drop(line);
        }
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    /// SIGKILL: nothing of the process runs any more, and a test that failed leaves none behind.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
