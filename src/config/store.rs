//! How an object store is entered, and who else writes into it.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::environment::Environment;
use crate::config::form;
use crate::config::job::Job;
use crate::config::problem::{Problem, Problems};
use crate::config::secret::SecretReference;
use crate::model::credential::Secret;
use crate::output::lease::Terms;
use crate::output::s3::{Addressing, Keys, S3Access, SCHEME, open};
use crate::output::store::Store;
use crate::output::store_error::StoreError;

/// Of the environment, what says who we are: static keys, a web identity (`AssumeRoleWithWebIdentity`),
/// the credentials of an ECS task or an EKS pod.
const IDENTITY_VARIABLES: [&str; 10] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Shorter, and the whole seconds in which many stores tell the time would count.
const LEASE_TTL: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(3600);

/// How `output.dir = "s3://bucket/prefix"` is entered, and how runs that share it keep out of
/// each other's way; a folder needs only the latter. Without keys
/// the usual `AWS_…` variables are read (static keys, web identity, container credentials),
/// and without those the machine's instance profile is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct StoreSettings {
    /// `https://host:port` of a store that is not AWS's; `http://` only where TLS is not to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::url")]
    pub endpoint: Option<String>,
    /// The bucket's region; us-east-1 unless set here or by `AWS_REGION`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where the bucket's name stands: `path` for an endpoint of one's own unless set, else `virtual`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<Style>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub access_key: Option<SecretReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub secret_key: Option<SecretReference>,
    /// For keys that are lent for a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub session_token: Option<SecretReference>,
    /// A PEM file with further roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
    /// `http://host:port` of a proxy; `HTTPS_PROXY` and `NO_PROXY` are read unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::url")]
    pub proxy: Option<String>,
    /// The longest one request may take.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub request_timeout: Duration,
    /// How often a request that failed is repeated, with growing pauses.
    #[schemars(range(min = 0, max = 20))]
    pub retries: u32,
    /// The time after which a request is no longer repeated.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub retry_deadline: Duration,
    /// How long a finished host stays on this machine alone before it is also staged in the
    /// store, where a restart elsewhere takes it up.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub stage_every: Duration,
    /// Finished hosts are staged earlier when so many wait.
    #[schemars(range(min = 1, max = 10_000))]
    pub stage_hosts: u32,
    /// `many` demands a store on which exactly one of several creates wins, and every run
    /// probes it; `one` takes any store, if nobody else ever writes into this root.
    pub writers: Writers,
    /// From 10s to 1h: how long a slot stays held by a process that gives no sign of life. So
    /// much later the next try may begin where one was killed on another machine.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub lease_ttl: Duration,
    /// How often a run gives a sign of life in the store; a third of `lease-ttl` at most.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub lease_heartbeat: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    Path,
    Virtual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Writers {
    Many,
    One,
}

impl Default for StoreSettings {
    fn default() -> Self {
        let access = S3Access::default();
        Self {
            endpoint: None,
            region: None,
            style: None,
            access_key: None,
            secret_key: None,
            session_token: None,
            ca_bundle: None,
            proxy: None,
            request_timeout: access.request_timeout,
            retries: access.retries,
            retry_deadline: access.retry_deadline,
            stage_every: Duration::from_secs(30),
            stage_hosts: 500,
            writers: Writers::Many,
            lease_ttl: Terms::default().ttl,
            lease_heartbeat: Terms::default().heartbeat,
        }
    }
}

/// A store that is about to be opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// A folder, or `s3://bucket/prefix`.
    pub root: String,
    pub access: S3Access,
    pub writers: Writers,
    pub lease: Terms,
}

impl Opening {
    pub fn folder(root: String) -> Self {
        Self { root, access: S3Access::default(), writers: Writers::Many, lease: Terms::default() }
    }

    /// The opening of a job's store. `origin` tells where a key was set; secrets are fetched
    /// only where the root is in S3.
    pub fn of(
        job: &Job,
        environment: &Environment,
        directory: &Path,
        origin: impl Fn(&str) -> String,
    ) -> Result<Self, Problems> {
        let root = job.output.dir.clone();
        let mut counter =
            Counter { settings: &job.store, environment, directory, origin, problems: Problems::default() };
        let lease = counter.lease();
        let access = if root.starts_with(SCHEME) { counter.access() } else { S3Access::default() };
        counter.problems.or(Self { root, access, writers: job.store.writers, lease })
    }

