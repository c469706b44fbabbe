//! Console output in the code page that a shell asked for.

use bytes::Bytes;

/// The OEM code page of a western European Windows.
pub const OEM: u32 = 850;
const UTF_8: u32 = 65001;

/// The letters of code page 850 beyond ASCII that names here use.
const LETTERS: &[(char, u8)] = &[
    ('Ç', 0x80),
    ('ü', 0x81),
    ('é', 0x82),
    ('â', 0x83),
    ('ä', 0x84),
    ('à', 0x85),
    ('ç', 0x87),
    ('ê', 0x88),
    ('è', 0x8a),
    ('ï', 0x8b),
    ('Ä', 0x8e),
    ('É', 0x90),
    ('ô', 0x93),
    ('ö', 0x94),
    ('Ö', 0x99),
    ('Ü', 0x9a),
    ('ø', 0x9b),
    ('á', 0xa0),
    ('í', 0xa1),
    ('ó', 0xa2),
    ('ú', 0xa3),
    ('ñ', 0xa4),
    ('ß', 0xe1),
];

/// Text as the console writes it. What the code page lacks becomes a question mark, as
/// WideCharToMultiByte does it.
pub fn encode(text: &str, code_page: u32) -> Bytes {
    if code_page == UTF_8 || text.is_ascii() {
        return Bytes::copy_from_slice(text.as_bytes());
    }
    let byte = |letter: char| match LETTERS.iter().find(|(known, _)| *known == letter) {
        _ if letter.is_ascii() => letter as u8,
        Some((_, byte)) => *byte,
        None => b'?',
    };
    text.chars().map(byte).collect()
}
