//! The native words for a VM's state and heartbeat, and what RVTools calls them.

/// Numbers of `VMState` that are the same on every version of Windows. Those of critical
/// states are not, so they stay numbers.
pub const STATES: [(&str, &str); 13] = [
    ("1", "Other"),
    ("2", "Running"),
    ("3", "Off"),
    ("4", "Stopping"),
    ("6", "Saved"),
    ("9", "Paused"),
    ("10", "Starting"),
    ("11", "Reset"),
    ("32773", "Saving"),
    ("32776", "Pausing"),
    ("32777", "Resuming"),
    ("32779", "FastSaved"),
    ("32780", "FastSaving"),
];

/// A critical state: the configuration's storage is gone, the word before stays true.
pub fn is_critical(state: &str) -> bool {
    state.ends_with("Critical")
}

/// `poweredOn`, `poweredOff` or `suspended`; absent for a word that leads to none of them.
pub fn power_state(state: &str) -> Option<&'static str> {
    match state.strip_suffix("Critical").unwrap_or(state) {
        "Running" | "Starting" | "Stopping" | "Saving" | "Pausing" | "Resuming" | "Reset" | "FastSaving"
        | "ForceShutdown" | "ForceReboot" => Some("poweredOn"),
        "Off" => Some("poweredOff"),
        "Saved" | "FastSaved" | "Paused" | "Hibernated" => Some("suspended"),
        _ => None,
    }
}

/// What stands where there must be a word: an unknown state is off only where WMI says so.
pub fn shown_power(power: Option<&'static str>, enabled_state: Option<i64>) -> &'static str {
    /// `Msvm_ComputerSystem .EnabledState` of a VM that is off.
    const OFF: i64 = 3;
    match (power, enabled_state) {
        (Some(power), _) => power,
        (None, Some(OFF)) => "poweredOff",
        (None, _) => "suspended",
    }
}

/// The colour of a native heartbeat: gray unless the VM runs.
pub fn heartbeat_colour(power: Option<&str>, heartbeat: Option<&str>) -> &'static str {
    if power != Some("poweredOn") {
        return "gray";
    }
    match heartbeat {
        Some("Ok" | "OkApplicationsHealthy" | "OkApplicationsUnknown") => "green",
        Some(beat) if beat.starts_with("Ok") => "yellow",
        Some("LostCommunication" | "NoContact" | "Error") => "red",
        _ => "gray",
    }
}
