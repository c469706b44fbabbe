//! The probe that is meant, of a job that may have several.

use crate::model::probe::ProbeKind;
use crate::probes::catalogue::PlannedProbe;
use crate::probes::probe::Probe;

/// The only one of a kind, or the one of that name; the error says which there are.
pub fn pick(probes: Vec<PlannedProbe>, kind: ProbeKind, name: Option<&str>) -> Result<PlannedProbe, String> {
    let word = kind.spoken();
    let mut ours: Vec<_> = probes.into_iter().filter(|planned| planned.probe.kind() == kind).collect();
    if let Some(name) = name {
        ours.retain(|planned| planned.name.as_str() == name);
    }
    match (ours.len(), name) {
        (1, _) => Ok(ours.remove(0)),
        (0, Some(name)) => Err(format!("the job has no {word} probe `{name}`")),
        (0, None) => Err(format!("the job has no {word} probe")),
        (_, _) => {
            let names: Vec<_> = ours.iter().map(|planned| format!("`{}`", planned.name)).collect();
            Err(format!("the job has several {word} probes: say which with --name: {}", names.join(", ")))
        }
    }
}
