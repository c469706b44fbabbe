//! What `deploy/` promises a machine with systemd, and the image.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const SERVICES: [&str; 2] = ["lustrum.service", "lustrum@.service"];

/// The endless probe beside them.
const LATENCY: &str = "lustrum-latency@.service";

/// What the one-shot unit becomes beside a node exporter.
const DROP_IN: &str = "lustrum@.service.d/metrics.conf";

fn deploy() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(deploy().join(name)).unwrap()
}

/// The values of a key, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// Whether the judge is here. Where it is not that is said aloud, and is a failure where
/// everything must be judged.
fn systemd_analyze() -> bool {
    let here = Command::new("systemd-analyze").arg("--version").output().is_ok();
    assert!(
        here || std::env::var_os("LUSTRUM_DEPLOY_REQUIRED").is_none(),
        "systemd-analyze is needed here and is missing"
    );
    if !here {
        skipped("systemd-analyze");
    }
    here
}

#[expect(clippy::disallowed_macros, reason = "a test that judges nothing must say so")]
fn skipped(tool: &str) {
    eprintln!("SKIPPED: the units are not judged: {tool} is not installed");
}

fn analyze(arguments: &[&str], path: &Path) -> Output {
    Command::new("systemd-analyze").args(arguments).arg(path).env("LC_ALL", "C.UTF-8").output().unwrap()
}

/// The units as they would be installed, with the program where it is.
fn installed(folder: &Path) {
    for entry in std::fs::read_dir(deploy()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "service" || extension == "timer") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replace("/usr/local/bin/lustrum", env!("CARGO_BIN_EXE_lustrum"));
            std::fs::write(folder.join(path.file_name().unwrap()), text).unwrap();
        }
    }
    let drop_in = read(DROP_IN).replace("/usr/local/bin/lustrum", env!("CARGO_BIN_EXE_lustrum"));
    std::fs::create_dir(folder.join("lustrum@.service.d")).unwrap();
    std::fs::write(folder.join(DROP_IN), drop_in).unwrap();
}

