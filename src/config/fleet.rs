//! The fleet: every host that is asked, once, with its address, trust and credential.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use crate::config::form::parse_sha256;
use crate::config::host_list::{self, HostListError};
use crate::config::job::{Group, Job, TrustSettings};
use crate::config::origins::Origins;
use crate::config::problem::{Problem, Problems, one_of};
use crate::model::credential::CredentialName;
use crate::model::target::{AuthMethod, HostName, Scheme, Target, Trust};

/// The targets in the order in which they were named, and what an operator should know.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    pub targets: Vec<Target>,
    pub warnings: Vec<String>,
}

impl Fleet {
    /// How targets log on with a credential.
    pub fn methods(&self, credential: &CredentialName) -> Vec<AuthMethod> {
        self.targets
            .iter()
            .filter(|target| target.credential == *credential)
            .map(|target| target.auth)
            .collect()
    }

    /// The credentials that targets use.
    pub fn credentials(&self) -> BTreeSet<CredentialName> {
        self.targets.iter().map(|target| target.credential.clone()).collect()
    }
}

/// Names, then settings: every host of the job with the groups that fit it.
pub fn resolve(job: &Job, origins: &Origins, directory: &Path) -> Result<Fleet, Problems> {
    let members = job.group.iter().map(Members::of).collect();
    let mut desk =
        Desk { job, origins, directory, members, problems: Problems::default(), warnings: Vec::new() };
    let hosts = desk.hosts();
    if hosts.is_empty() && job.probe.is_empty() && desk.problems.is_empty() {
        let message =
            "no hosts: list them there, name a `fleet.hosts-file`, or give `--hosts` or `--hosts-file`";
        let is_set = origins.is_set("fleet.hosts");
        let origin = if is_set { origins.of("fleet.hosts") } else { "command line".to_owned() };
        desk.problems.add(Problem::new(origin, "fleet.hosts", message));
    }
    let mut fitting = vec![0_usize; job.group.len()];
    let targets: Vec<Target> = hosts.iter().map(|host| desk.target(host, &mut fitting)).collect();
    for (index, _) in fitting.iter().enumerate().filter(|(_, hosts)| **hosts == 0) {
        desk.warnings.push(format!("group[{index}] fits no host of the fleet"));
    }
    desk.look_at(&targets);
    let warnings = desk.warnings;
    desk.problems.or(Fleet { targets, warnings })
}

struct Desk<'a> {
    job: &'a Job,
    origins: &'a Origins,
    directory: &'a Path,
    /// Of each group.
    members: Vec<Members>,
    problems: Problems,
    warnings: Vec<String>,
}

