//! The KDCs of a realm, as krb5.conf lists them (MIT Kerberos, krb5.conf(5)).

use std::path::Path;

use crate::config::environment::Environment;
use crate::model::realm::{KDC_PORT, Kdc};

const USUAL: &str = "/etc/krb5.conf";

/// Who to ask for tickets of the realm: those that the files of `KRB5_CONFIG` (or
/// /etc/krb5.conf) list; where they list none, the host called like the realm, for a domain of
/// Active Directory resolves to its controllers. The error is a fragment.
pub fn kdcs(realm: &str, environment: &Environment) -> Result<Vec<Kdc>, String> {
    let given = environment.get("KRB5_CONFIG");
    let mut kdcs = Vec::new();
    for path in given.unwrap_or(USUAL).split(':').filter(|path| !path.is_empty()) {
        match std::fs::read_to_string(path) {
            Ok(text) => kdcs.extend(listed(&text, realm)),
            Err(_) if given.is_none() && !Path::new(path).exists() => {}
            Err(error) => return Err(format!("cannot read {path}: {error}")),
        }
    }
    if kdcs.is_empty() {
        kdcs.push(Kdc { host: realm.to_lowercase(), port: KDC_PORT });
    }
    Ok(kdcs)
}

/// The `kdc` lines of the realm. Proxies (`https://…`) are left out, and so is what other files
/// hold (`include`).
fn listed(text: &str, realm: &str) -> Vec<Kdc> {
    let mut kdcs = Vec::new();
    let mut section = "";
    let mut group: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some((name, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = name.trim();
            group.clear();
        } else if line.starts_with('}') {
            group.pop();
        } else if let Some((key, value)) = line.split_once('=') {
            let (key, value) = (key.trim(), value.trim());
            if value.starts_with('{') {
                group.push(key);
            } else if section == "realms" && group == [realm] && key == "kdc" {
                kdcs.extend(Kdc::parse(value.trim_matches('"')));
            }
        }
    }
    kdcs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_realms_own_kdcs_count() {
        let text = "[libdefaults]\n default_realm = A.TEST\n kdc = nowhere\n[realms]\n# kdc = c\n A.TEST = {\n\
                    \tkdc = dc1.a.test\n  kdc = dc2.a.test:8888\n  kdc = https://proxy/KdcProxy\n  kdc = [::1]:89\n\
                    \tauth_to_local = {\n kdc = deeper\n }\n  admin_server = x\n }\n B.TEST = {\n kdc = dc.b.test\n}\n\
                    [capaths]\n A.TEST = {\n kdc = y\n }\n";
        let told = |realm| listed(text, realm).iter().map(Kdc::to_string).collect::<Vec<_>>();
        assert_eq!(told("A.TEST"), ["tcp://dc1.a.test:88", "tcp://dc2.a.test:8888", "tcp://[::1]:89"]);
        assert_eq!(told("B.TEST"), ["tcp://dc.b.test:88"]);
        assert!(told("C.TEST").is_empty());
    }

    #[test]
    fn a_realm_that_no_file_knows_is_its_own_kdc() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("krb5.conf");
        std::fs::write(&path, "[realms]\n A.TEST = {\n kdc = dc\n }\n").expect("a file");
        let with = |value: String| [("KRB5_CONFIG".to_owned(), value)].into_iter().collect::<Environment>();
        let here = with(path.display().to_string());
        assert_eq!(kdcs("A.TEST", &here), Ok(vec![Kdc { host: "dc".to_owned(), port: 88 }]));
        assert_eq!(kdcs("B.TEST", &here), Ok(vec![Kdc { host: "b.test".to_owned(), port: 88 }]));
        let nowhere = with(folder.path().join("none").display().to_string());
        assert!(kdcs("A.TEST", &nowhere).expect_err("no file").starts_with("cannot read "));
    }
}