#[test]
fn systemd_finds_nothing_to_say_about_the_units() {
    if !systemd_analyze() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    installed(folder.path());
    let said = |unit: &str| {
        let output = analyze(&["verify"], &folder.path().join(unit));
        // Its exit code is 0 for unknown keys, too: what it prints counts.
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    for unit in [
        "lustrum.service",
        "lustrum@hyperv-daily.service",
        "lustrum@hyperv-daily.timer",
        "lustrum-latency@inventory-latency.service",
    ] {
        let template = unit.replace("hyperv-daily", "").replace("inventory-latency", "");
        if !folder.path().join(unit).exists() {
            std::fs::copy(folder.path().join(template), folder.path().join(unit)).unwrap();
        }
        assert_eq!(said(unit), "", "{unit}");
    }
    let broken = std::fs::read_to_string(folder.path().join("lustrum.service")).unwrap();
    let broken = broken.replace("WatchdogSec=", "WatchdogSecs=");
    std::fs::write(folder.path().join("broken.service"), broken).unwrap();
    assert!(said("broken.service").contains("WatchdogSecs"), "the judge itself is blind");
    let broken = std::fs::read_to_string(folder.path().join(DROP_IN)).unwrap();
    std::fs::write(folder.path().join(DROP_IN), broken.replace("ReadWritePaths=", "ReadWritePath=")).unwrap();
    assert!(said("lustrum@hyperv-daily.service").contains("ReadWritePath"), "the addition is not read");
}

#[test]
fn little_is_left_open() {
    if !systemd_analyze() {
        return;
    }
    for unit in SERVICES.into_iter().chain([LATENCY]) {
        let output = analyze(&["security", "--offline=true"], &deploy().join(unit));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let overall = said.split("Overall exposure level for").nth(1);
        let level = overall.and_then(|rest| rest.split_once(": ")?.1.split(' ').next()?.parse::<f64>().ok());
        assert!(level.is_some_and(|level| level < 2.0), "{said}");
    }
}

#[test]
fn both_services_are_closed_alike_and_are_handed_the_secrets_that_are_named() {
    let hardening = |unit: &str| -> BTreeSet<String> {
        let text = read(unit);
        let (_, closed) = text.split_once("DynamicUser=yes").unwrap();
        closed.lines().take_while(|line| !line.starts_with('[')).map(str::to_owned).collect()
    };
    assert_eq!(hardening(SERVICES[0]), hardening(SERVICES[1]));
    assert_eq!(hardening(SERVICES[0]), hardening(LATENCY));
    let settings = read("lustrum.toml");
    let named: Vec<_> = settings
        .split("\"credential:")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert!(!named.is_empty() && settings.contains("dir = \"/var/lib/lustrum\""));
    for unit in SERVICES {
        let text = read(unit);
        let loaded: Vec<_> = values(&text, "LoadCredential")
            .iter()
            .map(|value| value.split_once(':').unwrap().0.to_owned())
            .collect();
        assert_eq!(loaded, named, "{unit}");
        assert_eq!(values(&text, "StateDirectory"), ["lustrum"], "{unit}");
        assert_eq!(values(&text, "WorkingDirectory"), ["/etc/lustrum"], "{unit}");
        // Told to stop is no failure.
        assert_eq!(values(&text, "SuccessExitStatus"), ["75"], "{unit}");
    }
}

#[test]
fn the_addition_for_a_node_exporter_only_adds_metrics() {
    let (unit, drop_in) = (read("lustrum@.service"), read(DROP_IN));
    let [folder] = values(&drop_in, "ReadWritePaths")[..] else { panic!("{drop_in}") };
    // An empty line takes the unit's own away.
    let ["", line] = values(&drop_in, "ExecStart")[..] else { panic!("{drop_in}") };
    assert_eq!(
        line.strip_suffix(&format!(" --metrics-textfile {folder}")),
        Some(values(&unit, "ExecStart")[0])
    );
}

#[test]
fn the_settings_for_a_machine_are_right() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(deploy().join("lustrum.toml"), folder.path().join("lustrum.toml")).unwrap();
    std::fs::create_dir(folder.path().join("schedules")).unwrap();
    std::fs::create_dir(folder.path().join("credentials")).unwrap();
    std::fs::write(folder.path().join("credentials/hyperv-password"), "census\n").unwrap();
    std::fs::write(folder.path().join("schedules/a.toml"), "fleet.hosts = [\"hv01\"]\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lustrum"))
        .current_dir(folder.path())
        .args(["config", "check", "a"])
        .env_clear()
        .env("CREDENTIALS_DIRECTORY", folder.path().join("credentials"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What systemd does: it listens on a datagram socket, and waits no longer than its watchdog.
#[test]
fn the_daemon_says_that_it_is_ready_and_alive() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("schedules")).unwrap();
    let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    let unit = read("lustrum.service");
    let watchdog: u64 = values(&unit, "WatchdogSec")[0].trim_end_matches('s').parse().unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(watchdog))).unwrap();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_lustrum"))
        .current_dir(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env_clear()
        .env("NOTIFY_SOCKET", folder.path().join("notify"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut heard = String::new();
    while !heard.contains("READY=1") || heard.matches("WATCHDOG=1").count() < 2 {
        let mut said = [0; 256];
        match socket.recv(&mut said) {
            Ok(length) => heard.push_str(&String::from_utf8_lossy(&said[..length])),
            Err(error) => {
                daemon.kill().unwrap();
                panic!("{error}: heard {heard:?}");
            }
        }
    }
    let stopped = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
    assert!(stopped.success() && daemon.wait().unwrap().success());
}

#[test]
fn the_image_is_built_from_what_the_build_needs() {
    let (manifest, dockerfile) = (include_str!("../../Cargo.toml"), read("Dockerfile"));
    let ignored = read("Dockerfile.dockerignore");
    let kept: BTreeSet<_> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let named = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.split('/').next());
    for folder in named.chain(["Cargo.toml", "Cargo.lock"]) {
        assert!(kept.contains(folder), "{folder} is not in the build's context");
    }
    let rust = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(dockerfile.contains(&format!("rust:{rust}-")), "{dockerfile}");
    assert!(dockerfile.contains(&format!("lustrum:{}", env!("CARGO_PKG_VERSION"))));
    assert!(dockerfile.contains("\nUSER 65532:65532\n") && dockerfile.contains("distroless"));
}
