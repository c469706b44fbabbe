//! Where secrets come from: by reference, so that a job file holds none by accident.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::config::environment::Environment;
use crate::config::form;
use crate::config::problem::{Problem, Problems};
use crate::model::credential::{ClientCertificate, Credential, CredentialName, Secret};

/// How a secret is named. Only `plain:` holds one; it is masked wherever it is written.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretReference {
    /// `env:NAME`: an environment variable.
    Environment(String),
    /// `file:/path`: a file, a trailing line end trimmed (a Kubernetes secret).
    File(PathBuf),
    /// `credential:NAME`: a file in `$CREDENTIALS_DIRECTORY` (systemd `LoadCredential=`).
    Systemd(String),
    /// `plain:…`: the secret itself.
    Plain(Secret),
}

/// One credential. Secrets are named, not written: `env:NAME`, `file:/path`,
/// `credential:NAME` (systemd), and only if need be `plain:…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CredentialSettings {
    /// `name`, `DOMAIN\name`, `name@realm`, or a reference to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub password: Option<SecretReference>,
    /// PEM of a client certificate chain, for `auth = "certificate"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub certificate: Option<SecretReference>,
    /// PEM of the certificate's private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub key: Option<SecretReference>,
}

impl SecretReference {
    /// `None` for anything without a known prefix: it may be a secret and is not repeated.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, rest) = text.split_once(':')?;
        match prefix {
            "plain" => Some(Self::Plain(Secret::new(rest.to_owned()))),
            _ if rest.is_empty() => None,
            "env" => Some(Self::Environment(rest.to_owned())),
            "file" => Some(Self::File(rest.into())),
            "credential" if Path::new(rest).components().count() == 1 && rest != ".." => {
                Some(Self::Systemd(rest.to_owned()))
            }
            _ => None,
        }
    }

    /// Fetches the secret. The error is a lowercase fragment without any part of it.
    pub fn resolve(&self, environment: &Environment) -> Result<Secret, String> {
        let text = match self {
            Self::Plain(secret) => secret.reveal().to_owned(),
            Self::Environment(name) => {
                environment.get(name).ok_or_else(|| format!("{name} is not set"))?.to_owned()
            }
            Self::File(path) => read(path)?,
            Self::Systemd(name) => {
                let directory = environment
                    .get("CREDENTIALS_DIRECTORY")
                    .ok_or("CREDENTIALS_DIRECTORY is not set: not started by systemd with LoadCredential=")?;
                read(&Path::new(directory).join(name))?
            }
        };
        if text.is_empty() { Err("is empty".to_owned()) } else { Ok(Secret::new(text)) }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let trimmed = text.strip_suffix('\n').unwrap_or(&text);
    Ok(trimmed.strip_suffix('\r').unwrap_or(trimmed).to_owned())
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Systemd(name) => write!(f, "credential:{name}"),
            Self::Plain(_) => f.write_str("plain:***"),
        }
    }
}

impl fmt::Debug for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SecretReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a reference to a secret"))
    }
}

/// Credentials ready for a logon, by name.
pub type Credentials = BTreeMap<CredentialName, Credential>;

/// Fetches the credentials named in `needed`; `origin` tells where a key was set.
pub fn resolve(
    settings: &BTreeMap<String, CredentialSettings>,
    needed: impl IntoIterator<Item = CredentialName>,
    environment: &Environment,
    origin: impl Fn(&str) -> String,
) -> Result<Credentials, Problems> {
    let mut problems = Problems::default();
    let mut credentials = Credentials::new();
    for name in needed {
        let Some(asked) = settings.get(&name.0) else { continue };
        let mut desk = Desk { name: &name, environment, origin: &origin, problems: &mut problems };
        if let Some(credential) = desk.credential(asked) {
            credentials.insert(name.clone(), credential);
        }
    }
    problems.or(credentials)
}

/// Where one credential is put together.
struct Desk<'a, F> {
    name: &'a CredentialName,
    environment: &'a Environment,
    origin: &'a F,
    problems: &'a mut Problems,
}

impl<F: Fn(&str) -> String> Desk<'_, F> {
    /// Both halves are looked at, so that both problems are told.
    fn credential(&mut self, asked: &CredentialSettings) -> Option<Credential> {
        let name = self.name.clone();
        let certificate = match (&asked.certificate, &asked.key) {
            (None, None) => None,
            (chain, key) => {
                let chain = self.secret("certificate", chain.as_ref());
                let key = self.secret("key", key.as_ref());
                Some(ClientCertificate { chain_pem: chain?.reveal().to_owned(), key_pem: key? })
            }
        };
        if certificate.is_some() && asked.password.is_none() {
            // The certificate says who we are.
            let user = asked.user.clone().unwrap_or_default();
            return Some(Credential { name, user, password: Secret::new(String::new()), certificate });
        }
        let user = self.user(asked.user.as_deref());
        let password = self.secret("password", asked.password.as_ref());
        Some(Credential { name, user: user?, password: password?, certificate })
    }

    /// A user is no secret: a text without a known prefix is the name itself.
    fn user(&mut self, text: Option<&str>) -> Option<String> {
        let reference = text.and_then(SecretReference::parse);
        match (text, reference) {
            (Some(name), None) if !name.is_empty() => Some(name.to_owned()),
            (_, reference) => self.secret("user", reference.as_ref()).map(|user| user.reveal().to_owned()),
        }
    }

    fn secret(&mut self, field: &str, reference: Option<&SecretReference>) -> Option<Secret> {
        let key = format!("credentials.{}.{field}", self.name);
        let origin = (self.origin)(&key);
        let problem = match reference.map(|reference| (reference, reference.resolve(self.environment))) {
            Some((_, Ok(secret))) => return Some(secret),
            Some((reference, Err(why))) => {
                Problem::new(origin, key, why).with_value(format!("\"{reference}\""))
            }
            None => Problem::new(origin, key, "is missing"),
        };
        self.problems.add(problem);
        None
    }
}
