//! A thing we connect to: its name, its platform, its address and how we trust it.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::credential::CredentialName;

/// The name of a host as the operator wrote it, lowercased: a DNS name or an address.
/// It becomes part of files and log lines, so it holds no separator and no control character.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Arc<str>);

#[derive(Debug, thiserror::Error)]
#[error("host name {name:?} {why}")]
pub struct InvalidHostName {
    name: String,
    why: &'static str,
}

impl HostName {
    pub fn parse(text: &str) -> Result<Self, InvalidHostName> {
        let refuse = |why| Err(InvalidHostName { name: text.chars().take(80).collect(), why });
        if text.is_empty() {
            return refuse("is empty");
        }
        if text.len() > 253 {
            return refuse("is longer than 253 characters");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refuse("holds white space or a control character");
        }
        if text.contains(['/', '\\']) || text == "." || text == ".." {
            return refuse("holds a path separator");
        }
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if !text.chars().all(allowed) || text.starts_with('-') {
            return refuse("holds a character no host name has");
        }
        Ok(Self(text.to_lowercase().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for HostName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for HostName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HostName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": 253 })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    Hyperv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Port 5985; bodies sealed by NTLM, Negotiate or Kerberos.
    Http,
    /// Port 5986; the logon bound to the certificate (RFC 5929).
    Https,
}

impl Scheme {
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 5985,
            Self::Https => 5986,
        }
    }
}

/// How we log on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMethod {
    /// SPNEGO that settles on NTLMv2; bodies are sealed over HTTP.
    Negotiate,
    /// NTLMv2 without SPNEGO; bodies are sealed over HTTP.
    Ntlm,
    /// A ticket of the domain; bodies are sealed over HTTP.
    Kerberos,
    /// User and password in a header: HTTPS only.
    Basic,
    /// A client certificate mapped to an account: HTTPS only.
    Certificate,
}

/// What makes a server certificate acceptable. Verification against the system's roots is
/// the default; a CA bundle adds roots; a pin replaces them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// Path of a PEM bundle with further roots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
    /// SHA-256 of the leaf certificate, 64 lowercase hex digits without colons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_sha256: Option<String>,
    /// Accept any certificate. Said out loud in every run's warnings.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub danger_accept_invalid_certs: bool,
}

/// One target: who it is, where it listens, and how it is entered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    pub host: HostName,
    pub platform: Platform,
    /// What is dialled: usually the host name itself.
    pub address: String,
    pub port: u16,
    pub scheme: Scheme,
    pub auth: AuthMethod,
    pub trust: Trust,
    pub credential: CredentialName,
    /// The service that a Kerberos ticket is for; without it `HTTP/<host>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spn: Option<String>,
    /// The label of the place it stands in; RVTools' `Datacenter`.
    pub site: String,
}
