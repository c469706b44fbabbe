//! Kerberos in a job: the realm, its KDCs, the key, and the service that tickets are for.

use lustrum::config::load::{Asked, Request, Secrets, ask};
use lustrum::config::problem::Problems;
use lustrum::model::credential::CredentialName;
use lustrum::model::realm::{Kdc, KeyType, Realm};
use tempfile::TempDir;

/// A keytab entry of svc@CENSUS.TEST with an AES-256 key of sevens, version 1.
const KEYTAB: &[u8] = b"\x05\x02\0\0\0\x41\0\x01\0\x0bCENSUS.TEST\0\x03svc\0\0\0\x01\0\0\0\0\x01\0\x12\0\x20\
    \x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\
    \x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let conf = "[realms]\n CENSUS.TEST = {\n  kdc = dc1.census.test\n  kdc = dc2.census.test:8888\n }\n";
    std::fs::write(folder.path().join("krb5.conf"), conf).unwrap();
    std::fs::write(folder.path().join("svc.keytab"), KEYTAB).unwrap();
    folder
}

fn asked(folder: &TempDir, job: &str) -> Result<Asked, Problems> {
    std::fs::write(folder.path().join("job.toml"), job).unwrap();
    let conf = folder.path().join("krb5.conf").display().to_string();
    let request = Request {
        directory: folder.path().to_owned(),
        job: Some("./job.toml".to_owned()),
        environment: [("KRB5_CONFIG".to_owned(), conf), ("P".to_owned(), "secret".to_owned())]
            .into_iter()
            .collect(),
        ..Request::default()
    };
    ask(&request, Secrets::All)
}

fn realm(folder: &TempDir, credential: &str) -> Realm {
    let job = format!(
        "fleet.hosts = [\"hv-01.census.test\"]\nconnection.auth = \"kerberos\"\n[credentials.default]\n{credential}"
    );
    let asked = asked(folder, &job).unwrap();
    asked.credentials[&CredentialName::default_name()].realm.clone().unwrap()
}

#[test]
fn the_user_names_the_realm_and_krb5_conf_its_kdcs() {
    let realm = realm(&folder(), "user = \"svc@census.test\"\npassword = \"env:P\"");
    assert_eq!((realm.account.as_str(), realm.name.as_str(), &realm.key), ("svc", "CENSUS.TEST", &None));
    let kdcs: Vec<String> = realm.kdcs.iter().map(Kdc::to_string).collect();
    assert_eq!(kdcs, ["tcp://dc1.census.test:88", "tcp://dc2.census.test:8888"]);
}

#[test]
fn a_kdc_that_is_set_is_the_only_one_and_a_keytab_takes_the_passwords_place() {
    let folder = folder();
    let keytab = folder.path().join("svc.keytab");
    // The default credential's password is `env:HYPERV_PASSWORD`, which is not set here.
    let realm = realm(
        &folder,
        &format!("user = \"svc@CENSUS.TEST\"\nkdc = \"tcp://[::1]\"\nkeytab = \"file:{}\"", keytab.display()),
    );
    assert_eq!(realm.kdcs, [Kdc { host: "::1".to_owned(), port: 88 }]);
    let key = realm.key.unwrap();
    assert_eq!((key.key_type, key.reveal()), (KeyType::Aes256, &[7; 32][..]));
    assert_eq!(format!("{key:?}"), "AccountKey(Aes256, ***)");
}

#[test]
fn tickets_are_for_http_unless_another_service_is_named() {
    let job = "fleet.hosts = [\"hv-01.census.test\", \"hv-02\", \"hv-03\"]\nconnection.auth = \"kerberos\"\n\
               [[group]]\nhosts = [\"hv-02\"]\nspn = \"WSMAN/{host}.census.test\"\n\
               [[group]]\nhosts = [\"hv-03\"]\nauth = \"ntlm\"\n\
               [credentials.default]\nuser = \"svc@CENSUS.TEST\"\npassword = \"env:P\"\n";
    let asked = asked(&folder(), job).unwrap();
    let spns: Vec<Option<&str>> = asked.fleet.targets.iter().map(|target| target.spn.as_deref()).collect();
    assert_eq!(spns, [Some("HTTP/hv-01.census.test"), Some("WSMAN/hv-02.census.test"), None]);
}

#[test]
fn what_kerberos_lacks_is_told_with_its_key() {
    let folder = folder();
    let told = |settings: &str| {
        let job = format!("fleet.hosts = [\"a\"]\nconnection.auth = \"kerberos\"\n{settings}");
        let problems = asked(&folder, &job).unwrap_err().0;
        problems.iter().map(|problem| format!("{}: {}", problem.key, problem.message)).collect::<Vec<_>>()
    };
    let credential = |more: &str| told(&format!("[credentials.default]\n{more}"));
    assert_eq!(
        credential("user = \"DOM\\\\svc\"\npassword = \"env:P\""),
        ["credentials.default.user: names no realm; kerberos expects name@REALM"]
    );
    assert_eq!(
        credential("user = \"svc@R\"\nkeytab = \"env:P\""),
        ["credentials.default.keytab: expected a file: \"file:/path\" or \"credential:NAME\""]
    );
    let missing = credential("user = \"svc@R\"\nkeytab = \"file:/nowhere/keytab\"");
    assert!(
        missing[0].starts_with("credentials.default.keytab: cannot read /nowhere/keytab: "),
        "{missing:?}"
    );
    let keytab = folder.path().join("svc.keytab");
    let other = credential(&format!("user = \"other@CENSUS.TEST\"\nkeytab = \"file:{}\"", keytab.display()));
    assert_eq!(
        other,
        ["credentials.default.keytab: holds no AES key of other@CENSUS.TEST; it holds svc@CENSUS.TEST"]
    );
    for (settings, key) in [
        (
            "[credentials.default]\nuser = \"svc@R\"\npassword = \"env:P\"\nkdc = \"udp://x\"",
            "credentials.default.kdc",
        ),
        (
            "connection.spn = \"HTTP\"\n[credentials.default]\nuser = \"svc@R\"\npassword = \"env:P\"",
            "connection.spn",
        ),
    ] {
        let found = told(settings);
        assert!(found[0].starts_with(&format!("{key}: expected ")), "{found:?}");
    }
}
