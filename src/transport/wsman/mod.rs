//! Our WS-Management client: SOAP over one pinned HTTP connection per host.

pub mod answer;
pub mod channel_binding;
pub mod client;
pub mod command_shell;
pub mod connection;
pub mod context;
pub mod conversation;
pub mod der;
pub mod enumerate;
pub mod envelope;
pub mod exchange;
pub mod fault;
pub mod identify;
pub mod kdc;
pub mod kerberos;
pub mod kerberos_binding;
pub mod line;
pub mod logon;
pub mod route;
pub mod sealing;
pub mod tickets;
pub mod words;
pub mod xml;
