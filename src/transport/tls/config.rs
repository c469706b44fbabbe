//! TLS configurations, made once per way to trust and shared by all that is dialled.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};

use crate::model::credential::ClientCertificate;
use crate::model::failure::{Failure, FailureKind};
use crate::model::target::Trust;
use crate::transport::tls::leaf::{Instead, LeafVerifier};

/// What makes two configurations the same; a client certificate counts by its digest.
type Key = (Trust, Option<[u8; 32]>);

static CONFIGS: LazyLock<Mutex<HashMap<Key, Arc<ClientConfig>>>> = LazyLock::new(Mutex::default);
/// Reading the system's store takes milliseconds, and memory for each copy.
static SYSTEM_ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
    let loaded = rustls_native_certs::load_native_certs();
    for error in &loaded.errors {
        tracing::debug!(%error, "a system root was skipped");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    roots
});

/// The configuration for a way to trust, and for who we are if a certificate says it.
pub fn client(trust: &Trust, own: Option<&ClientCertificate>) -> Result<Arc<ClientConfig>, Failure> {
    let digest = own.map(|own| {
        let mut hash = Sha256::new();
        hash.update(&own.chain_pem);
        hash.update(own.key_pem.reveal());
        hash.finalize().into()
    });
    let key = (trust.clone(), digest);
    let mut configs = CONFIGS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(config) = configs.get(&key) {
        return Ok(config.clone());
    }
    let config = Arc::new(build(trust, own)?);
    configs.insert(key, config.clone());
    Ok(config)
}

fn build(trust: &Trust, own: Option<&ClientCertificate>) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_failed(error.to_string()))?;
    let builder = match instead_of_roots(trust)? {
        Some(instead) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(LeafVerifier::new(instead, provider.clone()))),
        None => builder.with_root_certificates(roots(trust)?),
    };
    match own {
        None => Ok(builder.with_no_client_auth()),
        Some(own) => {
            let chain = CertificateDer::pem_slice_iter(own.chain_pem.as_bytes())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| tls_failed(format!("client certificate is no pem: {error}")))?;
            let key = client_key(own, &provider)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| tls_failed(format!("client certificate: {error}")))
        }
    }
}

fn client_key(own: &ClientCertificate, provider: &CryptoProvider) -> Result<PrivateKeyDer<'static>, Failure> {
    // The parser's own words could repeat a line of the key, so they are left out.
    let unusable = || tls_failed("client certificate's key is not a usable pem private key");
    let key = PrivateKeyDer::from_pem_slice(own.key_pem.reveal().as_bytes()).map_err(|_| unusable())?;
    provider.key_provider.load_private_key(key.clone_key()).map_err(|_| unusable())?;
    Ok(key)
}

fn instead_of_roots(trust: &Trust) -> Result<Option<Instead>, Failure> {
    if let Some(pin) = &trust.pin_sha256 {
        let pin = digest_of_hex(pin)
            .ok_or_else(|| tls_failed("certificate pin is not 64 hex digits of a sha-256"))?;
        return Ok(Some(Instead::Pin(pin)));
    }
    Ok(trust.danger_accept_invalid_certs.then_some(Instead::Danger))
}

fn roots(trust: &Trust) -> Result<RootCertStore, Failure> {
    let mut roots = SYSTEM_ROOTS.clone();
    let Some(path) = &trust.ca_bundle else { return Ok(roots) };
    let bundle =
        std::fs::read(path).map_err(|error| tls_failed(format!("read ca bundle {path}: {error}")))?;
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(&bundle) {
        let certificate =
            certificate.map_err(|error| tls_failed(format!("ca bundle {path} is no pem: {error}")))?;
        roots.add(certificate).map_err(|error| tls_failed(format!("ca bundle {path}: {error}")))?;
        added += 1;
    }
    if added == 0 {
        return Err(tls_failed(format!("ca bundle {path} holds no certificate")));
    }
    Ok(roots)
}

fn digest_of_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    let mut digest = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

fn tls_failed(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Tls, message)
}
