//! TLS as a target's trust settings want it, and the binding of a logon to the certificate.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::model::credential::ClientCertificate;
use crate::model::target::Trust;

/// Roots are read from disk once for each trust, not once a host.
static CONFIGS: LazyLock<Mutex<HashMap<Trust, Arc<ClientConfig>>>> = LazyLock::new(Mutex::default);

/// The configuration for a trust; the cause as text when its files cannot be used.
pub fn config(trust: &Trust, certificate: Option<&ClientCertificate>) -> Result<Arc<ClientConfig>, String> {
    if let Some(certificate) = certificate {
        return build(trust, Some(certificate)).map(Arc::new);
    }
    let mut configs = CONFIGS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = configs.get(trust) {
        return Ok(known.clone());
    }
    let made = Arc::new(build(trust, None)?);
    configs.insert(trust.clone(), made.clone());
    Ok(made)
}

fn build(trust: &Trust, certificate: Option<&ClientCertificate>) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if trust.danger_accept_invalid_certs {
        Arc::new(Lenient { provider: provider.clone(), pin: None })
    } else if let Some(pin) = &trust.pin_sha256 {
        Arc::new(Lenient { provider: provider.clone(), pin: Some(pin.clone()) })
    } else {
        let roots = Arc::new(roots(trust)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
        verifier.map_err(|error| error.to_string())?
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some(certificate) = certificate else { return Ok(builder.with_no_client_auth()) };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes()).collect();
    let chain = chain.map_err(|error| format!("client certificate: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.reveal().as_bytes());
    let key = key.map_err(|error| format!("client key: {error}"))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| format!("client certificate: {error}"))
}

/// The system's roots and those of the bundle. A system without roots is fine as long as
/// the bundle has some.
fn roots(trust: &Trust) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(bundle) = &trust.ca_bundle {
        let certificates =
            CertificateDer::pem_file_iter(bundle).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        for certificate in certificates.map_err(|error| format!("ca bundle {bundle}: {error}"))? {
            roots.add(certificate).map_err(|error| format!("ca bundle {bundle}: {error}"))?;
        }
    }
    if roots.is_empty() { Err("no certificate roots to verify against".to_owned()) } else { Ok(roots) }
}

/// Knows the one pinned certificate, or takes any. The handshake's signature is checked in
/// both cases: whoever answers holds the certificate's key.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    pin: Option<String>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found = hex(&Sha256::digest(end_entity));
        match &self.pin {
            Some(pin) if *pin != found => Err(rustls::Error::General(format!(
                "the certificate's SHA-256 is {found}, not the pinned one"
            ))),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The `tls-server-end-point` binding of RFC 5929 4.1: the certificate's hash by the hash
/// of its own signature, with SHA-256 in place of MD5 and SHA-1.
pub fn end_point_binding(certificate: &[u8]) -> Vec<u8> {
    let mut token = b"tls-server-end-point:".to_vec();
    match signature_algorithm(certificate) {
        Some(algorithm) if is_sha384(algorithm) => token.extend_from_slice(&Sha384::digest(certificate)),
        Some(algorithm) if is_sha512(algorithm) => token.extend_from_slice(&Sha512::digest(certificate)),
        _ => token.extend_from_slice(&Sha256::digest(certificate)),
    }
    token
}

// Object identifiers in DER: RFC 4055 for RSA, RFC 5758 for ECDSA. RSASSA-PSS names its
// hash in the parameters, where the NIST identifiers stand.
fn is_sha384(algorithm: &[u8]) -> bool {
    holds(
        algorithm,
        &[
            &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12],
            &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
            &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
        ],
    )
}

fn is_sha512(algorithm: &[u8]) -> bool {
    holds(
        algorithm,
        &[
            &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13],
            &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
            &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
        ],
    )
}

fn holds(algorithm: &[u8], identifiers: &[&[u8]]) -> bool {
    identifiers
        .iter()
        .any(|identifier| algorithm.windows(identifier.len()).any(|window| window == *identifier))
}

/// `signatureAlgorithm` of a DER certificate: the second element of the outer sequence
/// (RFC 5280 4.1).
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(certificate)?;
    let (_, after_tbs) = element(outer)?;
    let (algorithm, _) = element(after_tbs)?;
    Some(algorithm)
}

/// The content of the first DER element, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = *der.get(1)?;
    let (length, header) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let digits = usize::from(first & 0x7f);
        let length = der
            .get(2..2 + digits)?
            .iter()
            .try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add(usize::from(*byte)))?;
        (length, 2 + digits)
    };
    let end = header.checked_add(length)?;
    Some((der.get(header..end)?, der.get(end..)?))
}
