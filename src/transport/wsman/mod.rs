//! Our own WS-Management client: WinRM shells over one pinned, sealed connection a host.

pub mod answer;
pub mod channel;
pub mod connection;
pub mod conversation;
pub mod enumerate;
pub mod envelope;
pub mod error;
pub mod logon;
pub mod sealing;
pub mod shell;
pub mod tls;
