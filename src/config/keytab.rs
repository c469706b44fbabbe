//! The key of an account, from a keytab (MIT Kerberos, "Keytab file format", version 5.2).

use zeroize::Zeroizing;

use crate::model::realm::{AccountKey, KeyType};

const VERSION: &[u8] = &[5, 2];

/// The newest and strongest key of `account@realm`. The error is a fragment without any key.
pub fn key_of(keytab: &[u8], account: &str, realm: &str) -> Result<AccountKey, String> {
    let mut rest = keytab.strip_prefix(VERSION).ok_or("is no keytab of version 5.2")?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let length = take(&mut rest, 4).map_err(str::to_owned)?;
        let length = i32::from_be_bytes(length.try_into().map_err(|_| "ends in the middle of an entry")?);
        let entry = take(&mut rest, length.unsigned_abs() as usize).map_err(str::to_owned)?;
        // An entry of negative length was deleted, of length 0 it ends the file.
        match length {
            0 => break,
            1.. => entries.push(Entry::read(entry).map_err(str::to_owned)?),
            _ => {}
        }
    }
    let asked = format!("{account}@{realm}");
    let fitting = entries.iter().filter(|entry| entry.principal.eq_ignore_ascii_case(&asked));
    let newest = fitting.filter_map(|entry| Some((entry.version, entry.key.as_ref()?)));
    match newest.max_by_key(|(version, key)| (*version, key.key_type)) {
        Some((_, key)) => Ok(key.clone()),
        None => {
            let mut held: Vec<&str> = entries.iter().map(|entry| entry.principal.as_str()).collect();
            held.dedup();
            let held = if held.is_empty() { "nothing".to_owned() } else { held.join(", ") };
            Err(format!("holds no AES key of {asked}; it holds {held}"))
        }
    }
}

struct Entry {
    /// `account@REALM`.
    principal: String,
    version: u32,
    /// `None` for an encryption type that is not used here.
    key: Option<AccountKey>,
}

impl Entry {
    fn read(mut rest: &[u8]) -> Result<Self, &'static str> {
        const NAME_TYPE_AND_TIME_BYTES: usize = 8;
        let components = number(&mut rest)?;
        let realm = text(&mut rest)?;
        let mut names = Vec::new();
        for _ in 0..components {
            names.push(text(&mut rest)?);
        }
        take(&mut rest, NAME_TYPE_AND_TIME_BYTES)?;
        let short_version = take(&mut rest, 1)?[0];
        let key_type = match number(&mut rest)? {
            17 => Some(KeyType::Aes128),
            18 => Some(KeyType::Aes256),
            _ => None,
        };
        let length = number(&mut rest)?;
        let key = Zeroizing::new(take(&mut rest, length.into())?.to_vec());
        let long_version = rest.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        let version = long_version.filter(|version| *version != 0).unwrap_or(short_version.into());
        let key = key_type.and_then(|key_type| AccountKey::new(key_type, key));
        Ok(Self { principal: format!("{}@{realm}", names.join("/")), version, key })
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], &'static str> {
    let (taken, left) = rest.split_at_checked(length).ok_or("ends in the middle of an entry")?;
    *rest = left;
    Ok(taken)
}

fn number(rest: &mut &[u8]) -> Result<u16, &'static str> {
    let bytes = take(rest, 2)?;
    Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn text(rest: &mut &[u8]) -> Result<String, &'static str> {
    let length = number(rest)?;
    Ok(String::from_utf8_lossy(take(rest, length.into())?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(names: &[&str], key_type: u16, key: &[u8], version: u8) -> Vec<u8> {
        let counted = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
        let mut entry = (names.len() as u16).to_be_bytes().to_vec();
        entry.extend(counted(b"A.TEST"));
        names.iter().for_each(|name| entry.extend(counted(name.as_bytes())));
        entry.extend([0, 0, 0, 1, 0, 0, 0, 0, version]);
        entry.extend(key_type.to_be_bytes());
        entry.extend(counted(key));
        [&(entry.len() as i32).to_be_bytes()[..], &entry].concat()
    }

    #[test]
    fn the_newest_and_strongest_key_is_taken() {
        let deleted = [(-6_i32).to_be_bytes().to_vec(), vec![9; 6]].concat();
        let keytab = [
            VERSION.to_vec(),
            entry(&["svc"], 18, &[1; 32], 1),
            deleted,
            entry(&["svc"], 23, &[2; 16], 3),
            entry(&["svc"], 17, &[3; 16], 2),
            entry(&["svc"], 18, &[4; 32], 2),
            entry(&["HTTP", "hv"], 18, &[5; 32], 7),
        ]
        .concat();
        assert_eq!(key_of(&keytab, "svc", "A.TEST").expect("a key").reveal(), [4; 32]);
        assert_eq!(key_of(&keytab, "HTTP/hv", "A.TEST").expect("a key").reveal(), [5; 32]);
        let none = key_of(&keytab, "other", "A.TEST").expect_err("no key");
        assert_eq!(none, "holds no AES key of other@A.TEST; it holds svc@A.TEST, HTTP/hv@A.TEST");
        assert!(key_of(&keytab[..keytab.len() - 1], "svc", "A.TEST").is_err());
        assert!(key_of(b"PK", "svc", "A.TEST").is_err());
        assert!(!format!("{:?}", key_of(&keytab, "svc", "A.TEST")).contains('4'));
    }
}
