//! A notice in words: one line, and what stands below it.

use crate::model::run::Scope;
use crate::model::status::FinalStatus;
use crate::notify::notice::{NotOkProbe, Notice, Occasion, RunFacts};

/// Hosts that are named in a text.
const HOSTS_NAMED: usize = 20;

/// Of a sentence that somebody else's program wrote.
const LONGEST_SENTENCE: usize = 200;

/// One line, without the program's name.
pub fn title(notice: &Notice) -> String {
    let Notice { job, slot, .. } = notice;
    let cause = notice.cause.as_deref().map(one_line).unwrap_or_default();
    let hosts = notice.run.as_ref().map_or(0, |run| run.counts.values().sum::<u64>());
    match notice.occasion {
        Occasion::AllOk => {
            let again = if notice.since.recovered { " again" } else { "" };
            let retry = if is_retry(notice) { " after a retry" } else { "" };
            let probes = notice.run.as_ref().map_or(0, |run| run.probes);
            let what = match (hosts, probes) {
                (0, 1..) => format!("all {probes} probes passed"),
                (_, 0) => format!("all {hosts} hosts are OK"),
                _ => format!("all {hosts} hosts and {probes} probes are OK"),
            };
            format!("{job}: {what}{again}{retry}")
        }
        Occasion::HostsNotOk => {
            let retry = if is_retry(notice) { " after a retry" } else { "" };
            let probes = match notice.probes_not_ok().len() {
                0 => String::new(),
                probes => format!(", and {probes} probes"),
            };
            format!("{job}: {} of {hosts} hosts are not OK{retry}{probes}", notice.not_ok().len())
        }
        Occasion::ProbesNotOk => match notice.probes_not_ok() {
            [alone] => format!("{job}: probe {}: {}", alone.probe, one_line(&alone.headline)),
            several => format!("{job}: {} probes are not OK", several.len()),
        },
        Occasion::Cancelled => format!("{job}: the run of slot {slot} was cancelled ({cause})"),
        Occasion::NotRecorded => format!("{job}: the run of slot {slot} could not be recorded: {cause}"),
        Occasion::Interrupted => {
            format!("{job}: the run of slot {slot} was interrupted, and is to be run again")
        }
        Occasion::Missed if notice.missed_slots > 1 => {
            format!("{job}: {} slots up to {slot} are not run: {cause}", notice.missed_slots)
        }
        Occasion::Missed => format!("{job}: slot {slot} is not run: {cause}"),
    }
}

/// What a person wants to know next, a line each; empty where the title says it all.
pub fn details(notice: &Notice) -> String {
    let Some(run) = &notice.run else { return String::new() };
    let mut lines = vec![summary(notice, run)];
    let fresh = &notice.since.newly_not_ok;
    for host in run.not_ok.iter().take(HOSTS_NAMED) {
        let reasons: Vec<&str> = host.reasons.iter().map(|reason| reason.word()).collect();
        let mark = if fresh.contains(&host.host) && fresh.len() < run.not_ok.len() { " (new)" } else { "" };
        let why = one_line(&host.why);
        let why = if why.is_empty() { why } else { format!(": {why}") };
        lines.push(format!("{}{mark}  {}  {}{why}", host.host, host.status.spoken(), reasons.join(" ")));
    }
    for NotOkProbe { probe, kind, ended, headline } in run.probes_not_ok.iter().take(HOSTS_NAMED) {
        lines.push(format!("probe {probe}  {}  {ended}: {}", kind.spoken(), one_line(headline)));
    }
    if run.not_ok.len() > HOSTS_NAMED {
        lines.push(format!("… and {} more", run.not_ok.len() - HOSTS_NAMED));
    }
    let again: Vec<&str> = notice.since.ok_again.iter().take(HOSTS_NAMED).map(|host| host.as_str()).collect();
    if !again.is_empty() {
        let more = notice.since.ok_again.len() - again.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("OK again: {}{more}", again.join(", ")));
    }
    lines.join("\n")
}

fn summary(notice: &Notice, run: &RunFacts) -> String {
    let count = |status| run.counts.get(&status).copied().unwrap_or_default();
    let words = [
        (FinalStatus::InventoryOk, "OK"),
        (FinalStatus::InventoryEmpty, "empty"),
        (FinalStatus::InventoryPartial, "partial"),
        (FinalStatus::InventoryError, "in error"),
    ];
    let counts = words.into_iter().filter(|(status, _)| count(*status) > 0);
    let counts: Vec<_> = counts.map(|(status, word)| format!("{} {word}", count(status))).collect();
    let seconds = run.duration_ms as f64 / 1000.0;
    let hosts = match counts.join(", ") {
        none if none.is_empty() => String::new(),
        counts => format!(", {} VMs; hosts: {counts}", run.vms),
    };
    let probes = match run.probes {
        0 => String::new(),
        probes => format!("; probes: {} of {probes} OK", probes - run.probes_not_ok.len() as u64),
    };
    format!("slot {}, {seconds:.1} s{hosts}{probes}", notice.slot)
}

fn is_retry(notice: &Notice) -> bool {
    notice.run.as_ref().is_some_and(|run| run.scope == Scope::Retry)
}

/// Without line ends and control characters, and not longer than people read.
pub fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    if plain.chars().count() <= LONGEST_SENTENCE {
        return plain.to_owned();
    }
    format!("{}…", plain.chars().take(LONGEST_SENTENCE - 1).collect::<String>())
}
