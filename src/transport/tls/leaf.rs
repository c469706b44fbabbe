//! Certificates accepted by pin, or by danger.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use sha2::{Digest, Sha256};

/// What takes the place of a chain of trust.
#[derive(Clone, Copy, Debug)]
pub enum Instead {
    /// Exactly this leaf, by SHA-256 of its DER; name and dates are not looked at.
    Pin([u8; 32]),
    /// Any certificate at all.
    Danger,
}

/// Looks at the leaf alone. Whoever shows it must still own its key.
#[derive(Debug)]
pub struct LeafVerifier {
    instead: Instead,
    provider: Arc<CryptoProvider>,
}

impl LeafVerifier {
    pub fn new(instead: Instead, provider: Arc<CryptoProvider>) -> Self {
        Self { instead, provider }
    }
}

impl ServerCertVerifier for LeafVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.instead {
            Instead::Danger => Ok(ServerCertVerified::assertion()),
            Instead::Pin(pin) if Sha256::digest(end_entity)[..] == pin => Ok(ServerCertVerified::assertion()),
            Instead::Pin(_) => {
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
