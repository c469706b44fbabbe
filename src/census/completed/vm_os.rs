//! The operating system a VM is configured for: Hyper-V has no such setting, so it is what
//! the guest told, else what it told an earlier run, else what its Secure Boot template suits.

use std::collections::HashMap;

use arrow_array::RecordBatch;

use crate::census::filling::Filling;
use crate::model::remembered::Remembered;
use crate::tables::columns::{Flags, Texts};

/// RVTools' own word for an operating system it does not know.
const OTHER: &str = "Other (64-bit)";

pub fn fill(filling: &mut Filling, vinfo: &RecordBatch, remembered: &HashMap<String, Remembered>) {
    let text = |name| Texts::of(vinfo, name);
    let (vm_id, guest, template) = (text("vm_id"), text("guest_os_name"), text("secure_boot_template"));
    let secure_boot = Flags::of(vinfo, "secure_boot_enabled");
    let known = |row| {
        let guest = guest.at(row).filter(|os| !os.trim().is_empty()).map(|os| (os, "guest"));
        let earlier =
            || vm_id.at(row).and_then(|id| remembered.get(id)?.os.as_deref().filter(|os| *os != OTHER));
        let guess = || template.at(row).filter(|_| secure_boot.at(row) != Some(false)).and_then(suited);
        guest
            .or_else(|| earlier().map(|os| (os, "history")))
            .or_else(|| guess().map(|os| (os, "secure_boot_template")))
            .unwrap_or((OTHER, "none"))
    };
    filling.texts("os_configured", |row| Some(known(row).0));
    filling.texts("os_source", |row| Some(known(row).1));
}

/// What boots under a template, by its name or its id. A template means nothing while Secure
/// Boot is off: it is then the default that nobody chose.
fn suited(template: &str) -> Option<&'static str> {
    match template.to_ascii_lowercase().as_str() {
        "microsoftwindows" | "1734c6e8-3154-4dda-ba5f-a874cc483422" => Some("Windows"),
        "microsoftueficertificateauthority"
        | "272e7447-90a4-4563-a4b9-8e4ab00526ce"
        | "opensourceshieldedvm"
        | "4292ae2b-ee2c-42b5-a969-dd8f8689f6f3" => Some("Linux"),
        _ => None,
    }
}