impl Desk<'_> {
    /// All names without repeats; a repeat is a warning that says where it stands.
    fn hosts(&mut self) -> Vec<HostName> {
        let listed = self.job.fleet.hosts.iter().cloned();
        let mut named: Vec<(HostName, String)> =
            listed.map(|host| (host, self.origins.of("fleet.hosts"))).collect();
        if let Some(file) = self.job.fleet.hosts_file.as_ref().filter(|file| !file.is_empty()) {
            let path = self.directory.join(file);
            match host_list::read(&path) {
                Ok(hosts) if hosts.is_empty() => {
                    self.problems.add(self.hosts_file_problem(file, "holds no host"));
                }
                Ok(hosts) => {
                    let at = |line| format!("{}:{line}", path.display());
                    named.extend(hosts.into_iter().map(|(host, line)| (host, at(line))));
                }
                Err(HostListError::Unreadable(why)) => {
                    self.problems.add(self.hosts_file_problem(file, &why));
                }
                Err(HostListError::Refused(found)) => {
                    found.into_iter().for_each(|problem| self.problems.add(problem));
                }
            }
        }
        let mut places: BTreeMap<HostName, Vec<String>> = BTreeMap::new();
        let mut hosts = Vec::new();
        for (host, place) in named {
            let seen = places.entry(host.clone()).or_default();
            if seen.is_empty() {
                hosts.push(host);
            }
            seen.push(place);
        }
        for (host, places) in places.iter().filter(|(_, places)| places.len() > 1) {
            let (times, places) = (places.len(), places.join(", "));
            self.warnings.push(format!("host {host} is named {times} times ({places}); it is asked once"));
        }
        hosts
    }

    fn hosts_file_problem(&self, file: &str, why: &str) -> Problem {
        let key = "fleet.hosts-file";
        Problem::new(self.origins.of(key), key, why).with_value(format!("{file:?}"))
    }

    /// The host's target; `fitting` counts the hosts of each group.
    fn target(&self, host: &HostName, fitting: &mut [usize]) -> Target {
        let job = self.job;
        let mut way = Group {
            hosts: Vec::new(),
            scheme: Some(job.connection.scheme),
            port: job.connection.port,
            auth: Some(job.connection.auth),
            spn: Some(job.connection.spn.clone()),
            credential: Some(job.connection.credential.clone()),
            address: job.connection.address.clone(),
            trust: Some(job.connection.trust.clone()),
            site: Some(job.fleet.site.clone()),
        };
        for (index, group) in job.group.iter().enumerate() {
            if self.members[index].hold(host) {
                fitting[index] += 1;
                way = overlay(way, group);
            }
        }
        let scheme = way.scheme.unwrap_or(job.connection.scheme);
        let auth = way.auth.unwrap_or(job.connection.auth);
        let spn = way.spn.unwrap_or_default();
        Target {
            host: host.clone(),
            platform: job.platform,
            address: way.address.unwrap_or_else(|| host.as_str().to_owned()),
            port: way.port.unwrap_or(scheme.default_port()),
            scheme,
            auth,
            trust: way.trust.map(|trust| self.trust(&trust)).unwrap_or_default(),
            credential: CredentialName(way.credential.unwrap_or_default()),
            spn: (auth == AuthMethod::Kerberos).then(|| spn.replace("{host}", host.as_str())),
            site: way.site.unwrap_or_default(),
        }
    }

    fn trust(&self, settings: &TrustSettings) -> Trust {
        let path = |file: &String| self.directory.join(file).display().to_string();
        Trust {
            ca_bundle: settings.ca_bundle.as_ref().map(path),
            pin_sha256: settings.pin_sha256.as_deref().and_then(parse_sha256),
            danger_accept_invalid_certs: settings.danger_accept_invalid_certs,
        }
    }

    /// What no single value shows: settings that do not go together. Each is told once, with
    /// the first host it concerns.
    fn look_at(&mut self, targets: &[Target]) {
        let mut told = BTreeSet::new();
        for target in targets {
            let plain = target.scheme == Scheme::Http;
            let auth = match target.auth {
                AuthMethod::Basic if plain => Some("basic would send the password in clear"),
                AuthMethod::Certificate if plain => Some("a client certificate needs TLS"),
                _ => None,
            };
            if let Some(why) = auth.filter(|why| told.insert((*why).to_owned())) {
                let message = format!("{why}; expected scheme https (host {})", target.host);
                self.problems.add(self.problem(&target.host, "auth", |group| group.auth.is_some(), message));
            }
            self.look_at_trust(target, &mut told);
            self.look_at_credential(target, &mut told);
        }
    }

    fn look_at_trust(&mut self, target: &Target, told: &mut BTreeSet<String>) {
        let Target { host, trust, .. } = target;
        if target.scheme == Scheme::Http && *trust != Trust::default() && told.insert("trust".to_owned()) {
            self.warnings.push(format!("certificate settings have no effect over http (host {host})"));
        }
        if trust.danger_accept_invalid_certs && told.insert("danger".to_owned()) {
            self.warnings.push(format!("any certificate is accepted: no proof of who answers (host {host})"));
        }
        if let Some(bundle) = &trust.ca_bundle
            && told.insert(format!("ca-bundle {bundle}"))
            && let Err(error) = std::fs::metadata(bundle)
        {
            let message = format!("cannot be read: {error}");
            let problem = self.problem(host, "trust.ca-bundle", |group| group.trust.is_some(), message);
            self.problems.add(problem.with_value(format!("{bundle:?}")));
        }
    }

    fn look_at_credential(&mut self, target: &Target, told: &mut BTreeSet<String>) {
        let name = &target.credential.0;
        if !self.job.credentials.contains_key(name) && told.insert(format!("credential {name}")) {
            let known: Vec<&str> = self.job.credentials.keys().map(String::as_str).collect();
            let message = format!("no such credential; expected {}", one_of(name, known));
            let problem =
                self.problem(&target.host, "credential", |group| group.credential.is_some(), message);
            self.problems.add(problem.with_value(format!("{name:?}")));
        }
    }

    /// A problem of a host's setting, at the place that decided it: the last group that fits
    /// the host and sets the field, or the connection.
    fn problem(&self, host: &HostName, field: &str, sets: fn(&Group) -> bool, message: String) -> Problem {
        let groups = self.job.group.iter().zip(&self.members);
        let decides = |(group, members): (&Group, &Members)| sets(group) && members.hold(host);
        let key = match groups.map(decides).rposition(|decides| decides) {
            Some(index) => format!("group[{index}].{field}"),
            None => format!("connection.{field}"),
        };
        Problem::new(self.origins.of(&key), key, message)
    }
}

