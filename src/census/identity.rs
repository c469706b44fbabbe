//! Names and ids that stay the same from run to run.

use std::net::IpAddr;

use uuid::Uuid;

/// UUIDv5 of a full name in the DNS namespace (RFC 9562 §5.5); case does not matter.
pub fn uuid_of(fqdn: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_DNS, fqdn.to_lowercase().as_bytes()).to_string()
}

/// An object's id in RVTools' manner: its kind, and the first eight digits of a hash of
/// what makes it the only one.
pub fn object_id(kind: &str, parts: &[&str]) -> String {
    let uuid = uuid_of(&parts.join("/"));
    format!("{kind}-{}", &uuid[..8])
}

/// What follows the first label; an address has no domain.
pub fn domain_of(name: &str) -> Option<&str> {
    if name.parse::<IpAddr>().is_ok() {
        return None;
    }
    name.split_once('.').map(|(_, domain)| domain).filter(|domain| !domain.is_empty())
}

/// The first label; an address as a whole.
pub fn label_of(name: &str) -> &str {
    if name.parse::<IpAddr>().is_ok() {
        return name;
    }
    name.split('.').next().unwrap_or(name)
}
