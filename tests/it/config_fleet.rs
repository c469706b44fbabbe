//! Which hosts a job means, and how each is entered.

use lustrum::config::fleet::Fleet;
use lustrum::config::load::{Request, Secrets, ask};
use lustrum::config::problem::Problems;
use lustrum::model::target::{AuthMethod, Scheme};

fn fleet(job: &str, hosts: &[u8]) -> Result<Fleet, Problems> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.toml"), job).unwrap();
    std::fs::write(folder.path().join("hosts.txt"), hosts).unwrap();
    let directory = folder.path().to_owned();
    let request = Request { directory, job: Some("./job.toml".to_owned()), ..Request::default() };
    ask(&request, Secrets::None).map(|asked| asked.fleet)
}

fn names(fleet: &Fleet) -> Vec<&str> {
    fleet.targets.iter().map(|target| target.host.as_str()).collect()
}

const FROM_FILE: &str = "[fleet]\nhosts-file = \"hosts.txt\"";

#[test]
fn a_hosts_file_has_one_host_a_line() {
    let text = b"# the first room\nhv01\n\n  hv02.example.com  # the big one\nhv#03\r\n10.0.0.4\nfe80::1\n";
    let refused = fleet(FROM_FILE, text).unwrap_err();
    assert_eq!(refused.0.len(), 1, "{refused}");
    assert!(refused.0[0].origin.ends_with("hosts.txt:5"), "{refused}");

    let text = b"# the first room\nhv01\n\n  hv02.example.com  # the big one\r\n10.0.0.4\nfe80::1";
    assert_eq!(names(&fleet(FROM_FILE, text).unwrap()), ["hv01", "hv02.example.com", "10.0.0.4", "fe80::1"]);
}

#[test]
fn of_a_csv_the_first_column_counts() {
    let text = b"Host,Site\n\"hv01\",Berlin\nhv02,Rome\n";
    assert_eq!(names(&fleet(FROM_FILE, text).unwrap()), ["hv01", "hv02"]);
    assert_eq!(names(&fleet(FROM_FILE, b"Name;Site\nhv01;Berlin\n").unwrap()), ["hv01"]);
    assert_eq!(names(&fleet(FROM_FILE, b"host\nhv01\n").unwrap()), ["host", "hv01"]);
}

#[test]
fn what_powershell_redirects_is_read_too() {
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain("hv01\r\nhv02\r\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(names(&fleet(FROM_FILE, &utf16).unwrap()), ["hv01", "hv02"]);
    assert_eq!(names(&fleet(FROM_FILE, b"\xEF\xBB\xBFhv01\n").unwrap()), ["hv01"]);
    let refused = fleet(FROM_FILE, b"hv\xFF01\n").unwrap_err();
    assert!(refused.to_string().contains("is not text in UTF-8 or UTF-16"), "{refused}");
}

#[test]
fn every_refused_name_is_told_with_its_line() {
    let refused = fleet(FROM_FILE, b"ok\n../x\nhv 02\nhv03:5985\nhv04\\c$\n").unwrap_err();
    let lines: Vec<&str> =
        refused.0.iter().map(|problem| problem.origin.rsplit(':').next().unwrap()).collect();
    assert_eq!(lines, ["2", "3", "4", "5"], "{refused}");
    assert!(refused.0[0].message.contains("path separator"), "{refused}");
}

#[test]
fn a_host_named_twice_is_asked_once_with_a_warning() {
    let job = "[fleet]\nhosts = [\"hv01\", \"HV01\"]\nhosts-file = \"hosts.txt\"";
    let fleet = fleet(job, b"hv02\nhv01\n").unwrap();
    assert_eq!(names(&fleet), ["hv01", "hv02"]);
    assert_eq!(fleet.warnings.len(), 1);
    let warning = &fleet.warnings[0];
    assert!(warning.starts_with("host hv01 is named 3 times"), "{warning}");
    assert!(warning.contains("hosts.txt:2"), "{warning}");
}

#[test]
fn groups_decide_how_their_hosts_are_entered() {
    let job = r#"
        [fleet]
        hosts = ["hv01", "hv-dmz1", "hv-dmz2"]
        [connection]
        auth = "ntlm"
        [credentials.dmz]
        user = "u"
        [[group]]
        hosts = ["HV-dmz?"]
        scheme = "https"
        credential = "dmz"
        [[group]]
        hosts = ["*2"]
        port = 7000
        address = "10.0.0.2"
        [[group]]
        hosts = ["nobody*"]
    "#;
    let fleet = fleet(job, b"").unwrap();
    let [plain, dmz, special] = fleet.targets.as_slice() else { panic!("{:?}", fleet.targets) };
    assert_eq!((plain.scheme, plain.port, plain.auth), (Scheme::Http, 5985, AuthMethod::Ntlm));
    assert_eq!((dmz.scheme, dmz.port, dmz.credential.0.as_str()), (Scheme::Https, 5986, "dmz"));
    assert_eq!((special.scheme, special.port, special.address.as_str()), (Scheme::Https, 7000, "10.0.0.2"));
    assert_eq!(special.credential.0, "dmz");
    assert_eq!(fleet.warnings, ["group[2] fits no host of the fleet"]);
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let job = r#"
        [fleet]
        hosts = ["a", "b"]
        [connection]
        auth = "basic"
        trust = { ca-bundle = "nowhere.pem" }
        [[group]]
        hosts = ["b"]
        credential = "defualt"
    "#;
    let refused = fleet(job, b"").unwrap_err();
    let keys: Vec<&str> = refused.0.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["connection.auth", "connection.trust.ca-bundle", "group[0].credential"], "{refused}");
    assert!(refused.0[0].message.contains("in clear"), "{refused}");
    assert!(refused.0[2].message.contains("did you mean `default`?"), "{refused}");
}
