//! Where secrets come from: by reference, so that a job file holds none by accident.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use zeroize::Zeroizing;

use crate::config::environment::Environment;
use crate::config::form;
use crate::config::keytab::key_of;
use crate::config::krb5_conf;
use crate::config::problem::{Problem, Problems};
use crate::model::credential::{ClientCertificate, Credential, CredentialName, Secret};
use crate::model::realm::Realm;
use crate::model::target::AuthMethod;

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
    /// A file with the account's key instead of the password, for `auth = "kerberos"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub keytab: Option<SecretReference>,
    /// Who hands out tickets, for `auth = "kerberos"`; without it those of krb5.conf.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::kdc")]
    pub kdc: Option<String>,
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
            Self::File(_) | Self::Systemd(_) => read(&self.path(environment)?)?,
        };
        if text.is_empty() { Err("is empty".to_owned()) } else { Ok(Secret::new(text)) }
    }

    /// Fetches a file that is no text, a keytab.
    fn resolve_bytes(&self, environment: &Environment) -> Result<Zeroizing<Vec<u8>>, String> {
        let path = self.path(environment)?;
        let read = std::fs::read(&path).map(Zeroizing::new);
        read.map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    /// Where the file is that the reference names.
    fn path(&self, environment: &Environment) -> Result<PathBuf, String> {
        match self {
            Self::File(path) => Ok(path.clone()),
            Self::Systemd(name) => {
                let directory = environment
                    .get("CREDENTIALS_DIRECTORY")
                    .ok_or("CREDENTIALS_DIRECTORY is not set: not started by systemd with LoadCredential=")?;
                Ok(Path::new(directory).join(name))
            }
            Self::Environment(_) | Self::Plain(_) => {
                Err("expected a file: \"file:/path\" or \"credential:NAME\"".to_owned())
            }
        }
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

/// What is known where credentials are fetched.
pub struct Surroundings<'a> {
    pub environment: &'a Environment,
    /// How hosts are entered with a credential.
    pub methods: &'a dyn Fn(&CredentialName) -> Vec<AuthMethod>,
    /// Where a key was set.
    pub origin: &'a dyn Fn(&str) -> String,
}

/// Fetches the credentials named in `needed`.
pub fn resolve(
    settings: &BTreeMap<String, CredentialSettings>,
    needed: impl IntoIterator<Item = CredentialName>,
    surroundings: &Surroundings<'_>,
) -> Result<Credentials, Problems> {
    let mut problems = Problems::default();
    let mut credentials = Credentials::new();
    for name in needed {
        let Some(asked) = settings.get(&name.0) else { continue };
        let mut desk = Desk { name: &name, surroundings, problems: &mut problems };
        if let Some(credential) = desk.credential(asked) {
            credentials.insert(name.clone(), credential);
        }
    }
    problems.or(credentials)
}

/// Where one credential is put together.
struct Desk<'a> {
    name: &'a CredentialName,
    surroundings: &'a Surroundings<'a>,
    problems: &'a mut Problems,
}

impl Desk<'_> {
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
            let password = Secret::new(String::new());
            return Some(Credential { name, user, password, certificate, realm: None });
        }
        let methods = (self.surroundings.methods)(self.name);
        let user = self.user(asked.user.as_deref());
        let realm = match &user {
            Some(user) if methods.contains(&AuthMethod::Kerberos) => Some(self.realm(user, asked)),
            _ => None,
        };
        // With its key an account needs no password, unless there are hosts that ask for one.
        let keyed = asked.keytab.is_some() && methods.iter().all(|method| *method == AuthMethod::Kerberos);
        let password = match &asked.password {
            _ if keyed => Some(Secret::new(String::new())),
            reference => self.secret("password", reference.as_ref()),
        };
        let realm = match realm {
            Some(realm) => Some(realm?),
            None => None,
        };
        Some(Credential { name, user: user?, password: password?, certificate, realm })
    }

    /// The realm that the user names, its KDCs, and the key if there is a keytab.
    fn realm(&mut self, user: &str, asked: &CredentialSettings) -> Option<Realm> {
        let Some((account, realm)) = user.rsplit_once('@').filter(|(a, r)| !a.is_empty() && !r.is_empty())
        else {
            let expected = "names no realm; kerberos expects name@REALM";
            self.refuse("user", Some(format!("{user:?}")), expected.to_owned());
            return None;
        };
        let name = realm.to_uppercase();
        let key = asked.keytab.as_ref().map(|reference| {
            let keytab = reference.resolve_bytes(self.surroundings.environment);
            keytab.and_then(|keytab| key_of(&keytab, account, &name)).map_err(|why| {
                self.refuse("keytab", Some(format!("\"{reference}\"")), why);
            })
        });
        let kdcs = match asked.kdc.as_deref().and_then(form::parse_kdc) {
            Some(kdc) => Ok(vec![kdc]),
            None => krb5_conf::kdcs(&name, self.surroundings.environment),
        };
        let kdcs = kdcs.map_err(|why| self.refuse("kdc", None, why));
        Some(Realm { name, account: account.to_owned(), kdcs: kdcs.ok()?, key: key.transpose().ok()? })
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
        match reference.map(|reference| (reference, reference.resolve(self.surroundings.environment))) {
            Some((_, Ok(secret))) => return Some(secret),
            Some((reference, Err(why))) => self.refuse(field, Some(format!("\"{reference}\"")), why),
            None => self.refuse(field, None, "is missing".to_owned()),
        }
        None
    }

    fn refuse(&mut self, field: &str, value: Option<String>, why: String) {
        let key = format!("credentials.{}.{field}", self.name);
        let problem = Problem::new((self.surroundings.origin)(&key), key, why);
        self.problems.add(match value {
            Some(value) => problem.with_value(value),
            None => problem,
        });
    }
}
