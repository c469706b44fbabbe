//! The `tls-server-end-point` channel binding (RFC 5929, 4.1) as SEC_CHANNEL_BINDINGS.

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::transport::wsman::der::{OBJECT_IDENTIFIER, SEQUENCE, element};

/// Signature algorithms whose hash is not SHA-256 (DER content of the OID). MD5 and SHA-1
/// are replaced by SHA-256, so they need no line.
const SHA384_SIGNATURES: &[&[u8]] = &[
    // sha384WithRSAEncryption, ecdsa-with-SHA384.
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
];
const SHA512_SIGNATURES: &[&[u8]] = &[
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
];
/// RSASSA-PSS names its hash in its parameters, as id-sha384 or id-sha512.
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const ID_SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const ID_SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

/// The structure an SSP takes for the certificate a server showed: eight 32-bit fields, of
/// which only length and offset of the application data are used, then that data.
pub fn bindings(certificate_der: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: u32 = 32;
    let mut data = b"tls-server-end-point:".to_vec();
    data.extend_from_slice(&end_point_hash(certificate_der));
    let mut bindings = vec![0; 24];
    bindings.extend_from_slice(&(data.len() as u32).to_le_bytes());
    bindings.extend_from_slice(&HEADER_BYTES.to_le_bytes());
    bindings.extend_from_slice(&data);
    bindings
}

/// The certificate hashed by the hash function of its own signature.
pub fn end_point_hash(certificate_der: &[u8]) -> Vec<u8> {
    match signature_algorithm(certificate_der) {
        Some((oid, _)) if SHA384_SIGNATURES.contains(&oid) => Sha384::digest(certificate_der).to_vec(),
        Some((oid, _)) if SHA512_SIGNATURES.contains(&oid) => Sha512::digest(certificate_der).to_vec(),
        Some((RSASSA_PSS, parameters)) if holds(parameters, ID_SHA384) => {
            Sha384::digest(certificate_der).to_vec()
        }
        Some((RSASSA_PSS, parameters)) if holds(parameters, ID_SHA512) => {
            Sha512::digest(certificate_der).to_vec()
        }
        _ => Sha256::digest(certificate_der).to_vec(),
    }
}

/// OID and parameters of Certificate.signatureAlgorithm (RFC 5280, 4.1).
fn signature_algorithm(certificate_der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (certificate, _) = element(certificate_der, SEQUENCE)?;
    let (_to_be_signed, rest) = element(certificate, SEQUENCE)?;
    let (algorithm, _signature) = element(rest, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER)
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
        let key = rcgen::KeyPair::generate_for(algorithm).expect("a key");
        let params = rcgen::CertificateParams::new(vec!["hv-01".to_owned()]).expect("a name");
        params.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn the_hash_follows_the_certificates_signature() {
        let sha256 = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(end_point_hash(&sha256), Sha256::digest(&sha256).to_vec());
        let sha384 = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(end_point_hash(&sha384), Sha384::digest(&sha384).to_vec());
        let ed25519 = certificate(&rcgen::PKCS_ED25519);
        assert_eq!(end_point_hash(&ed25519), Sha256::digest(&ed25519).to_vec());
    }

    #[test]
    fn the_structure_points_at_its_application_data() {
        let bindings = bindings(b"not a certificate");
        assert_eq!(bindings[..24], [0; 24]);
        assert_eq!(bindings[24..28], (21_u32 + 32).to_le_bytes());
        assert_eq!(bindings[28..32], 32_u32.to_le_bytes());
        assert_eq!(&bindings[32..53], b"tls-server-end-point:");
        assert_eq!(bindings[53..], Sha256::digest(b"not a certificate")[..]);
    }
}
