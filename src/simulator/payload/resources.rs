//! Collectors `processor` and `memory`.

use crate::simulator::guest::Guest;
use crate::simulator::machine::Machine;
use crate::simulator::payload::object::{Object, each, id};
use crate::simulator::payload::vm::version;
use crate::wire_object as object;

pub fn processor(guests: &[Guest]) -> Vec<Object> {
    each(guests, |guest| {
        object! { id(guest);
            "VMId": guest.id,
            "VMName": guest.name,
            "Count": guest.processors,
            "Reserve": 0,
            "Maximum": 100,
            "RelativeWeight": 100,
            "MaximumCountPerNumaNode": 24,
            "MaximumCountPerNumaSocket": 1,
            "HwThreadCountPerCore": 0,
            "CompatibilityForMigrationEnabled": guest.clustered,
            "ExposeVirtualizationExtensions": false,
        }
    })
}

pub fn memory(guests: &[Guest], machine: &Machine) -> Vec<Object> {
    each(guests, |guest| {
        object! { id(guest);
            "VMId": guest.id,
            "VMName": guest.name,
            "DynamicMemoryEnabled": guest.dynamic_memory,
            "Startup": guest.memory_startup,
            "Minimum": guest.memory_minimum,
            "Maximum": guest.memory_maximum,
            "Buffer": 20,
            "Priority": 50,
            "MaximumPerNumaNode": 193_000,
            "MemoryAssigned": guest.memory_assigned,
            "MemoryDemand": guest.memory_demand,
            "Version": version(guest, machine),
        }
    })
}