fn overlay(below: Group, group: &Group) -> Group {
    let group = group.clone();
    Group {
        hosts: group.hosts,
        scheme: group.scheme.or(below.scheme),
        port: group.port.or(below.port),
        auth: group.auth.or(below.auth),
        spn: group.spn.or(below.spn),
        credential: group.credential.or(below.credential),
        address: group.address.or(below.address),
        site: group.site.or(below.site),
        trust: group.trust.or(below.trust),
    }
}

/// A group's hosts, ready to be compared.
struct Members {
    names: HashSet<String>,
    patterns: Vec<Vec<char>>,
}

impl Members {
    fn of(group: &Group) -> Self {
        let (patterns, names): (Vec<_>, Vec<_>) =
            group.hosts.iter().map(|host| host.to_lowercase()).partition(|host| host.contains(['*', '?']));
        let patterns = patterns.iter().map(|pattern| pattern.chars().collect()).collect();
        Self { names: names.into_iter().collect(), patterns }
    }

    fn hold(&self, host: &HostName) -> bool {
        let name = host.as_str();
        self.names.contains(name) || self.patterns.iter().any(|pattern| fits(pattern, name))
    }
}

/// Whether a name fits a pattern in which `*` is any text and `?` any one character. Goes
/// back to the last `*` only, so that its time is bounded by the product of the lengths.
fn fits(pattern: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut at_pattern, mut at_name) = (0, 0);
    let mut last_star = None;
    while at_name < name.len() {
        match pattern.get(at_pattern) {
            Some('*') => {
                last_star = Some((at_pattern, at_name));
                at_pattern += 1;
            }
            Some(c) if *c == '?' || *c == name[at_name] => {
                at_pattern += 1;
                at_name += 1;
            }
            _ => {
                let Some((star, from)) = last_star else { return false };
                last_star = Some((star, from + 1));
                (at_pattern, at_name) = (star + 1, from + 1);
            }
        }
    }
    pattern[at_pattern..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// The obvious definition, exponential as it is.
    fn fits_by_definition(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], _) => name.is_empty(),
            (['*', rest @ ..], _) => (0..=name.len()).any(|at| fits_by_definition(rest, &name[at..])),
            ([c, rest @ ..], [first, others @ ..]) => {
                (*c == '?' || c == first) && fits_by_definition(rest, others)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_fit_as_defined(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            let pattern: Vec<char> = pattern.chars().collect();
            let characters: Vec<char> = name.chars().collect();
            prop_assert_eq!(super::fits(&pattern, &name), fits_by_definition(&pattern, &characters));
        }
    }
}
