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
