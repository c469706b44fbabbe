//! The URIs and limits of the protocol.

pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
pub const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
/// DSP0226.
pub const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// Microsoft's additions (MS-WSMV 2.2.1).
pub const WSMV: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
pub const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
pub const IDENTITY: &str = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";

pub const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";

pub const CREATE: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create";
pub const DELETE: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete";
pub const COMMAND: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command";
pub const SEND: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send";
pub const RECEIVE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive";
pub const SIGNAL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal";
pub const ENUMERATE: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
pub const PULL: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull";

/// The resource of a text shell (MS-WSMV 2.2.4.38).
pub const SHELL_CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
/// A WMI namespace follows (MS-WSMV 2.2.5.2).
pub const WMI: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
pub const WQL: &str = "http://schemas.microsoft.com/wbem/wsman/1/WQL";

/// The largest envelope a stock host sends: MaxEnvelopeSizekb is 500.
pub const MAX_ENVELOPE_BYTES: usize = 512_000;
/// The largest envelope that every host takes, Windows Server 2008 R2 included.
pub const SAFE_ENVELOPE_BYTES: usize = 153_600;
