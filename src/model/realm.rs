//! Where an account gets its Kerberos tickets.

use std::fmt;

use zeroize::Zeroizing;

/// The port of a KDC (RFC 4120, 7.2.3).
pub const KDC_PORT: u16 = 88;

/// An account in its realm, and who hands out tickets there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// `CENSUS.EXAMPLE`.
    pub name: String,
    /// The user without the realm.
    pub account: String,
    /// Asked in this order; at least one.
    pub kdcs: Vec<Kdc>,
    /// From a keytab; it takes the password's place.
    pub key: Option<AccountKey>,
}

/// A key distribution centre, reached by TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kdc {
    pub host: String,
    pub port: u16,
}

impl Kdc {
    /// `host`, `host:port`, an address, or `[address]:port`.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':')?)),
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(KDC_PORT), str::parse).ok()?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        let usable = !host.is_empty() && host.chars().all(is_name) && port != 0;
        usable.then(|| Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Kdc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "tcp://[{host}]:{port}") } else { write!(f, "tcp://{host}:{port}") }
    }
}

/// Encryption types of RFC 3962, by their numbers; the only ones used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyType {
    Aes128 = 17,
    Aes256 = 18,
}

impl KeyType {
    pub const fn bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }
}

/// An account's long-term key. As good as its password, and kept like it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountKey {
    pub key_type: KeyType,
    key: Zeroizing<Vec<u8>>,
}

impl AccountKey {
    /// `None` for a key that is not as long as its type wants.
    pub fn new(key_type: KeyType, key: Zeroizing<Vec<u8>>) -> Option<Self> {
        (key.len() == key_type.bytes()).then_some(Self { key_type, key })
    }

    /// The one way to the key. Callers hand it to a protocol, never to a log.
    pub fn reveal(&self) -> &[u8] {
        &self.key
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({:?}, ***)", self.key_type)
    }
}
