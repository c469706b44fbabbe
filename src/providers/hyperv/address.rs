//! Addresses of network adapters as tables show them.

use std::net::{IpAddr, Ipv4Addr};

/// `00155D010203` as `00:15:5d:01:02:03`; all zeros is an address not given yet.
pub fn mac(text: &str) -> Option<String> {
    let digits: String =
        text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase();
    if digits.len() != 12 || digits.bytes().all(|digit| digit == b'0') {
        return None;
    }
    let pairs: Vec<_> = (0..12).step_by(2).map(|at| &digits[at..at + 2]).collect();
    Some(pairs.join(":"))
}

/// 24 as `255.255.255.0`; a length that IPv4 does not have is nothing.
pub fn mask(prefix_length: i64) -> Option<String> {
    let ones = u32::try_from(prefix_length).ok().filter(|length| *length <= 32)?;
    Some(Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - ones).unwrap_or(0)).to_string())
}

/// Addresses in one text, comma separated, each without its zone; null for none.
pub fn joined(addresses: Option<Vec<String>>) -> Option<String> {
    let addresses = addresses?;
    let plain: Vec<_> = addresses
        .iter()
        .map(|address| address.split('%').next().unwrap_or_default())
        .filter(|address| address.parse::<IpAddr>().is_ok())
        .collect();
    (!plain.is_empty()).then(|| plain.join(", "))
}