    /// Opens it as it is; nothing is asked of an S3 store yet.
    pub fn open(&self) -> Result<Store, StoreError> {
        open(&self.root, &self.access)
    }

    pub fn is_folder(&self) -> bool {
        !self.root.starts_with(SCHEME)
    }
}

/// Where the way into one store is put together.
struct Counter<'a, F> {
    settings: &'a StoreSettings,
    environment: &'a Environment,
    directory: &'a Path,
    origin: F,
    problems: Problems,
}

impl<F: Fn(&str) -> String> Counter<'_, F> {
    fn lease(&mut self) -> Terms {
        let terms = Terms { ttl: self.settings.lease_ttl, heartbeat: self.settings.lease_heartbeat };
        let shown = |time| Some(format!("\"{}\"", humantime::format_duration(time)));
        if !LEASE_TTL.contains(&terms.ttl) {
            self.add("lease-ttl", "expected 10s to 1h".to_owned(), shown(terms.ttl));
        } else if terms.heartbeat > terms.ttl / 3 {
            let longest = humantime::format_duration(terms.ttl / 3);
            let why = format!("expected {longest} at most, a third of store.lease-ttl");
            self.add("lease-heartbeat", why, shown(terms.heartbeat));
        }
        terms
    }

    fn access(&mut self) -> S3Access {
        let (settings, environment) = (self.settings, self.environment);
        let variable = |names: &[&str]| {
            let set = names.iter().find_map(|name| environment.get(name));
            set.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let endpoint =
            settings.endpoint.clone().or_else(|| variable(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]));
        S3Access {
            endpoint: endpoint.and_then(|url| self.url("endpoint", &url)),
            region: settings.region.clone().or_else(|| variable(&["AWS_REGION", "AWS_DEFAULT_REGION"])),
            addressing: settings.style.map(|style| match style {
                Style::Path => Addressing::Path,
                Style::Virtual => Addressing::VirtualHost,
            }),
            keys: self.keys(),
            variables: IDENTITY_VARIABLES
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), Secret::new(environment.get(name)?.to_owned()))))
                .collect(),
            ca_pem: self.ca_pem(),
            proxy: settings.proxy.as_deref().and_then(|url| self.url("proxy", url)),
            request_timeout: settings.request_timeout,
            retries: settings.retries,
            retry_deadline: settings.retry_deadline,
        }
    }

    fn keys(&mut self) -> Option<Keys> {
        let settings = self.settings;
        if settings.access_key.is_none() && settings.secret_key.is_none() && settings.session_token.is_none()
        {
            return None;
        }
        let access_key = self.secret("access-key", settings.access_key.as_ref());
        let secret_key = self.secret("secret-key", settings.secret_key.as_ref());
        let token = settings.session_token.as_ref();
        let session_token = token.and_then(|token| self.secret("session-token", Some(token)));
        Some(Keys { access_key: access_key?, secret_key: secret_key?, session_token })
    }

    fn secret(&mut self, field: &str, reference: Option<&SecretReference>) -> Option<Secret> {
        let (why, shown) = match reference {
            None => ("is missing".to_owned(), None),
            Some(reference) => match reference.resolve(self.environment) {
                Ok(secret) => return Some(secret),
                Err(why) => (why, Some(format!("\"{reference}\""))),
            },
        };
        self.add(field, why, shown);
        None
    }

    fn ca_pem(&mut self) -> Option<Vec<u8>> {
        let path = self.directory.join(self.settings.ca_bundle.as_ref()?);
        let shown = Some(format!("\"{}\"", path.display()));
        match std::fs::read(&path) {
            Ok(pem) if pem.windows(11).any(|window| window == b"-----BEGIN ") => return Some(pem),
            Ok(_) => self.add("ca-bundle", "holds no certificate in PEM".to_owned(), shown),
            Err(error) => self.add("ca-bundle", format!("cannot be read: {error}"), shown),
        }
        None
    }

    /// A URL as far as we must understand it; one with a password in it is not repeated. Those
    /// of settings were checked, those of variables were not.
    fn url(&mut self, field: &str, url: &str) -> Option<String> {
        match form::check_url(url) {
            Ok(()) => Some(url.trim_end_matches('/').to_owned()),
            Err(why) => {
                self.add(field, why, None);
                None
            }
        }
    }

    fn add(&mut self, field: &str, why: String, shown: Option<String>) {
        let key = format!("store.{field}");
        let mut problem = Problem::new((self.origin)(&key), key, why);
        problem.value = shown;
        self.problems.add(problem);
    }
}
