//! Halves of surrogate pairs, which Windows lets stand in a name and JSON in an escape, but
//! no Rust text and no UTF-8 can hold.
//!
//! One such name would make the whole payload unreadable; so a lone half is read as U+FFFD,
//! the replacement character, as .NET itself writes it in UTF-8.

use std::borrow::Cow;

const REPLACEMENT: &[u8] = br"\ufffd";

/// The payload with every lone `\ud800` … `\udfff` replaced; nothing is copied where there is
/// none.
pub fn mended(payload: &[u8]) -> Cow<'_, [u8]> {
    let mut mended: Option<Vec<u8>> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(step) = payload[at..].iter().position(|byte| *byte == b'\\') {
        at += step;
        match unit(&payload[at..]) {
            Some(0xd800..=0xdbff) if matches!(unit(&payload[at + 6..]), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                let mended = mended.get_or_insert_with(|| Vec::with_capacity(payload.len()));
                mended.extend_from_slice(&payload[copied..at]);
                mended.extend_from_slice(REPLACEMENT);
                at += 6;
                copied = at;
            }
            // The escaped character may be a backslash itself.
            _ => at = (at + 2).min(payload.len()),
        }
    }
    match mended {
        None => Cow::Borrowed(payload),
        Some(mut mended) => {
            mended.extend_from_slice(&payload[copied..]);
            Cow::Owned(mended)
        }
    }
}

/// The UTF-16 unit of an escape that begins here.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(br"\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
