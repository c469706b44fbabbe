//! Clusters, each published once, with what their nodes add up to.

use std::collections::BTreeSet;

use arrow_array::RecordBatch;

use crate::census::filling::Filling;
use crate::census::folded::cluster::Cluster;
use crate::census::folded::fleet::Fleet;
use crate::census::folded::host::Machine;
use crate::census::identity;
use crate::tables::columns::{Ints, Lists, Texts};

/// `of` is the cluster of each row.
pub fn complete(rows: &RecordBatch, of: &[&Cluster], fleet: &Fleet) -> RecordBatch {
    let mode = Ints::of(rows, "balancer_mode");
    let level = Ints::of(rows, "balancer_level");
    let witness = Texts::of(rows, "witness_state");
    let states = Lists::of(rows, "node_states");
    let up: Vec<_> = (0..of.len()).map(|row| states.at(row).map(|states| nodes_up(&states))).collect();
    let nodes = |row: usize| of[row].nodes.as_ref().map(|nodes| nodes.len() as i64);
    let all = |row: usize, fact: fn(&Machine) -> Option<i64>| sum(of[row], None, fleet, fact);
    let effective =
        |row: usize, fact: fn(&Machine) -> Option<i64>| sum(of[row], Some(up[row].as_ref()?), fleet, fact);
    let effective_nodes = |row: usize| up[row].as_ref().map(|up| up.len() as i64);

    let mut filling = Filling::of(rows);
    filling.texts("config_status", |row| Some(status(nodes(row), effective_nodes(row), witness.at(row))));
    filling.ints("nodes", nodes);
    filling.ints("effective_nodes", effective_nodes);
    filling.ints("total_cpu_mhz", |row| all(row, Machine::cpu_mhz));
    filling.ints("cores", |row| all(row, |machine| machine.cores));
    filling.ints("threads", |row| all(row, |machine| machine.threads));
    filling.ints("effective_cpu_mhz", |row| effective(row, Machine::cpu_mhz));
    filling.ints("memory_bytes", |row| all(row, |machine| machine.memory_bytes));
    filling.ints("effective_memory_bytes", |row| effective(row, |machine| machine.memory_bytes));
    filling.flags("ha_enabled", |_| Some(true));
    filling.ints("failover_level", |row| nodes(row).map(|nodes| (nodes - 1).max(0)));
    filling.flags("drs_enabled", |row| mode.at(row).map(|mode| mode > 0));
    filling.texts("drs_behavior", |row| {
        mode.at(row).filter(|mode| *mode > 0)?;
        behavior(level.at(row)?)
    });
    filling.texts("object_id", |row| Some(identity::object_id("cluster", &[&of[row].fqdn])));
    filling.texts("sdk_server", |row| Some(&of[row].fqdn));
    filling.texts("sdk_uuid", |row| Some(&of[row].uuid));
    filling.texts("site", |row| Some(&of[row].site));
    filling.done()
}

/// Lower-case labels of the nodes that are up, from `NAME=Up`.
fn nodes_up(states: &[String]) -> BTreeSet<String> {
    let split = states.iter().filter_map(|state| state.rsplit_once('='));
    split
        .filter(|(_, state)| *state == "Up")
        .map(|(name, _)| identity::label_of(name).to_lowercase())
        .collect()
}

/// Over all nodes, or those named; null when one of them did not tell.
fn sum(
    cluster: &Cluster,
    only: Option<&BTreeSet<String>>,
    fleet: &Fleet,
    fact: fn(&Machine) -> Option<i64>,
) -> Option<i64> {
    let counts = |name: &str| only.is_none_or(|only| only.contains(&identity::label_of(name).to_lowercase()));
    let nodes = cluster.nodes.as_ref()?.iter().filter(|node| counts(&node.name));
    nodes.map(|node| fact(&fleet.hosts[node.host?].machine)).sum()
}

/// `red` when half of the nodes or more are not up, `yellow` when one is not or the witness
/// is lost, `gray` when nobody says.
fn status(nodes: Option<i64>, up: Option<i64>, witness: Option<&str>) -> &'static str {
    match (nodes, up) {
        (Some(nodes), Some(up)) if up * 2 <= nodes && up < nodes => "red",
        (Some(nodes), Some(up)) if up < nodes => "yellow",
        _ if witness.is_some_and(|state| state != "Online") => "yellow",
        (Some(_), Some(_)) => "green",
        _ => "gray",
    }
}

/// `AutoBalancerLevel`: when a node counts as loaded, at 80, 70 or 60 percent.
fn behavior(level: i64) -> Option<&'static str> {
    match level {
        1 => Some("low"),
        2 => Some("medium"),
        3 => Some("high"),
        _ => None,
    }
}
