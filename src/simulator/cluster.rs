//! A simulated failover cluster: nodes, quorum, and the state of its shared volumes.

use crate::simulator::account::DNS_DOMAIN;
use crate::simulator::dice::Dice;
use crate::simulator::fault::Fault;
use crate::simulator::guest::SHARED_VOLUMES;
use crate::simulator::layout::Place;
use crate::simulator::machine::Machine;
use crate::simulator::names;
use crate::simulator::world::World;

const FOR_CLUSTER_LIFE: u64 = 500;

/// A node and its state as Get-ClusterNode tells it: `Up`, `Down`, `Paused`.
#[derive(Debug)]
pub struct Node {
    pub host: usize,
    pub name: String,
    pub state: &'static str,
}

/// A cluster shared volume, without what lies on it.
#[derive(Debug)]
pub struct SharedVolume {
    /// From 1: `C:\ClusterStorage\Volume1`.
    pub number: u64,
    pub id: String,
    pub file_system: &'static str,
    pub owner: usize,
    pub redirected: bool,
    pub maintenance: bool,
    /// How generously it was sized, in percent.
    pub room_percent: u64,
}

/// The same from whichever node it is asked.
#[derive(Debug)]
pub struct Cluster {
    pub name: String,
    pub fqdn: String,
    pub functional_level: u32,
    pub nodes: Vec<Node>,
    pub witness: &'static str,
    pub witness_online: bool,
    pub balancer_mode: u32,
    pub balancer_level: u32,
    pub s2d: bool,
    pub volumes: Vec<SharedVolume>,
    /// A role whose VM is on no node: on which node it is left, with its name and VM.
    pub stale_role: Option<(usize, String, String)>,
}

impl Cluster {
    /// The cluster of a host; `None` for one that stands alone.
    pub fn of(world: &World, machine: &Machine, place: &Place) -> Option<Self> {
        let name = machine.cluster.clone()?;
        let mut dice = Dice::for_path(&[world.seed, FOR_CLUSTER_LIFE, place.group as u64]);
        let nodes: Vec<_> = place
            .members
            .clone()
            .map(|host| {
                let paused = dice.chance(0.04);
                let down = world.struck(host..host + 1, &Fault::NodeDown);
                Node {
                    host,
                    name: names::host(world.seed, host).to_uppercase(),
                    state: if down {
                        "Down"
                    } else if paused {
                        "Paused"
                    } else {
                        "Up"
                    },
                }
            })
            .collect();
        let struck = |fault| world.struck(place.members.clone(), &fault);
        let file_system = *dice.pick(&["NTFS", "ReFS"]);
        let turn = dice.between(0, nodes.len() as u64 - 1) as usize;
        let volumes = (1..=SHARED_VOLUMES)
            .map(|number| SharedVolume {
                number,
                id: dice.guid().to_lowercase(),
                file_system,
                owner: owner(&nodes, turn + number as usize),
                redirected: dice.chance(0.06) || (number == 1 && struck(Fault::CsvRedirected)),
                maintenance: dice.chance(0.03) || (number == 1 && struck(Fault::CsvMaintenance)),
                room_percent: dice.between(95, 180),
            })
            .collect();
        let stale = nodes[turn].host;
        Some(Self {
            fqdn: format!("{}.{DNS_DOMAIN}", name.to_lowercase()),
            functional_level: match machine.windows.build {
                14393 => 9,
                17763 => 10,
                20348 => 11,
                _ => 12,
            },
            witness: *dice.pick(&["File Share Witness", "Cloud Witness", "Cluster Disk 1"]),
            witness_online: !dice.chance(0.12) && !struck(Fault::WitnessOffline),
            balancer_mode: *dice.pick(&[2, 2, 1, 0]),
            balancer_level: *dice.pick(&[1, 1, 2, 3]),
            s2d: dice.chance(0.3),
            stale_role: dice
                .chance(0.3)
                .then(|| (stale, "alt-fileserver".to_owned(), dice.guid().to_lowercase())),
            name,
            nodes,
            volumes,
        })
    }

    /// The state of one of its nodes.
    pub fn state_of(&self, host: usize) -> Option<&'static str> {
        self.nodes.iter().find(|node| node.host == host).map(|node| node.state)
    }

    /// The name of one of its nodes.
    pub fn name_of(&self, host: usize) -> Option<&str> {
        self.nodes.iter().find(|node| node.host == host).map(|node| node.name.as_str())
    }
}

/// The node whose turn it is, or the next that is not down.
fn owner(nodes: &[Node], turn: usize) -> usize {
    let mut from = nodes.iter().cycle().skip(turn % nodes.len()).take(nodes.len());
    from.find(|node| node.state != "Down").unwrap_or(&nodes[0]).host
}
