//! What `k8s/` promises a cluster: objects of the types it knows, and parts that fit together.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::{CronJob, JobSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, Namespace, PersistentVolumeClaim, PodSpec, Secret, ServiceAccount,
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use lustrum::cli::shard::{COUNT_VARIABLE, INDEX_VARIABLE};
use lustrum::cli::slot::JOB_NAME_VARIABLE;
use lustrum::config::job::Job;
use lustrum::config::load::{self, Request};
use lustrum::daemon::agenda::Agenda;
use lustrum::daemon::library::Library;
use lustrum::model::shard::Shard;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::world::kustomized::{documents, objects};

const OVERLAYS: [&str; 3] = ["cronjob", "daemon", "sharded"];

/// Every kind of pod: its overlay, and what makes it.
const PODS: [(&str, &str); 4] =
    [("cronjob", CENSUS), ("daemon", "lustrum"), ("sharded", CENSUS), ("sharded", FINALIZER)];

const CENSUS: &str = "lustrum-hyperv-daily";
const FINALIZER: &str = "lustrum-hyperv-daily-finalize";

fn k8s() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("k8s")
}

fn overlay(name: &str) -> Vec<Value> {
    objects(&k8s().join("overlays").join(name))
}

fn secret_examples() -> Vec<Value> {
    documents(&std::fs::read_to_string(k8s().join("secret.example.yaml")).unwrap())
}

/// The object of a kind and name.
fn the(objects: &[Value], kind: &str, name: &str) -> Value {
    let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name}")).clone()
}

fn typed<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// The object as the types of the API keep it: a field that they do not know is gone.
fn round_trip(object: &Value) -> Result<Value, serde_json::Error> {
    fn through<T: Serialize + DeserializeOwned>(object: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(serde_json::from_value::<T>(object.clone())?)
    }
    match object["kind"].as_str().unwrap() {
        "ConfigMap" => through::<ConfigMap>(object),
        "CronJob" => through::<CronJob>(object),
        "Deployment" => through::<Deployment>(object),
        "Namespace" => through::<Namespace>(object),
        "NetworkPolicy" => through::<NetworkPolicy>(object),
        "PersistentVolumeClaim" => through::<PersistentVolumeClaim>(object),
        "PodDisruptionBudget" => through::<PodDisruptionBudget>(object),
        "Secret" => through::<Secret>(object),
        "ServiceAccount" => through::<ServiceAccount>(object),
        other => panic!("{other} is not known here"),
    }
}

/// The pods that an object of an overlay makes: labels and spec.
fn pod_of(overlay: &[Value], maker: &str) -> (Value, PodSpec) {
    let is_it = |object: &&Value| {
        ["CronJob", "Deployment"].iter().any(|kind| object["kind"] == *kind)
            && object["metadata"]["name"] == maker
    };
    let maker = overlay.iter().find(is_it).unwrap_or_else(|| panic!("nothing is called {maker}"));
    let job = &maker["spec"]["jobTemplate"];
    let template = if job.is_null() { &maker["spec"]["template"] } else { &job["spec"]["template"] };
    (template["metadata"]["labels"].clone(), typed(&template["spec"]))
}

/// The pods of an overlay that ask hosts.
fn pod(name: &str) -> (Value, PodSpec) {
    pod_of(&overlay(name), if name == "daemon" { "lustrum" } else { CENSUS })
}

/// The job as the pods see it.
fn job(objects: &[Value], name: &str) -> Job {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("schedules")).unwrap();
    for (map, place) in [("lustrum-settings", "."), ("lustrum-jobs", "schedules")] {
        for (file, text) in the(objects, "ConfigMap", map)["data"].as_object().unwrap() {
            std::fs::write(folder.path().join(place).join(file), text.as_str().unwrap()).unwrap();
        }
    }
    let request =
        Request { directory: folder.path().to_owned(), job: Some(name.to_owned()), ..Request::default() };
    load::load(&request).unwrap_or_else(|problems| panic!("{:?}", problems.0)).job
}

