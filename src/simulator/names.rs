//! What simulated things are called.

use crate::simulator::dice::Dice;

const SITES: &[&str] = &["ber", "muc", "ham", "fra", "cgn", "vie", "zrh", "ams"];
const HOSTS_PER_SITE: usize = 24;
const FOR_SITES: u64 = 100;

/// The name of a host: `hv-ber-01`. Hosts fill one site after the other; the seed says in
/// which order the sites come. Past the last site a digit joins: `hv-ber2-01`.
pub fn host(seed: u64, index: usize) -> String {
    let block = index / HOSTS_PER_SITE;
    let turn = Dice::for_path(&[seed, FOR_SITES]).between(0, SITES.len() as u64 - 1) as usize;
    let site = SITES[(block + turn) % SITES.len()];
    let number = index % HOSTS_PER_SITE + 1;
    match block / SITES.len() {
        0 => format!("hv-{site}-{number:02}"),
        round => format!("hv-{site}{}-{number:02}", round + 1),
    }
}

const ROLES: &[&str] = &[
    "dc", "fs", "sql", "web", "app", "exch", "print", "rds", "wsus", "mon", "git", "ci", "k8s", "proxy",
    "test",
];

/// Names that break careless readers: formulas, quotes, scripts other than Latin, blanks at
/// the edge, and one that every host may have.
const ODD_NAMES: &[&str] = &[
    "=HYPERLINK(\"http://intranet\";\"intranet\")",
    "+49-30-telefonie",
    "-old-print (nicht starten)",
    "@helpdesk",
    "データベース01",
    "测试服务器-甲",
    "Müller's \"Test\" VM",
    "сервер-1с",
    "New Virtual Machine",
    "New Virtual Machine",
    "web,01;prod",
    "a<b>&c",
    " leading blank",
    "тест\u{202e}gpj",
];

const NOTES: &[&str] = &[
    "",
    "",
    "",
    "",
    "Owner: Team Betrieb\r\nTicket: CHG-20231\r\nDo not move.",
    "#CLUSTER-INVARIANT#:{5b1ad4f0-8e7c-4d31-9c0f-1d2f6a0b7c55}",
    "貸出中（2025年3月まで）",
    "=cmd|' /C calc'!A0",
    "tab\there, bell\u{7}, end",
    "\"quoted\", 'single', back\\slash, 100 %",
];

/// The name of VM `number` of a host called `HV-BER-08`: `ber-sql-0804`, unique in the fleet.
/// One in twelve is odd, and odd names repeat.
pub fn guest(computer_name: &str, number: usize, dice: &mut Dice) -> String {
    if dice.between(1, 12) == 1 {
        return (*dice.pick(ODD_NAMES)).to_owned();
    }
    let mut parts = computer_name.split('-').skip(1);
    let site = parts.next().unwrap_or("BER").to_lowercase();
    format!("{site}-{}-{}{:02}", dice.pick(ROLES), parts.next().unwrap_or("01"), number + 1)
}

pub fn notes(dice: &mut Dice) -> String {
    (*dice.pick(NOTES)).to_owned()
}

/// A name with what NTFS refuses taken out.
pub fn file(name: &str) -> String {
    name.replace(['<', '>', ':', '"', '/', '\\', '|', '?', '*'], "_").trim().to_owned()
}

/// The folder of a VM, its own even where names repeat: those get a piece of the id.
pub fn folder(name: &str, id: &str) -> String {
    if ODD_NAMES.contains(&name) { format!("{}_{}", file(name), &id[..8]) } else { file(name) }
}
