//! All platforms, each over the transport that is in use.

use crate::providers::hyperv::session::Hyperv;
use crate::transport::shell::ShellLimits;
use crate::transport::wsman::client::Wsman;

/// Hyper-V hosts over our own WS-Management client, for one run.
pub fn hyperv(limits: ShellLimits) -> Hyperv<Wsman> {
    Hyperv::new(limits)
}