/// Bytes of a quantity in binary units.
fn bytes(quantity: &str) -> u64 {
    let at = quantity.find(|c: char| !c.is_ascii_digit()).unwrap_or(quantity.len());
    let power = ["", "Ki", "Mi", "Gi"].iter().position(|unit| *unit == &quantity[at..]).unwrap();
    quantity[..at].parse::<u64>().unwrap() << (10 * power)
}

#[test]
fn every_object_is_of_a_type_that_keeps_all_of_it() {
    for object in OVERLAYS.iter().flat_map(|name| overlay(name)).chain(secret_examples()) {
        assert_eq!(round_trip(&object).unwrap(), object);
        assert!(object["kind"] == "Namespace" || object["metadata"]["namespace"] == "lustrum", "{object}");
    }
    let mut wrong = the(&overlay("cronjob"), "CronJob", "lustrum-hyperv-daily");
    wrong["spec"]["jobTemplate"]["spec"]["backofLimit"] = 2.into();
    assert_ne!(round_trip(&wrong).unwrap(), wrong, "the check itself is blind");
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a test that judges nothing must say so")]
fn kubectl_builds_the_same() {
    let version = Command::new("kubectl").args(["version", "--client", "--output=json"]).output();
    // One that does not tell the version of its kustomize is too old for folders as resources.
    let builds =
        |output: std::process::Output| String::from_utf8_lossy(&output.stdout).contains("kustomizeVersion");
    if !version.is_ok_and(builds) {
        let required = std::env::var_os("LUSTRUM_DEPLOY_REQUIRED").is_some();
        assert!(!required, "kubectl 1.24 or newer is needed here");
        eprintln!("SKIPPED: kustomizations are not compared: no kubectl of 1.24 or newer is installed");
        return;
    }
    for name in OVERLAYS {
        let folder = k8s().join("overlays").join(name);
        let output = Command::new("kubectl").arg("kustomize").arg(&folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let texts = |objects: Vec<Value>| -> BTreeSet<String> {
            objects.iter().map(|object| serde_json::to_string_pretty(object).unwrap()).collect()
        };
        assert_eq!(texts(documents(&String::from_utf8(output.stdout).unwrap())), texts(objects(&folder)));
    }
}

#[test]
fn everything_that_a_pod_names_is_there() {
    let secrets = secret_examples();
    for (name, maker) in PODS {
        let objects = overlay(name);
        let (_, pod) = pod_of(&objects, maker);
        let [container] = &pod.containers[..] else { panic!("one container") };
        let account = the(&objects, "ServiceAccount", pod.service_account_name.as_ref().unwrap());
        assert_eq!(account["automountServiceAccountToken"], false);
        assert_eq!(pod.automount_service_account_token, Some(false));

        let volumes = pod.volumes.unwrap();
        let mounts = container.volume_mounts.clone().unwrap();
        let names: BTreeSet<_> = volumes.iter().map(|volume| volume.name.clone()).collect();
        let mounted: BTreeSet<_> = mounts.iter().map(|mount| mount.name.clone()).collect();
        assert_eq!(names, mounted, "every volume is mounted, every mount has a volume");
        let place = |volume: &str| {
            mounts.iter().find(|mount| mount.name == volume).map(|mount| mount.mount_path.clone()).unwrap()
        };

        // What is there to be read in the container, by path.
        let mut files = BTreeSet::new();
        let mut written = Vec::new();
        for volume in &volumes {
            let at = place(&volume.name);
            if let Some(map) = &volume.config_map {
                let data = the(&objects, "ConfigMap", &map.name)["data"].clone();
                files.extend(data.as_object().unwrap().keys().map(|key| format!("{at}/{key}")));
            } else if let Some(from) = &volume.secret {
                let secret = the(&secrets, "Secret", from.secret_name.as_ref().unwrap());
                for item in from.items.as_ref().unwrap() {
                    assert!(secret["stringData"][&item.key].is_string(), "no key {}", item.key);
                    files.insert(format!("{at}/{}", item.path));
                }
                let others = from.default_mode.unwrap() & 0o337;
                assert_eq!(others, 0, "a secret that others may read");
            } else if let Some(claim) = &volume.persistent_volume_claim {
                the(&objects, "PersistentVolumeClaim", &claim.claim_name);
                written.push(at);
            } else {
                assert!(volume.empty_dir.as_ref().unwrap().size_limit.is_some(), "{}", volume.name);
                written.push(at);
            }
        }
        let job = job(&objects, "hyperv-daily");
        // What does not go into a store lies in a folder of the store's, or among temporary files.
        let temporary = container.env.iter().flatten().find(|variable| variable.name == "TMPDIR");
        let place = temporary.and_then(|variable| variable.value.clone()).unwrap_or(job.output.dir.clone());
        assert_eq!(written, [place], "the only place that can be written to");
        assert_eq!(temporary.is_some(), job.output.dir.starts_with("s3://"));
        let arguments = container.args.clone().unwrap();
        let config = arguments.iter().position(|word| word == "--config").unwrap() + 1;
        let directory = container.working_dir.clone().unwrap();
        assert!(files.contains(&format!("{directory}/{}", arguments[config])), "{files:?}");
        assert!(files.contains(&format!("{directory}/schedules/{}.toml", job.name)), "{files:?}");
        for map in ["lustrum-settings", "lustrum-jobs"] {
            for text in the(&objects, "ConfigMap", map)["data"].as_object().unwrap().values() {
                for named in text.as_str().unwrap().split("\"file:").skip(1) {
                    let named = named.split('"').next().unwrap();
                    // The finalizer asks nobody and has no password.
                    let is_needed = maker != FINALIZER || named.contains("lustrum-store");
                    assert_eq!(files.contains(named), is_needed, "{named}: {files:?}");
                }
            }
        }
    }
}

/// What a run over 5,000 hosts with 20 VMs each took, as the README says it:
/// `cargo bench --bench fleet -- size` prints it.
const PEAK_MIB: u64 = 240;

#[test]
fn a_pod_may_do_little_and_take_little() {
    let peak = PEAK_MIB << 20;
    for (name, maker) in PODS {
        let (_, pod) = pod_of(&overlay(name), maker);
        let shared = pod.security_context.unwrap();
        assert_eq!(shared.run_as_non_root, Some(true));
        assert_eq!((shared.run_as_user, shared.fs_group), (Some(65532), Some(65532)), "as in the image");
        assert_eq!(shared.seccomp_profile.unwrap().type_, "RuntimeDefault");
        let container = &pod.containers[0];
        let own = container.security_context.clone().unwrap();
        assert_eq!(own.allow_privilege_escalation, Some(false));
        assert_eq!(own.read_only_root_filesystem, Some(true));
        assert_eq!(own.capabilities.unwrap().drop.unwrap(), ["ALL"]);
        let image = format!("lustrum:{}", env!("CARGO_PKG_VERSION"));
        assert_eq!(container.image, Some(image));

        let resources = container.resources.clone().unwrap();
        let memory = |of: &Option<std::collections::BTreeMap<String, _>>| {
            let quantity: &k8s_openapi::apimachinery::pkg::api::resource::Quantity =
                &of.as_ref().unwrap()["memory"];
            bytes(&quantity.0)
        };
        let (asked, most) = (memory(&resources.requests), memory(&resources.limits));
        let arguments = container.args.clone().unwrap();
        let runs = arguments.iter().position(|word| word == "--runs");
        let runs = runs.map_or(1, |at| arguments[at + 1].parse::<u64>().unwrap());
        assert!(asked >= peak && 2 * most >= 3 * peak * runs && asked <= most, "{name}: {asked} {most}");
    }
}

/// The slots of a job in a year without surprises, as its own schedule has them.
fn slots(job: &mut Job) -> Vec<DateTime<chrono::Utc>> {
    job.scheduling.jitter = None;
    let agenda = Agenda::of(&job.name, &job.schedule, &job.scheduling);
    let new_year = DateTime::from_timestamp(1_798_761_600, 0).unwrap();
    agenda.slots_after(new_year).take(400).map(|slot| slot.instant()).collect()
}

#[test]
fn the_times_of_the_cronjobs_fit_into_each_other() {
    for name in ["cronjob", "sharded"] {
        let objects = overlay(name);
        let object = the(&objects, "CronJob", CENSUS);
        let cronjob: CronJob = typed(&object);
        // The controller appends 11 characters and a label holds 63.
        assert!(cronjob.metadata.name.unwrap().len() <= 52);
        let spec = cronjob.spec.unwrap();
        let job_spec = spec.job_template.spec.unwrap();
        let pod = job_spec.template.spec.clone().unwrap();
        let mut job = job(&objects, "hyperv-daily");

        assert_eq!(job.schedule.len(), 1);
        assert_eq!(job.schedule[0].cron, spec.schedule, "the job and its CronJob say the same");
        assert_eq!(Some(&job.schedule[0].timezone), spec.time_zone.as_ref());
        let period: TimeDelta = slots(&mut job).windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();

        let active = Duration::from_secs(job_spec.active_deadline_seconds.unwrap().try_into().unwrap());
        let grace = Duration::from_secs(pod.termination_grace_period_seconds.unwrap().try_into().unwrap());
        let late = TimeDelta::seconds(spec.starting_deadline_seconds.unwrap());
        assert!(job.limits.run_deadline + grace < active, "a run ends by its own deadline first");
        assert!(TimeDelta::from_std(active).unwrap() + late < period, "over before the next begins");
        assert!(grace > job.limits.close_timeout + job.limits.operation_timeout && grace < active);
        assert!(late >= TimeDelta::seconds(10), "less than 10 s is not reliable");
        assert_eq!(spec.concurrency_policy.as_deref(), Some("Forbid"));
        assert!(job_spec.ttl_seconds_after_finished.unwrap() > 3600);
        a_failed_pod_is_replaced_as_it_should(&job_spec);
    }
}

fn a_failed_pod_is_replaced_as_it_should(job: &JobSpec) {
    let pod = job.template.spec.as_ref().unwrap();
    assert_eq!(pod.restart_policy.as_deref(), Some("Never"), "what podFailurePolicy asks for");
    assert_eq!(job.pod_replacement_policy.as_deref(), Some("Failed"), "likewise");
    let is_indexed = job.completion_mode.as_deref() == Some("Indexed");
    // Tries are counted by index or over all, never both.
    let tries = if is_indexed { job.backoff_limit_per_index } else { job.backoff_limit };
    assert!(tries.unwrap() > 0 && job.backoff_limit.is_some() != is_indexed);
    for rule in &job.pod_failure_policy.as_ref().unwrap().rules {
        let fails = if is_indexed { "FailIndex" } else { "FailJob" };
        assert!([fails, "Ignore"].contains(&rule.action.as_str()), "{}", rule.action);
        if let Some(codes) = &rule.on_exit_codes {
            assert_eq!(codes.container_name.as_ref(), Some(&pod.containers[0].name));
            assert!(codes.operator == "In" && codes.values == [2], "75 is tried again, 0 is no failure");
        }
        for condition in rule.on_pod_conditions.iter().flatten() {
            assert_eq!((condition.type_.as_str(), condition.status.as_str()), ("DisruptionTarget", "True"));
        }
    }
}

#[test]
fn the_parts_of_an_indexed_job_know_each_other() {
    let objects = overlay("sharded");
    let cronjob: CronJob = typed(&the(&objects, "CronJob", CENSUS));
    let spec = cronjob.spec.unwrap().job_template.spec.unwrap();
    assert_eq!(spec.completion_mode.as_deref(), Some("Indexed"));
    let completions = spec.completions.unwrap();
    assert_eq!(spec.parallelism, Some(completions), "a part that waits would make the others wait");
    assert_eq!(spec.max_failed_indexes, Some(completions));
    let (_, pod) = pod("sharded");
    let told = |name: &str| pod.containers[0].env.iter().flatten().find(|v| v.name == name).cloned();
    assert_eq!(told(COUNT_VARIABLE).unwrap().value, Some(completions.to_string()));
    assert_eq!(told(INDEX_VARIABLE), None, "Kubernetes sets it");
    assert!(Shard::new(0, completions.try_into().unwrap()).is_ok());
}

#[test]
fn the_finalizer_comes_when_the_parts_are_over() {
    let objects = overlay("sharded");
    let spec = |name| typed::<CronJob>(&the(&objects, "CronJob", name)).spec.unwrap();
    let (census, finalizer) = (spec(CENSUS), spec(FINALIZER));
    assert_eq!(census.time_zone, finalizer.time_zone);
    let job_spec = finalizer.job_template.spec.unwrap();
    a_failed_pod_is_replaced_as_it_should(&job_spec);
    let active = |seconds: Option<i64>| TimeDelta::seconds(seconds.unwrap());
    let last_end = active(census.starting_deadline_seconds)
        + active(census.job_template.spec.unwrap().active_deadline_seconds);
    let mut job = job(&objects, "hyperv-daily");
    let parts = slots(&mut job);
    job.schedule[0].cron = finalizer.schedule;
    let finalizers = slots(&mut job);
    let own = active(finalizer.starting_deadline_seconds) + active(job_spec.active_deadline_seconds);
    for (part, next) in parts.iter().zip(&parts[1..]) {
        let comes = finalizers.iter().find(|slot| *slot > part).unwrap();
        assert!(*part + last_end < *comes && *comes + own < *next, "{part} {comes} {next}");
    }
}

#[test]
fn a_pod_of_the_cronjobs_learns_its_slot_and_forgives_dead_hosts() {
    for name in ["cronjob", "sharded"] {
        let (_, pod) = pod(name);
        let container = &pod.containers[0];
        let variable = container.env.iter().flatten().find(|variable| variable.name == JOB_NAME_VARIABLE);
        let field = variable.unwrap().value_from.as_ref().unwrap().field_ref.as_ref().unwrap();
        assert_eq!(field.field_path, "metadata.labels['batch.kubernetes.io/job-name']");
        assert!(container.args.as_ref().unwrap().contains(&"--exit-zero-if-recorded".to_owned()));
    }
}

#[test]
fn the_daemon_is_alone_and_selectors_find_their_pods() {
    let objects = overlay("daemon");
    let deployment: Deployment = typed(&the(&objects, "Deployment", "lustrum"));
    let spec = deployment.spec.unwrap();
    assert_eq!(spec.replicas, Some(1));
    assert_eq!(spec.strategy.unwrap().type_.as_deref(), Some("Recreate"));
    let chosen = |labels: &Value, selector: &Value| {
        selector["matchLabels"].as_object().unwrap().iter().all(|(key, value)| labels[key] == *value)
    };
    let (labels, _) = pod("daemon");
    for (kind, field) in
        [("Deployment", "selector"), ("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")]
    {
        assert!(chosen(&labels, &the(&objects, kind, "lustrum")["spec"][field]), "{kind}");
    }
    let (labels, _) = pod("cronjob");
    assert!(chosen(&labels, &the(&objects, "NetworkPolicy", "lustrum")["spec"]["podSelector"]));
    assert!(!chosen(&labels, &the(&objects, "PodDisruptionBudget", "lustrum")["spec"]["selector"]));
}

/// A ConfigMap is swapped by one link: the files that people see are links through it.
#[test]
fn the_daemon_notices_a_changed_config_map() {
    let folder = tempfile::tempdir().unwrap();
    let put = |version: &str, hosts: &str| {
        std::fs::create_dir(folder.path().join(version)).unwrap();
        let job = format!("name = \"hyperv-daily\"\nfleet.hosts = [{hosts}]\n");
        std::fs::write(folder.path().join(version).join("hyperv-daily.toml"), job).unwrap();
        std::os::unix::fs::symlink(version, folder.path().join("..data_tmp")).unwrap();
        std::fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
    };
    put("..2026_11_21", "\"hv01\"");
    let link = folder.path().join("hyperv-daily.toml");
    std::os::unix::fs::symlink("..data/hyperv-daily.toml", &link).unwrap();
    let mut library = Library::new(folder.path().to_owned(), Request::default());
    let hosts = |library: &mut Library| library.read().jobs[&link].fleet.hosts.len();
    assert_eq!((hosts(&mut library), library.has_changed()), (1, false));
    put("..2026_11_22", "\"hv01\", \"hv02\"");
    assert!(library.has_changed());
    assert_eq!(hosts(&mut library), 2);
}

/// The ports that all policies together let a pod call.
fn ports(name: &str) -> Vec<(String, u64)> {
    let policies = overlay(name).into_iter().filter(|object| object["kind"] == "NetworkPolicy");
    let rules = policies.flat_map(|policy| {
        let spec = typed::<NetworkPolicy>(&policy).spec.unwrap();
        spec.egress.unwrap_or_default()
    });
    let ports = rules.flat_map(|rule| rule.ports.unwrap());
    let number = |port: Option<_>| serde_json::to_value(port).unwrap().as_u64().unwrap();
    ports.map(|port| (port.protocol.unwrap(), number(port.port))).collect()
}

#[test]
fn the_daemon_is_asked_how_it_does_where_it_answers() {
    let (_, pod) = pod("daemon");
    let container = &pod.containers[0];
    let arguments = container.args.clone().unwrap();
    let after = |flag: &str| arguments[arguments.iter().position(|word| word == flag).unwrap() + 1].clone();
    let listen: std::net::SocketAddr = after("--listen").parse().unwrap();
    let [port] = &container.ports.as_ref().unwrap()[..] else { panic!("one port") };
    assert_eq!((port.name.as_deref(), port.container_port), (Some("face"), i32::from(listen.port())));
    assert!(!listen.ip().is_loopback() && after("--token-file").ends_with("/api-token"));
    for (probe, path) in [(&container.liveness_probe, "/healthz"), (&container.readiness_probe, "/readyz")] {
        let asked = probe.as_ref().unwrap().http_get.as_ref().unwrap();
        assert_eq!(asked.path.as_deref(), Some(path));
        assert_eq!(serde_json::to_value(&asked.port).unwrap(), "face");
    }
    // A standing store may take 5 s to be given up, a turn of the loop a minute.
    let probe = container.readiness_probe.as_ref().unwrap();
    assert!(probe.timeout_seconds.unwrap() > 5);
    let probe = container.liveness_probe.as_ref().unwrap();
    assert!(probe.period_seconds.unwrap() * probe.failure_threshold.unwrap() >= 60);

    for name in ["cronjob", "sharded", "daemon"] {
        let policies = overlay(name).into_iter().filter(|object| object["kind"] == "NetworkPolicy");
        let rules: Vec<_> = policies
            .flat_map(|policy| typed::<NetworkPolicy>(&policy).spec.unwrap().ingress.unwrap_or_default())
            .collect();
        assert_eq!(rules.len(), usize::from(name == "daemon"), "{name}");
        for rule in rules {
            let ports = serde_json::to_value(&rule.ports).unwrap();
            assert_eq!(ports, serde_json::json!([{ "protocol": "TCP", "port": listen.port() }]));
            assert_eq!(rule.from.unwrap().len(), 1);
        }
    }
}

#[test]
fn out_go_name_lookups_and_winrm_and_nothing_comes_in() {
    let policy: NetworkPolicy = typed(&the(&overlay("daemon"), "NetworkPolicy", "lustrum"));
    let spec = policy.spec.unwrap();
    assert_eq!(spec.policy_types.unwrap(), ["Ingress", "Egress"]);
    assert_eq!(spec.ingress, Some(Vec::new()));
    let known = [("UDP", 53), ("TCP", 53), ("TCP", 5985), ("TCP", 5986)];
    let mut known = known.map(|(protocol, port)| (protocol.to_owned(), port)).to_vec();
    assert_eq!((ports("daemon"), ports("cronjob")), (known.clone(), known.clone()));
    known.push(("TCP".to_owned(), 443));
    assert_eq!(ports("sharded"), known, "and the store");
}
