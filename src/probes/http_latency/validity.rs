//! Until when a certificate is good.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::transport::wsman::der::{INTEGER, SEQUENCE, any_element, element};

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

/// `notAfter` of a certificate in DER (RFC 5280, 4.1.2.5); none where it cannot be read.
pub fn not_after(certificate_der: &[u8]) -> Option<DateTime<Utc>> {
    let (certificate, _) = element(certificate_der, SEQUENCE)?;
    let (to_be_signed, _) = element(certificate, SEQUENCE)?;
    let rest = element(to_be_signed, VERSION).map_or(to_be_signed, |(_, rest)| rest);
    let (_serial, rest) = element(rest, INTEGER)?;
    let (_signature, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, _not_before, rest) = any_element(validity)?;
    let (tag, text, _) = any_element(rest)?;
    let text = std::str::from_utf8(text).ok()?;
    let text = match tag {
        // Two digits of the year: up to 49 they are of this century (4.1.2.5.1).
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_read_from_both_forms_of_time() {
        for (year, expected) in [(2049, "2049-02-03T00:00:00Z"), (2051, "2051-02-03T00:00:00Z")] {
            let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 2, 3);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            assert_eq!(not_after(certificate.der()), Some(expected.parse().unwrap()));
            assert_eq!(not_after(&certificate.der()[..200]), None);
        }
        assert_eq!(not_after(b""), None);
    }
}
