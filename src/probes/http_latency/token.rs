//! A token as a login gives it: kept as it is, and asked for nothing but its end.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::model::credential::Secret;

/// RFC 7515 leaves the padding out; what some servers write with it is read as well.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A token and until when it is good, as far as it says so.
#[derive(Clone, Debug)]
pub struct Token {
    text: Secret,
    /// Fetch another from then on; none for a token that says nothing of its end.
    renew_at: Option<DateTime<Utc>>,
}

impl Token {
    /// `skew`: how long before its end it is not used any more. A token that lives shorter than
    /// that is used for half of its life, and one that has ended when it comes (clocks differ) is
    /// kept until the server refuses it.
    pub fn new(text: Secret, came_at: DateTime<Utc>, skew: Duration) -> Self {
        let renew_at = expires_at(text.reveal()).and_then(|end| {
            let life = (end - came_at).to_std().ok().filter(|life| !life.is_zero())?;
            Some(end - chrono::Duration::from_std(skew.min(life / 2)).ok()?)
        });
        Self { text, renew_at }
    }

    pub fn secret(&self) -> &Secret {
        &self.text
    }

    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.renew_at.is_some_and(|renew_at| now >= renew_at)
    }
}

/// `exp` of a JSON Web Token (RFC 7519 4.1.4: seconds since the epoch, possibly a fraction),
/// read without verifying anything: whoever is shown the token does that. None for what is no
/// such token.
pub fn expires_at(token: &str) -> Option<DateTime<Utc>> {
    // RFC 7515 7.1: header, payload, signature. An encrypted token has five parts.
    let [_, payload, _] = token.split('.').collect::<Vec<_>>()[..] else { return None };
    let claims: Value = serde_json::from_slice(&BASE64URL.decode(payload).ok()?).ok()?;
    let seconds = claims.get("exp")?.as_f64()?;
    // Of a time beyond all calendars nothing can be told.
    (seconds.abs() < 1e11).then(|| DateTime::from_timestamp_millis((seconds * 1_000.0) as i64))?
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// The example of RFC 7519 3.1, whose payload ends in 2011.
    const OF_THE_RFC: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64URL.encode(claims))
    }

    #[test]
    fn the_end_is_read_from_the_payload() {
        assert_eq!(expires_at(OF_THE_RFC), Some(at(1_300_819_380)));
        let fraction = expires_at(&jwt(r#"{"exp":1300819380.5}"#)).unwrap();
        assert_eq!(fraction.timestamp_millis(), 1_300_819_380_500);
        let padded = format!("e30.{}.", base64::engine::general_purpose::URL_SAFE.encode(r#"{"exp":10}"#));
        assert!(padded.contains('='));
        assert_eq!(expires_at(&padded), Some(at(10)));
    }

    #[test]
    fn what_is_no_such_token_has_no_end() {
        let (text, none, far) = (jwt(r#"{"exp":"soon"}"#), jwt("{}"), jwt(r#"{"exp":1e300}"#));
        for token in ["", "opaque", "a.b", "a.b.c", "a.b.c.d.e", "..", &text, &none, &far, &jwt("[1]")] {
            assert_eq!(expires_at(token), None, "{token}");
        }
    }

    #[test]
    fn a_token_is_renewed_before_its_end() {
        let skew = Duration::from_secs(30);
        let of = |exp: i64| Token::new(Secret::new(jwt(&format!("{{\"exp\":{exp}}}"))), at(1_000), skew);
        assert!(!of(1_100).is_due(at(1_069)) && of(1_100).is_due(at(1_070)));
        // Shorter than twice the skew: half of its life.
        assert!(!of(1_040).is_due(at(1_019)) && of(1_040).is_due(at(1_020)));
        // Over before it came: only the server knows.
        assert!(!of(900).is_due(at(5_000)) && !of(1_000).is_due(at(5_000)));
        let opaque = Token::new(Secret::new("opaque".to_owned()), at(1_000), skew);
        assert!(!opaque.is_due(at(1_000_000_000)));
        assert_eq!(format!("{opaque:?}"), "Token { text: Secret(***), renew_at: None }");
    }
}
