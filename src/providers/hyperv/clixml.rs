//! What powershell.exe says on stderr: CLIXML, in which progress is no error.
//!
//! MS-PSRP 2.2.5 describes the format. With -EncodedCommand every stream but the output
//! arrives on stderr as one document, `#< CLIXML` and `<Objs …>`; error text comes in
//! pieces, `<S S="Error">…_x000D__x000A_</S>`. A process that was ended leaves the
//! document open, so it is read without asking for its end.

const ERROR_BEGIN: &str = "<S S=\"Error\">";
const ERROR_END: &str = "</S>";

/// Keeps the beginning of stderr; the rest can only repeat it.
#[derive(Debug, Default)]
pub struct Complaints {
    bytes: Vec<u8>,
}

impl Complaints {
    /// What is kept of stderr.
    pub const LIMIT_BYTES: usize = 64 << 10;

    pub fn feed(&mut self, bytes: &[u8]) {
        let room = Self::LIMIT_BYTES - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The error text, on one line; absent when there was only noise.
    pub fn error(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let error = if text.contains("#< CLIXML") { errors(&text) } else { text.into_owned() };
        let words: Vec<_> = error.split_whitespace().collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// The FullyQualifiedErrorId of the first error, which no language changes.
    pub fn error_id(&self) -> Option<String> {
        let error = self.error()?;
        let rest = error.split_once("FullyQualifiedErrorId : ")?.1;
        rest.split_whitespace().next().map(str::to_owned)
    }
}

fn errors(clixml: &str) -> String {
    let pieces = clixml.split(ERROR_BEGIN).skip(1);
    pieces.map(|piece| unescaped(piece.split(ERROR_END).next().unwrap_or_default())).collect()
}

/// XML entities, then `_x000D_`: the escape of a UTF-16 unit in MS-PSRP 2.2.5.3.2.
fn unescaped(text: &str) -> String {
    let text = quick_xml::escape::unescape(text).unwrap_or(text.into());
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find("_x") {
        units.extend(rest[..at].encode_utf16());
        match rest
            .get(at + 2..at + 7)
            .and_then(|code| code.strip_suffix('_'))
            .map(|hex| u16::from_str_radix(hex, 16))
        {
            Some(Ok(unit)) => {
                units.push(unit);
                rest = &rest[at + 7..];
            }
            _ => {
                units.extend("_x".encode_utf16());
                rest = &rest[at + 2..];
            }
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}
