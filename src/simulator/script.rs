//! The host script, answered by its wire contract instead of run.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::simulator::cluster::Cluster;
use crate::simulator::code_page;
use crate::simulator::command::Step;
use crate::simulator::fault::{Fault, Faults};
use crate::simulator::guest::Guest;
use crate::simulator::host::Host;
use crate::simulator::machine::Machine;
use crate::simulator::payload::host::Rights;
use crate::simulator::payload::object::Object;
use crate::simulator::payload::{
    checkpoint, cluster, device, disk, dvd, host, integration, nic, resources, switch, vm, volume,
};
use crate::simulator::posture::Posture;
use crate::simulator::records::{self, Encoding, Report, ReportedError, Wire};
use crate::simulator::storage::{self, Volume};

/// The request in the script's first line.
#[derive(Debug, Deserialize)]
struct ScriptRequest {
    wire: u32,
    collectors: Vec<String>,
    record_chars: usize,
    gzip: bool,
    collector_deadline_ms: u64,
}

/// What a console says whose code page is the OEM one: `Menü für Gäste` in code page 850.
const OEM_BANNER: &[u8] = b"Men\x81 f\x81r G\x84ste: Konfiguration geladen\r\n";
const CLIXML_PROGRESS: &str = "#< CLIXML\r\n<Objs Version=\"1.1.0.1\" \
    xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><Obj S=\"progress\" RefId=\"0\"><TN RefId=\"0\">\
    <T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN><MS><I64 N=\"SourceId\">1</I64>\
    <PR N=\"Record\"><AV>Preparing modules for first use.</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC>\
    <T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj><S S=\"warning\">The names of some imported commands \
    from the module 'Hyper-V' include unapproved verbs._x000D__x000A_</S></Objs>";

const PREFIX: &str = "$LustrumRequest = '";

/// Whether a script from stdin is one that this answers.
pub fn is_request(script: &str) -> bool {
    script.trim_start_matches('\u{feff}').starts_with(PREFIX)
}

/// Everything the host script would write, in its order and at its pace. `None` is a first
/// line that breaks the contract.
pub fn steps(host: &Host, script: &str, code_page: u32) -> Option<VecDeque<Step>> {
    let line = script.trim_start_matches('\u{feff}').lines().next()?;
    // A quote inside a PowerShell literal is written twice.
    let json = line.strip_prefix(PREFIX)?.trim_end().strip_suffix('\'')?.replace("''", "'");
    let request: ScriptRequest =
        serde_json::from_str(&json).ok().filter(|it: &ScriptRequest| it.wire == 1)?;
    let faults = host.faults();
    let mut steps = VecDeque::new();
    if faults.has(&Fault::Silent) {
        steps.push_back(Step::Hold);
        return Some(steps);
    }
    if let Some(bytes) = faults.value(crate::fault_value!(Noise)) {
        steps.push_back(Step::Noise(bytes));
    }
    if faults.has(&Fault::ClixmlNoise) {
        steps.push_back(Step::Stderr(Bytes::from_static(CLIXML_PROGRESS.as_bytes())));
    }
    if faults.has(&Fault::WrongCodePage) {
        steps.push_back(Step::Stdout(Bytes::from_static(OEM_BANNER)));
    }
    let console = if faults.has(&Fault::WrongCodePage) { code_page::OEM } else { code_page };
    conversation(host, &request, console, &mut steps);
    Some(steps)
}

