//! Answers as a WinRM service writes them.

use std::borrow::Cow;

/// The action of every fault (DSP0226 14.1).
pub const FAULT_ACTION: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";

/// Text made fit for XML content and attributes.
pub fn escape(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

/// A whole answer to the request `relates_to`.
pub fn envelope(action: &str, message_id: &str, relates_to: &str, body: &str) -> String {
    format!(
        "<s:Envelope xml:lang=\"en-US\" xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:x=\"http://schemas.xmlsoap.org/ws/2004/09/transfer\" \
         xmlns:n=\"http://schemas.xmlsoap.org/ws/2004/09/enumeration\" \
         xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" \
         xmlns:rsp=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell\" \
         xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd\">\
         <s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{message_id}</a:MessageID>\
         <a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>\
         <a:RelatesTo>{}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>",
        escape(relates_to)
    )
}

/// The answer to an Identify (DSP0226 11). Without a logon Windows hides its version.
pub fn identify(product_version: &str) -> String {
    format!(
        "<s:Envelope xml:lang=\"en-US\" xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header/><s:Body>\
         <wsmid:IdentifyResponse xmlns:wsmid=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\">\
         <wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>\
         <wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>\
         <wsmid:ProductVersion>{product_version}</wsmid:ProductVersion>\
         </wsmid:IdentifyResponse></s:Body></s:Envelope>"
    )
}
