//! The certificates of a simulated fleet: one authority, a leaf per host, a client.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::model::credential::{ClientCertificate, Secret};

/// The authority of one fleet. Keys are fresh at every start: they are the one thing that
/// does not follow from the seed.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// What one host needs to speak TLS.
pub struct Certificates {
    acceptor: TlsAcceptor,
    leaf_sha256: [u8; 32],
}

/// Making certificates failed.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("certificate: {0}")]
    Generate(#[from] rcgen::Error),
    #[error("tls configuration: {0}")]
    Configure(#[from] rustls::Error),
    #[error("client certificate verifier: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

impl Authority {
    pub fn new() -> Result<Self, CertificateError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Lustrum simulator CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority's certificate, for a client's CA bundle.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The leaf of a host: for its name and its address, signed with ECDSA P-256 and SHA-256.
    pub fn certify(&self, name: &str, address: IpAddr) -> Result<Certificates, CertificateError> {
        let mut params = CertificateParams::new(vec![name.to_owned(), "localhost".to_owned()])?;
        params.subject_alt_names.push(SanType::IpAddress(address));
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuer)?.der().clone();
        let leaf_sha256 = Sha256::digest(&leaf).into();

        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![leaf, self.certificate.clone()], key)?;
        Ok(Certificates { acceptor: TlsAcceptor::from(Arc::new(config)), leaf_sha256 })
    }

    /// A client certificate that every host of the fleet maps to its account.
    pub fn client(&self, user: &str) -> Result<ClientCertificate, CertificateError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(ClientCertificate { chain_pem: certificate.pem(), key_pem: Secret::new(key.serialize_pem()) })
    }
}

impl Certificates {
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Of the leaf's DER, as 64 lowercase hex digits: what a client pins.
    pub fn leaf_sha256(&self) -> String {
        self.leaf_sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// SEC_CHANNEL_BINDINGS with `tls-server-end-point` (RFC 5929, 4.1): the leaf's hash by
    /// the hash function of its signature, SHA-256.
    pub fn channel_bindings(&self) -> Vec<u8> {
        const HEADER_BYTES: u32 = 32;
        const APPLICATION_DATA_FIELDS: usize = 24;
        let mut data = b"tls-server-end-point:".to_vec();
        data.extend_from_slice(&self.leaf_sha256);
        let mut bindings = vec![0; HEADER_BYTES as usize];
        bindings[APPLICATION_DATA_FIELDS..APPLICATION_DATA_FIELDS + 4]
            .copy_from_slice(&(data.len() as u32).to_le_bytes());
        bindings[APPLICATION_DATA_FIELDS + 4..].copy_from_slice(&HEADER_BYTES.to_le_bytes());
        bindings.extend_from_slice(&data);
        bindings
    }
}
