//! The one account a simulated host knows.

use crate::model::credential::Secret;

/// The NetBIOS and the DNS name of the domain that every simulated host has joined.
pub const NETBIOS_DOMAIN: &str = "CENSUS";
pub const DNS_DOMAIN: &str = "census.example";

/// A user, its password, and the names under which one host knows it.
#[derive(Clone, Debug)]
pub struct Account {
    user: String,
    password: Secret,
    computer: String,
}

impl Account {
    /// `user` may carry a domain (`CENSUS\name`, `name@census.example`); the name alone counts.
    pub fn new(user: &str, password: Secret, computer: &str) -> Self {
        let plain = user.rsplit('\\').next().unwrap_or(user);
        let plain = plain.split('@').next().unwrap_or(plain);
        Self { user: plain.to_owned(), password, computer: computer.to_owned() }
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// The domains under which this host knows the user, as a down-level name writes them:
    /// none, `.`, the computer itself, and the domain in both spellings.
    pub fn domains(&self) -> [&str; 5] {
        ["", ".", &self.computer, NETBIOS_DOMAIN, DNS_DOMAIN]
    }

    /// Whether `name` (`user`, `DOMAIN\user`, `user@domain`) is this account.
    pub fn answers_to(&self, name: &str) -> bool {
        let (user, domain) = match (name.split_once('\\'), name.split_once('@')) {
            (Some((domain, user)), _) => (user, domain),
            (None, Some((user, domain))) => (user, domain),
            (None, None) => (name, ""),
        };
        user.eq_ignore_ascii_case(&self.user)
            && self.domains().iter().any(|known| known.eq_ignore_ascii_case(domain))
    }
}
