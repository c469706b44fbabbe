//! Collector `service`: the integration services of every VM.

use crate::simulator::guest::Guest;
use crate::simulator::machine::Machine;
use crate::simulator::payload::object::{Object, each, id};
use crate::simulator::payload::vm::{services_state, services_version, version};
use crate::wire_object as object;

pub fn service(guests: &[Guest], machine: &Machine) -> Vec<Object> {
    each(guests, |guest| {
        let services = guest.setup.services;
        let running = guest.state.word == "Running";
        let heartbeat = running.then_some(guest.setup.heartbeat);
        let answers = heartbeat.is_some_and(|word| word.starts_with("Ok"));
        let status = |enabled: bool| {
            let word = if answers { "Ok" } else { "NoContact" };
            (running && enabled).then_some(word)
        };
        object! { id(guest);
            "VMId": guest.id,
            "VMName": guest.name,
            "State": guest.state.word,
            "Heartbeat": heartbeat,
            "IntegrationServicesState": services_state(guest),
            "IntegrationServicesVersion": services_version(guest),
            "Version": version(guest, machine),
            "TimeSynchronization": services.time_synchronization,
            "KvpExchange": services.key_value_exchange,
            "Shutdown": services.shutdown,
            "Backup": services.backup,
            "GuestService": services.guest_service,
            "HeartbeatService": services.heartbeat,
            "KvpStatus": status(services.key_value_exchange),
            "HeartbeatStatus": status(services.heartbeat),
        }
    })
}
