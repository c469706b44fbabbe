//! Names and notes that break careless readers and writers: `FleetSpec.hostile_names`.

use crate::simulator::guest::Guest;

/// Stands for the lone surrogate U+D800, which a Rust string cannot hold: payloads write it
/// as the JSON escape `\ud800`, as ConvertTo-Json does. A noncharacter, so no name has it.
pub const LONE_SURROGATE: char = '\u{fdd0}';

const NAMES: &[&str] = &[
    "\"quoted\" and 'single'",
    "line\r\nbreak",
    "=cmd|' /C calc'!A0",
    "+1+2",
    "@SUM(1,2)",
    "-2+3",
    "tab\tin\tname",
    "\tleading tab",
    "خادم الويب",
    "evil\u{202e}xslx.exe",
    "データベース・本番",
    "\u{1f680}\u{1f4be} rocket",
    "lone\u{fdd0}surrogate",
    "bell\u{7}escape\u{1b}null\u{0}delete\u{7f}",
    "  blanks at both ends  ",
    "",
    "a;b,c|d",
    "_x000D_ escaped",
    "#N/A",
    "</v><v>&amp;",
];

const NOTES: &[&str] = &[
    "=HYPERLINK(\"http://example.invalid\",\"click\")",
    "first\nsecond\r\nthird\rfourth",
    "\"a\",\"b\"\"c\"",
    "\u{fdd0}\u{fdd0}",
    "\u{feff}mark, \u{200b}nothing, \u{2028}line",
    "\u{0}\u{1}\u{8}\u{b}\u{c}\u{1f}",
    "  ",
];

/// Longer than a cell of a worksheet may be (32,767).
const LONG_NOTE_CHARS: usize = 40_000;

/// Gives two VMs of three a hostile name, notes and checkpoint names. Folders keep theirs.
/// Neighbouring numbers take neighbouring entries: twenty-seven VMs show them all.
pub fn spoil(guest: &mut Guest, host: usize, number: usize) {
    if number % 3 == 2 {
        return;
    }
    // Of every three numbers two come here: counted without gaps.
    let turn = host * 5 + number / 3 * 2 + number % 3;
    guest.name = NAMES[turn % NAMES.len()].to_owned();
    guest.notes = match turn % (NOTES.len() + 1) {
        0 => "long 長い ".chars().cycle().take(LONG_NOTE_CHARS).collect(),
        which => NOTES[which - 1].to_owned(),
    };
    for (index, checkpoint) in guest.checkpoints.iter_mut().enumerate() {
        checkpoint.name = NAMES[(turn + index + 7) % NAMES.len()].to_owned();
    }
}

/// Writes lone surrogates into finished JSON.
pub fn with_surrogates(json: String) -> String {
    if json.contains(LONE_SURROGATE) { json.replace(LONE_SURROGATE, "\\ud800") } else { json }
}
