//! SOAP faults: their numbers, and what each number means for us.

use std::fmt;

use crate::model::failure::{Failure, FailureKind, Retry};
use crate::transport::wsman::xml::Element;

/// Nothing came within OperationTimeout: ask again.
pub const OPERATION_TIMEOUT: u32 = 2_150_858_793;
/// ERROR_FILE_NOT_FOUND and ERROR_PATH_NOT_FOUND: no such program.
pub const PROGRAM_NOT_FOUND: [u32; 2] = [0x8007_0002, 0x8007_0003];
/// The shell is not there (any more).
pub const SHELL_NOT_FOUND: u32 = 2_150_858_843;

/// What is known of a fault (MS-WSMV 2.2.4.43 WSManFault, MSFT_WmiError, DSP0226 subcodes).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// `Code` of WSManFault.
    pub wsman_code: Option<u32>,
    /// `error_Code` of MSFT_WmiError.
    pub wmi_code: Option<u32>,
    /// `w:QuotaLimit`, without its prefix.
    pub subcode: Option<String>,
    /// The host's own words, in the host's language.
    pub reason: String,
    /// The plugin that spoke: `Shell cmd plugin`.
    pub provider: Option<String>,
    /// What the plugin said, with its own number where it has one.
    pub provider_fault: Option<String>,
}

/// What a fault asks us to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing yet: the same request again, at once.
    PollAgain,
    /// The user's quota is full: again after a pause.
    Quota,
    /// It stays so, and this is the kind.
    Ends(FailureKind, Retry),
}

/// Numbers whose meaning is certain: the WinRM quotas of winerror.h's ERROR_WSMAN range, and
/// Win32 and WMI codes.
const MEANINGS: &[(u32, Meaning)] = &[
    (OPERATION_TIMEOUT, Meaning::PollAgain),
    // ERROR_WSMAN_QUOTA_MAX_SHELLS, _MAX_OPERATIONS, _USER, _SYSTEM, _MAX_SHELLUSERS.
    (2_150_859_173, Meaning::Quota),
    (2_150_859_174, Meaning::Quota),
    (2_150_859_175, Meaning::Quota),
    (2_150_859_176, Meaning::Quota),
    (2_150_859_179, Meaning::Quota),
    // ERROR_ACCESS_DENIED, bare and as HRESULT: known, and not allowed in.
    (5, Meaning::Ends(FailureKind::AuthFailed, Retry::Never)),
    (0x8007_0005, Meaning::Ends(FailureKind::AuthFailed, Retry::Never)),
    // WBEM_E_ACCESS_DENIED.
    (0x8004_1003, Meaning::Ends(FailureKind::RemoteError, Retry::Never)),
    (PROGRAM_NOT_FOUND[0], Meaning::Ends(FailureKind::RemoteError, Retry::Never)),
    (PROGRAM_NOT_FOUND[1], Meaning::Ends(FailureKind::RemoteError, Retry::Never)),
    // WBEM_E_INVALID_NAMESPACE, WBEM_E_INVALID_CLASS: the role is not installed.
    (0x8004_100e, Meaning::Ends(FailureKind::NotApplicable, Retry::Never)),
    (0x8004_1010, Meaning::Ends(FailureKind::NotApplicable, Retry::Never)),
    // The shell went away under us; aborted; registry key marked for deletion (profile unload).
    (SHELL_NOT_FOUND, Meaning::Ends(FailureKind::NoAnswer, Retry::Later)),
    (995, Meaning::Ends(FailureKind::NoAnswer, Retry::Later)),
    (0x8007_03e3, Meaning::Ends(FailureKind::NoAnswer, Retry::Later)),
    (0x8007_03fa, Meaning::Ends(FailureKind::NoAnswer, Retry::Later)),
];

impl Fault {
    /// Reads `s:Fault` out of a SOAP body.
    pub fn read(body: &Element) -> Option<Self> {
        let fault = body.child("Fault")?;
        let wsman = fault.find("WSManFault");
        let wmi = fault.find("MSFT_WmiError");
        let text = |path: &[&str]| {
            fault.path(path).map(|element| element.trimmed().to_owned()).filter(|text| !text.is_empty())
        };
        let said = |element: Option<&Element>| {
            element
                .and_then(|element| element.child("Message"))
                .map(|message| message.all_text().trim().to_owned())
                .filter(|message| !message.is_empty())
        };
        let provider = wsman.and_then(|wsman| wsman.find("ProviderFault"));
        Some(Self {
            wsman_code: wsman.and_then(|wsman| wsman.attribute("Code")).and_then(number),
            wmi_code: wmi.and_then(|wmi| wmi.child("error_Code")).and_then(|code| number(code.trimmed())),
            subcode: text(&["Code", "Subcode", "Value"])
                .map(|code| code.rsplit(':').next().unwrap_or_default().to_owned()),
            reason: text(&["Reason", "Text"]).or(said(wsman)).or(said(wmi)).unwrap_or_default(),
            provider: provider.and_then(|fault| fault.attribute("provider")).map(str::to_owned),
            provider_fault: provider.map(|fault| fault.all_text().trim().to_owned()),
        })
    }

    /// The number, wherever the host put it.
    pub fn number(&self) -> Option<u32> {
        self.wsman_code.or(self.wmi_code)
    }

    pub fn meaning(&self) -> Meaning {
        let known = self.number().and_then(|number| MEANINGS.iter().find(|(known, _)| *known == number));
        match (known, self.subcode.as_deref()) {
            (Some((_, meaning)), _) => *meaning,
            // A fault without a number we know still says its sort (DSP0226, table C.1).
            (None, Some("TimedOut")) => Meaning::PollAgain,
            (None, Some("QuotaLimit")) => Meaning::Quota,
            (None, Some("AccessDenied")) => Meaning::Ends(FailureKind::AuthFailed, Retry::Never),
            (None, _) => Meaning::Ends(FailureKind::NoAnswer, Retry::NextRun),
        }
    }

    /// The failure this fault is when nothing more can be done about it.
    pub fn into_failure(self, http_status: u16) -> Failure {
        let (kind, retry) = match self.meaning() {
            Meaning::PollAgain => (FailureKind::NoAnswer, Retry::Later),
            Meaning::Quota => (FailureKind::Quota, Retry::Later),
            Meaning::Ends(kind, retry) => (kind, retry),
        };
        Failure::new(kind, format!("{self} (http {http_status})")).with_retry(retry)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.wsman_code, self.wmi_code) {
            (Some(code), _) => write!(f, "WSManFault {code}")?,
            (None, Some(code)) => write!(f, "MSFT_WmiError {code}")?,
            (None, None) => write!(f, "soap fault")?,
        }
        if let Some(subcode) = &self.subcode {
            write!(f, " {subcode}")?;
        }
        let said = self.provider_fault.as_deref().filter(|said| !said.is_empty()).unwrap_or(&self.reason);
        let mut words = said.split_whitespace();
        if let Some(first) = words.next() {
            write!(f, ": {first}")?;
        }
        words.take(60).try_for_each(|word| write!(f, " {word}"))
    }
}

/// Windows writes codes unsigned, and in a few places as the signed HRESULT.
fn number(text: &str) -> Option<u32> {
    let value: i64 = text.trim().parse().ok()?;
    u32::try_from(value).ok().or_else(|| i32::try_from(value).ok().map(i32::cast_unsigned))
}
