//! All collectors of Hyper-V, in the order in which the host runs them.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Reading, Stamp, read};
use crate::providers::hyperv::{
    adapter, checkpoint, cluster, disk, dvd, file, hba, host, integration, management, memory, nic,
    processor, role, switch, vm, volume,
};
use crate::tables::table::{Row, TableId};

/// Declares the collectors: word on the wire, script, object.
macro_rules! collectors {
    ($($(#[doc = $doc:literal])+ $collector:ident = $word:literal in $room:ident as $object:ident;)+) => {
        /// Fills one table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Collector {
            $($(#[doc = $doc])+ $collector,)+
        }

        impl Collector {
            pub const ALL: &'static [Self] = &[$(Self::$collector),+];

            /// The name on the wire and of the script's file.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$collector => $word,)+ }
            }

            pub const fn script(self) -> &'static str {
                match self { $(Self::$collector => $room::SCRIPT,)+ }
            }

            pub const fn table(self) -> TableId {
                match self { $(Self::$collector => <$room::$object as Object>::Row::TABLE,)+ }
            }

            /// Whether it owes a row for every VM, so that a missing one is a gap.
            pub const fn one_per_vm(self) -> bool {
                match self { $(Self::$collector => $room::$object::ONE_PER_VM,)+ }
            }

            pub fn read(self, payload: &[u8], stamp: &Stamp, seen: &mut BTreeSet<Uuid>) -> Reading {
                match self { $(Self::$collector => read::<$room::$object>(payload, stamp, seen),)+ }
            }
        }
    };
}

// By value and risk: what opens files one by one, or walks folders, comes last.
collectors! {
    /// The machine.
    Host = "host" in host as HostObject;
    /// Virtual machines.
    Vm = "vm" in vm as VmObject;
    /// Their processors.
    Processor = "processor" in processor as ProcessorObject;
    /// Their memory.
    Memory = "memory" in memory as MemoryObject;
    /// Their network adapters.
    Nic = "nic" in nic as NicObject;
    /// Virtual switches.
    Switch = "switch" in switch as SwitchObject;
    /// Integration services.
    Service = "service" in integration as ServiceObject;
    /// DVD and floppy drives.
    Dvd = "dvd" in dvd as DvdObject;
    /// Checkpoints.
    Checkpoint = "checkpoint" in checkpoint as CheckpointObject;
    /// Physical network adapters.
    Adapter = "adapter" in adapter as AdapterObject;
    /// The host's own network addresses.
    Management = "management" in management as ManagementObject;
    /// Storage adapters.
    Hba = "hba" in hba as HbaObject;
    /// The failover cluster.
    Cluster = "cluster" in cluster as ClusterObject;
    /// Clustered roles of VMs.
    Role = "role" in role as RoleObject;
    /// Volumes that hold VM files.
    Volume = "volume" in volume as VolumeObject;
    /// Hard drives, with their files.
    Disk = "disk" in disk as DiskObject;
    /// Files on VM volumes.
    File = "file" in file as FileObject;
}

impl Collector {
    /// Those that fill the given tables, in running order.
    pub fn of(tables: &[TableId]) -> Vec<Self> {
        Self::ALL.iter().copied().filter(|collector| tables.contains(&collector.table())).collect()
    }
}
