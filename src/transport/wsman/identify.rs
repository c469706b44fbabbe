//! Identify: what listens there, asked without a credential (DSP0226, 11; MS-WSMV 3.1.4.1.20).

use crate::transport::shell::Identity;
use crate::transport::wsman::answer::Answer;
use crate::transport::wsman::words::{IDENTITY, SOAP};

/// The header that lets an Identify in without a logon.
pub const HEADER: (&str, &str) = ("WSMANIDENTIFY", "unauthenticated");

/// The request: no addressing, for there is no resource.
pub fn envelope() -> String {
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:i=\"{IDENTITY}\"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
    )
}

/// Reads an answer. `None` is something that does not speak WS-Management. A host whose
/// administrator closed the anonymous door answers 401 and tells nothing of itself.
pub fn read(status: u16, offers_logon: bool, body: &[u8]) -> Option<Identity> {
    match status {
        200 => Answer::read(body).ok()?.identity(),
        401 if offers_logon => Some(Identity::default()),
        _ => None,
    }
}