/// The records, the end and the exit.
fn conversation(host: &Host, request: &ScriptRequest, console: u32, steps: &mut VecDeque<Step>) {
    let faults = host.faults();
    let scene = Scene::of(host);
    let wire = Wire {
        encoding: match (faults.has(&Fault::ConstrainedLanguage), request.gzip) {
            (true, _) => Encoding::Json,
            (false, true) => Encoding::GzipBase64,
            (false, false) => Encoding::Base64,
        },
        record_chars: request.record_chars,
    };
    let slow_ms = faults.value(crate::fault_value!(SlowMs));
    let total = host.command_latency() + Duration::from_millis(slow_ms.unwrap_or(0));
    let share = total / request.collectors.len().max(1) as u32;
    let last = request.collectors.len().saturating_sub(1);
    let (mut sent, mut ms) = (0, 0);
    for (index, collector) in request.collectors.iter().enumerate() {
        let mut report = scene.report(collector, faults);
        report.ms = share.as_millis() as u64;
        if report.status == "timeout" {
            report.ms = request.collector_deadline_ms;
        }
        ms += report.ms;
        if !share.is_zero() {
            steps.push_back(Step::Wait(share));
        }
        let mut lines = records::lines(&report, &wire);
        sent += lines.len();
        if collector == "vm" && faults.has(&Fault::BadCrc) {
            lines.iter_mut().for_each(|line| *line = with_other_crc(line));
        }
        if index == last && faults.has(&Fault::TruncatedRecord) {
            let whole = lines.concat();
            let half = whole.chars().take(whole.chars().count() / 2).collect::<String>();
            steps.push_back(Step::Stdout(code_page::encode(&half, console)));
            steps.push_back(Step::Exit(1));
            return;
        }
        steps.push_back(Step::Stdout(code_page::encode(&lines.concat(), console)));
    }
    if faults.has(&Fault::MissingEnd) {
        steps.push_back(Step::Exit(1));
        return;
    }
    steps.push_back(Step::Stdout(code_page::encode(&records::end_line(sent, ms), console)));
    steps.push_back(Step::Exit(0));
}

fn with_other_crc(line: &str) -> String {
    match line.split_once("\"crc32\":\"") {
        Some((before, after)) if after.len() > 8 => {
            format!("{before}\"crc32\":\"{}{}", "deadbeef", &after[8..])
        }
        _ => line.to_owned(),
    }
}

/// What the script finds on the host when it runs.
struct Scene<'a> {
    host: &'a Host,
    machine: Machine,
    posture: Posture,
    cluster: Option<Cluster>,
    /// Those that are here, then those on their way here.
    guests: Vec<Guest>,
    residents: usize,
    /// How many of the guests the collectors see; the baseline sees all.
    seen: usize,
    /// Made when asked for: it takes the VMs of the whole cluster.
    volumes: OnceCell<Vec<Volume>>,
    rights: Rights,
}

impl<'a> Scene<'a> {
    fn of(host: &'a Host) -> Self {
        let (world, index, faults) = (host.world(), host.index(), host.faults());
        let no_role = faults.has(&Fault::NoRole);
        let unproven = faults.has(&Fault::EmptyUnproven);
        let empty = no_role || unproven || faults.has(&Fault::EmptyNode);
        let mut guests = if empty { Vec::new() } else { world.residents(index) };
        let residents = guests.len();
        if !empty {
            guests.extend(world.arrivals(index));
        }
        if faults.has(&Fault::VhdInUse) {
            hold_a_disk(&mut guests);
        }
        let missing = faults.value(crate::fault_value!(MissingVms));
        let machine = world.machine(index);
        Self {
            host,
            posture: Posture::of(world.seed, index, &machine),
            cluster: Cluster::of(world, &machine, &world.place(index)),
            machine,
            residents,
            seen: guests.len().saturating_sub(missing.unwrap_or(0) as usize),
            guests,
            volumes: OnceCell::new(),
            rights: Rights {
                role_installed: !no_role,
                vmms_running: !no_role,
                may_read_vms: (!no_role).then_some(!unproven),
                constrained_language: faults.has(&Fault::ConstrainedLanguage),
            },
        }
    }

    fn volumes(&self) -> &[Volume] {
        let (world, index) = (self.host.world(), self.host.index());
        self.volumes.get_or_init(|| storage::volumes(world, index, self.cluster.as_ref()))
    }

