//! What `k8s/` promises a cluster: objects of the types it knows, and parts that fit together.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{
    ConfigMap, Namespace, PersistentVolumeClaim, PodSpec, Secret, ServiceAccount,
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use lustrum::cli::slot::JOB_NAME_VARIABLE;
use lustrum::config::job::Job;
use lustrum::config::load::{self, Request};
use lustrum::daemon::agenda::Agenda;
use lustrum::daemon::library::Library;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::world::kustomized::{documents, objects};

const OVERLAYS: [&str; 2] = ["cronjob", "daemon"];

fn k8s() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("k8s")
}

fn overlay(name: &str) -> Vec<Value> {
    objects(&k8s().join("overlays").join(name))
}

fn secret_example() -> Value {
    documents(&std::fs::read_to_string(k8s().join("secret.example.yaml")).unwrap()).remove(0)
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

/// The pods of an overlay: labels and spec.
fn pod(name: &str) -> (Value, PodSpec) {
    let objects = overlay(name);
    let template = match name {
        "cronjob" => the(&objects, "CronJob", "lustrum-hyperv-daily")["spec"]["jobTemplate"].clone(),
        _ => the(&objects, "Deployment", "lustrum"),
    };
    let template = template["spec"]["template"].clone();
    (template["metadata"]["labels"].clone(), typed(&template["spec"]))
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
    for object in OVERLAYS.iter().flat_map(|name| overlay(name)).chain([secret_example()]) {
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
    let secret = secret_example();
    for name in OVERLAYS {
        let (objects, (_, pod)) = (overlay(name), pod(name));
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
                assert_eq!(secret["metadata"]["name"], *from.secret_name.as_ref().unwrap());
                for item in from.items.as_ref().unwrap() {
                    assert!(secret["stringData"][&item.key].is_string(), "no key {}", item.key);
                    files.insert(format!("{at}/{}", item.path));
                }
                let others = from.default_mode.unwrap() & 0o337;
                assert_eq!(others, 0, "a secret that others may read");
            } else {
                let claim = volume.persistent_volume_claim.as_ref().unwrap();
                the(&objects, "PersistentVolumeClaim", &claim.claim_name);
                written.push(at);
            }
        }
        let job = job(&objects, "hyperv-daily");
        assert_eq!(written, [job.output.dir], "the only place that can be written to");
        let arguments = container.args.clone().unwrap();
        let config = arguments.iter().position(|word| word == "--config").unwrap() + 1;
        let directory = container.working_dir.clone().unwrap();
        assert!(files.contains(&format!("{directory}/{}", arguments[config])), "{files:?}");
        assert!(files.contains(&format!("{directory}/schedules/{}.toml", job.name)), "{files:?}");
        for map in ["lustrum-settings", "lustrum-jobs"] {
            for text in the(&objects, "ConfigMap", map)["data"].as_object().unwrap().values() {
                for named in text.as_str().unwrap().split("\"file:").skip(1) {
                    let named = named.split('"').next().unwrap();
                    assert!(files.contains(named), "{named} is nowhere: {files:?}");
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
    for name in OVERLAYS {
        let (_, pod) = pod(name);
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

#[test]
fn the_times_of_the_cronjob_fit_into_each_other() {
    let objects = overlay("cronjob");
    let object = the(&objects, "CronJob", "lustrum-hyperv-daily");
    let cronjob: CronJob = typed(&object);
    // The controller appends 11 characters and a label holds 63.
    assert!(cronjob.metadata.name.unwrap().len() <= 52);
    let spec = cronjob.spec.unwrap();
    let job_spec = spec.job_template.spec.unwrap();
    let pod = job_spec.template.spec.unwrap();
    let mut job = job(&objects, "hyperv-daily");

    assert_eq!(job.schedule.len(), 1);
    assert_eq!(job.schedule[0].cron, spec.schedule, "the job and its CronJob say the same");
    assert_eq!(Some(&job.schedule[0].timezone), spec.time_zone.as_ref());
    job.scheduling.jitter = None;
    let agenda = Agenda::of(&job.name, &job.schedule, &job.scheduling);
    let new_year = DateTime::from_timestamp(1_798_761_600, 0).unwrap();
    let slots: Vec<_> = agenda.slots_after(new_year).take(400).map(|slot| slot.instant()).collect();
    let period: TimeDelta = slots.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();

    let active = Duration::from_secs(job_spec.active_deadline_seconds.unwrap().try_into().unwrap());
    let grace = Duration::from_secs(pod.termination_grace_period_seconds.unwrap().try_into().unwrap());
    let late = TimeDelta::seconds(spec.starting_deadline_seconds.unwrap());
    assert!(job.limits.run_deadline + grace < active, "a run ends by its own deadline first");
    assert!(TimeDelta::from_std(active).unwrap() + late < period, "over before the next begins");
    assert!(grace > job.limits.close_timeout + job.limits.operation_timeout && grace < active);
    assert!(late >= TimeDelta::seconds(10), "less than 10 s is not reliable");
    assert_eq!(spec.concurrency_policy.as_deref(), Some("Forbid"));
    assert_eq!(pod.restart_policy.as_deref(), Some("Never"), "what podFailurePolicy asks for");
    assert_eq!(job_spec.pod_replacement_policy.as_deref(), Some("Failed"), "likewise");
    assert!(job_spec.backoff_limit.unwrap() > 0 && job_spec.ttl_seconds_after_finished.unwrap() > 3600);
    for rule in job_spec.pod_failure_policy.unwrap().rules {
        assert!(["FailJob", "Ignore"].contains(&rule.action.as_str()));
        if let Some(codes) = rule.on_exit_codes {
            assert_eq!(codes.container_name.as_ref(), Some(&pod.containers[0].name));
            assert!(codes.operator == "In" && !codes.values.contains(&0), "0 is no failure");
        }
        for condition in rule.on_pod_conditions.unwrap_or_default() {
            assert_eq!((condition.type_.as_str(), condition.status.as_str()), ("DisruptionTarget", "True"));
        }
    }
}

#[test]
fn a_pod_of_the_cronjob_learns_its_slot_and_forgives_dead_hosts() {
    let (_, pod) = pod("cronjob");
    let container = &pod.containers[0];
    let variable = &container.env.as_ref().unwrap()[0];
    assert_eq!(variable.name, JOB_NAME_VARIABLE);
    let field = variable.value_from.as_ref().unwrap().field_ref.as_ref().unwrap();
    assert_eq!(field.field_path, "metadata.labels['batch.kubernetes.io/job-name']");
    assert!(container.args.as_ref().unwrap().contains(&"--exit-zero-if-recorded".to_owned()));
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

#[test]
fn out_go_name_lookups_and_winrm_and_nothing_comes_in() {
    let policy: NetworkPolicy = typed(&the(&overlay("daemon"), "NetworkPolicy", "lustrum"));
    let spec = policy.spec.unwrap();
    assert_eq!(spec.policy_types.unwrap(), ["Ingress", "Egress"]);
    assert_eq!(spec.ingress, Some(Vec::new()));
    let ports = spec.egress.unwrap().into_iter().flat_map(|rule| rule.ports.unwrap());
    let ports: Vec<_> = ports
        .map(|port| (port.protocol.unwrap(), serde_json::to_value(port.port).unwrap().as_u64().unwrap()))
        .collect();
    let ports: Vec<_> = ports.iter().map(|(protocol, port)| (protocol.as_str(), *port)).collect();
    assert_eq!(ports, [("UDP", 53), ("TCP", 53), ("TCP", 5985), ("TCP", 5986)]);
}
