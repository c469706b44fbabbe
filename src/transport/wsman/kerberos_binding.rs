//! Ties a Kerberos token to the TLS connection it goes through: the hash of the binding in
//! the authenticator's checksum (RFC 4121, 4.1.1.2), and the word that this client binds
//! (MS-KILE 3.2.5.8).
//!
//! `sspi` 0.23 does both when it is given bindings, but writes the second in two bytes instead
//! of four and outside AD-IF-RELEVANT, and libkrb5 refuses the token. So the token is made
//! without, and its authenticator opened and sealed again here.

use md5::{Digest, Md5};
use picky_asn1::wrapper::{
    ExplicitContextTag0, ExplicitContextTag1, ExplicitContextTag2, ExplicitContextTag8, IntegerAsn1,
    OctetStringAsn1, Optional,
};
use picky_krb::constants::key_usages::AP_REQ_AUTHENTICATOR;
use picky_krb::crypto::CipherSuite;
use picky_krb::data_types::{Authenticator, AuthorizationData, AuthorizationDataInner};
use picky_krb::gss_api::{ApplicationTag0, KrbMessage};
use picky_krb::messages::ApReq;

/// AD-IF-RELEVANT (RFC 4120, 5.2.6.1) and AD-AUTH-DATA-AP-OPTIONS, as DER writes the numbers.
const IF_RELEVANT: &[u8] = &[1];
const AP_OPTIONS: &[u8] = &[0, 143];
const KERB_AP_OPTIONS_CBT: u32 = 0x4000;
/// Where the checksum of type 0x8003 holds the hash.
const HASH: std::ops::Range<usize> = 4..20;

/// The token with the binding in it. `bindings` is SEC_CHANNEL_BINDINGS, `session_key` that of
/// the ticket in the token.
pub fn bind(token: &[u8], session_key: &[u8], bindings: &[u8]) -> Result<Vec<u8>, String> {
    let broken = |why: &dyn std::fmt::Display| format!("token to be bound: {why}");
    let message = KrbMessage::<ApReq>::decode_application_krb_message(token);
    let mut message = message.map_err(|error| broken(&error))?.0;
    let sealed = &mut message.krb_msg.0.authenticator.0;
    let cipher = CipherSuite::try_from(sealed.etype.0.0.as_slice()).map_err(|error| broken(&error))?.cipher();
    let opened = cipher
        .decrypt(session_key, AP_REQ_AUTHENTICATOR, &sealed.cipher.0.0)
        .map_err(|error| broken(&error))?;
    let mut authenticator: Authenticator =
        picky_asn1_der::from_bytes(&opened).map_err(|error| broken(&error))?;
    let checksum = authenticator.0.cksum.0.as_mut().map(|checksum| &mut checksum.0.checksum.0.0);
    let hash = checksum.and_then(|checksum| checksum.get_mut(HASH)).ok_or_else(|| broken(&"no checksum"))?;
    hash.copy_from_slice(&hash_of(bindings).ok_or_else(|| broken(&"no binding"))?);
    authenticator.0.authorization_data =
        Optional::from(Some(ExplicitContextTag8::from(word().map_err(|error| broken(&error))?)));
    let authenticator = picky_asn1_der::to_vec(&authenticator).map_err(|error| broken(&error))?;
    let resealed =
        cipher.encrypt(session_key, AP_REQ_AUTHENTICATOR, &authenticator).map_err(|error| broken(&error))?;
    sealed.cipher = ExplicitContextTag2::from(OctetStringAsn1::from(resealed));
    picky_asn1_der::to_vec(&ApplicationTag0(message)).map_err(|error| broken(&error))
}

/// MD5 over the binding with both addresses left out; all lengths little-endian.
fn hash_of(bindings: &[u8]) -> Option<[u8; 16]> {
    const HEADER_BYTES: usize = 32;
    const ADDRESSES: [u8; 16] = [0; 16];
    let data = bindings.get(HEADER_BYTES..)?;
    let mut md5 = Md5::new();
    md5.update(ADDRESSES);
    md5.update((data.len() as u32).to_le_bytes());
    md5.update(data);
    Some(md5.finalize().into())
}

/// "This client binds": without it, a token that is not bound could be one of a client that
/// knows no bindings.
fn word() -> Result<AuthorizationData, picky_asn1_der::Asn1DerError> {
    let options = element(AP_OPTIONS, KERB_AP_OPTIONS_CBT.to_le_bytes().to_vec());
    let options = picky_asn1_der::to_vec(&AuthorizationData::from(vec![options]))?;
    Ok(AuthorizationData::from(vec![element(IF_RELEVANT, options)]))
}

fn element(kind: &[u8], data: Vec<u8>) -> AuthorizationDataInner {
    AuthorizationDataInner {
        ad_type: ExplicitContextTag0::from(IntegerAsn1::from(kind.to_vec())),
        ad_data: ExplicitContextTag1::from(OctetStringAsn1::from(data)),
    }
}
