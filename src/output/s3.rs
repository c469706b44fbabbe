//! An S3-compatible store: where it is, who we are to it, and how patient we are.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, Certificate, ClientOptions, RetryConfig};

use crate::model::credential::Secret;
use crate::output::layout::Key;
use crate::output::store::Store;
use crate::output::store_error::{Cause, StoreError};

/// What every root in S3 begins with.
pub const SCHEME: &str = "s3://";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How S3-compatible stores are entered.
#[derive(Clone, Debug)]
pub struct S3Access {
    /// `https://…`, or `http://…` for a store that speaks no TLS; AWS's own where absent.
    pub endpoint: Option<String>,
    /// `us-east-1` where absent.
    pub region: Option<String>,
    /// Where absent: the path for an endpoint of one's own, the host name for AWS.
    pub addressing: Option<Addressing>,
    /// Where absent, [`S3Access::variables`] say who we are, else the machine's instance profile.
    pub keys: Option<Keys>,
    /// `AWS_…` variables about keys, roles and web identities.
    pub variables: Vec<(String, Secret)>,
    /// PEM of roots to trust beside the system's.
    pub ca_pem: Option<Vec<u8>>,
    pub proxy: Option<String>,
    /// The longest one request may take.
    pub request_timeout: Duration,
    /// How often a request is repeated.
    pub retries: u32,
    /// The time after which a request is no longer repeated.
    pub retry_deadline: Duration,
}

/// Where a bucket's name stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// `https://endpoint/bucket/key`
    Path,
    /// `https://bucket.endpoint/key`
    VirtualHost,
}

#[derive(Clone, Debug)]
pub struct Keys {
    pub access_key: Secret,
    pub secret_key: Secret,
    pub session_token: Option<Secret>,
}

impl Default for S3Access {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            addressing: None,
            keys: None,
            variables: Vec::new(),
            ca_pem: None,
            proxy: None,
            request_timeout: Duration::from_secs(120),
            retries: 5,
            retry_deadline: Duration::from_secs(60),
        }
    }
}

/// Opens any root: a folder, a `file://` URL, or `s3://bucket/prefix`. Nothing is asked of an
/// S3 store yet.
pub fn open(root: &str, access: &S3Access) -> Result<Store, StoreError> {
    let Some(place) = root.strip_prefix(SCHEME) else { return Store::open(root) };
    let fail = |cause| StoreError { doing: "open", path: root.to_owned(), cause };
    let (bucket, prefix) = place.trim_end_matches('/').split_once('/').unwrap_or((place, ""));
    let bucket = bucket.trim_end_matches('/');
    if bucket.is_empty() {
        return Err(fail(Cause::Other("it names no bucket; s3://bucket/prefix does".to_owned())));
    }
    let prefix = match prefix {
        "" => object_store::path::Path::default(),
        prefix => Key::parse(prefix).map_err(|error| fail(Cause::Other(error.to_string())))?.path(),
    };
    let objects = connect(bucket, access).map_err(|error| fail(Cause::of(&error)))?;
    let objects = Arc::new(PrefixStore::new(objects, prefix));
    Ok(Store::uploading(objects, root.trim_end_matches('/')))
}

fn connect(bucket: &str, access: &S3Access) -> object_store::Result<AmazonS3> {
    // One TLS stack for all of us; whoever comes first has chosen the same.
    let _chosen_before = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_client_options(client(access)?)
        .with_retry(patience(access))
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // Not every store knows how to delete many at once, and we delete one at a time.
        .with_disable_bulk_delete(true);
    if let Some(region) = &access.region {
        builder = builder.with_region(region);
    }
    let addressing = access.addressing.unwrap_or(match &access.endpoint {
        // A certificate for *.s3.…amazonaws.com fits no name with further dots.
        None if !bucket.contains('.') => Addressing::VirtualHost,
        _ => Addressing::Path,
    });
    builder = builder.with_virtual_hosted_style_request(addressing == Addressing::VirtualHost);
    if let Some(endpoint) = &access.endpoint {
        builder = builder.with_endpoint(match addressing {
            Addressing::Path => endpoint.clone(),
            Addressing::VirtualHost => endpoint.replacen("://", &format!("://{bucket}."), 1),
        });
    }
    match &access.keys {
        Some(keys) => {
            builder = builder
                .with_access_key_id(keys.access_key.reveal())
                .with_secret_access_key(keys.secret_key.reveal());
            if let Some(token) = &keys.session_token {
                builder = builder.with_token(token.reveal());
            }
        }
        None => {
            for (name, value) in &access.variables {
                if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                    builder = builder.with_config(key, value.reveal());
                }
            }
        }
    }
    builder.build()
}

fn client(access: &S3Access) -> object_store::Result<ClientOptions> {
    let is_clear = access.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let mut options = ClientOptions::new()
        .with_allow_http(is_clear)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_timeout(access.request_timeout);
    if let Some(pem) = &access.ca_pem {
        for certificate in Certificate::from_pem_bundle(pem)? {
            options = options.with_root_certificate(certificate);
        }
    }
    if let Some(proxy) = &access.proxy {
        options = options.with_proxy_url(proxy);
    }
    Ok(options)
}

fn patience(access: &S3Access) -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: LONGEST_PAUSE, base: 2.0 };
    RetryConfig { backoff, max_retries: access.retries as usize, retry_timeout: access.retry_deadline }
}
