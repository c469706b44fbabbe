//! Who we are to a target: a name for the credential, and a secret that does not print.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::model::realm::Realm;

/// The name a fleet uses for a credential. It may be printed; what it names may not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CredentialName(pub String);

impl CredentialName {
    /// The credential of every target that names no other.
    pub fn default_name() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for CredentialName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value that is wiped when dropped and masked when debugged. Deliberately without
/// `Display`, `Serialize` and `Deserialize`: there is no way to print one by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The one way to the text. Callers hand it to a protocol, never to a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// What a logon needs. `user` is `name`, `DOMAIN\name` or `name@realm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub name: CredentialName,
    pub user: String,
    pub password: Secret,
    /// PEM of a client certificate chain and its key, for certificate logon over HTTPS.
    pub certificate: Option<ClientCertificate>,
    /// For Kerberos: the realm that `user` names.
    pub realm: Option<Realm>,
}

/// A client certificate: PEM texts, the key kept as a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    pub chain_pem: String,
    pub key_pem: Secret,
}