    fn report<'b>(&self, collector: &'b str, faults: &Faults) -> Report<'b> {
        let bare =
            |status, error| Report { collector, status, objects: Vec::new(), error, source: None, ms: 0 };
        if faults.has(&Fault::CollectorTimeout(collector.to_owned())) {
            return bare("timeout", None);
        }
        if faults.has(&Fault::CollectorError(collector.to_owned())) {
            return bare("error", Some(NO_PERMISSION));
        }
        if collector == "baseline" && faults.has(&Fault::BaselineError) {
            return Report { source: Some("cim"), ..bare("error", Some(CIM_ACCESS_DENIED)) };
        }
        if !self.rights.role_installed && !matches!(collector, "facts" | "host") {
            return bare("not_applicable", None);
        }
        let Some(objects) = self.objects(collector, faults) else {
            return bare("not_applicable", None);
        };
        let source = (collector == "baseline").then_some("cim");
        if collector == "file" && faults.has(&Fault::ListingError) {
            return Report { collector, status: "partial", objects, error: Some(NO_LISTING), source, ms: 0 };
        }
        let in_use = self.disks_in_use();
        if collector == "disk" && faults.has(&Fault::VhdInUse) && in_use > 0 {
            let error = Some(ReportedError { count: in_use, ..DISK_IN_USE });
            return Report { collector, status: "partial", objects, error, source, ms: 0 };
        }
        Report { collector, status: "ok", objects, error: None, source, ms: 0 }
    }

    /// `None` for a collector this world does not know.
    fn objects(&self, collector: &str, faults: &Faults) -> Option<Vec<Object>> {
        let (machine, posture, cluster) = (&self.machine, &self.posture, self.cluster.as_ref());
        let cluster_name = machine.cluster.as_deref();
        let seen = &self.guests[..self.seen];
        let index = self.host.index();
        Some(match collector {
            "baseline" => vm::baseline(&self.guests),
            "facts" => host::facts(machine, &self.rights),
            "host" => {
                let state = cluster.and_then(|cluster| cluster.state_of(index));
                host::host(machine, posture, &self.rights, state)
            }
            "vm" => vm::vm(seen, machine),
            "processor" => resources::processor(seen),
            "memory" => resources::memory(seen, machine),
            "nic" => nic::nic(seen, machine),
            "switch" => switch::switch(machine),
            "service" => integration::service(seen, machine),
            "dvd" => dvd::dvd(seen),
            "checkpoint" => checkpoint::checkpoint(seen, machine),
            "adapter" => device::adapter(posture),
            "management" => device::management(machine, posture),
            "hba" => device::hba(posture),
            "cluster" => cluster::cluster(cluster),
            "role" => cluster::role(cluster, index, &self.guests[..self.residents]),
            "volume" => volume::volume(self.volumes(), cluster_name),
            "disk" => disk::disk(seen, faults.has(&Fault::VhdInUse)),
            "file" => volume::file(self.volumes(), cluster_name, faults.has(&Fault::ListingError)),
            _ => return None,
        })
    }

    fn disks_in_use(&self) -> usize {
        self.guests[..self.seen].iter().flat_map(|guest| &guest.disks).filter(|disk| disk.in_use).count()
    }
}

/// Sees to it that another node holds at least one of the disks.
fn hold_a_disk(guests: &mut [Guest]) {
    let mut disks =
        guests.iter_mut().flat_map(|guest| &mut guest.disks).filter(|disk| disk.disk_number.is_none());
    if let Some(first) = disks.next() {
        first.in_use = !disks.any(|disk| disk.in_use) || first.in_use;
    }
}

const NO_PERMISSION: ReportedError = ReportedError {
    id: "AccessDenied,Microsoft.HyperV.PowerShell.Commands.GetVM",
    category: "PermissionDenied",
    message: "You do not have the required permission to complete this task.",
    count: 1,
};
const CIM_ACCESS_DENIED: ReportedError = ReportedError {
    id: "HRESULT 0x80041003,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand",
    category: "PermissionDenied",
    message: "Access denied ",
    count: 1,
};
const NO_LISTING: ReportedError = ReportedError {
    id: "DirUnauthorizedAccessError,Microsoft.PowerShell.Commands.GetChildItemCommand",
    category: "PermissionDenied",
    message: "Access to the path is denied.",
    count: 1,
};
const DISK_IN_USE: ReportedError = ReportedError {
    id: disk::VHD_IN_USE,
    category: "ResourceBusy",
    message: "The operation cannot be performed while the object is in use.",
    count: 0,
};
