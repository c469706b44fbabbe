//! Paths of Windows, made comparable: two spellings of one file become one text.

/// Lower case, one backslash between parts, without `\\?\` and its like, without `.`, `..`
/// and a separator at the end: `\\?\C:/VMs//Web\.\a.VHDX` becomes `c:\vms\web\a.vhdx`, and
/// `\\?\UNC\srv\share\` becomes `\\srv\share`. Short names (8.3) and links stay as told.
pub fn normal(path: &str) -> String {
    let path = path.replace('/', "\\").to_lowercase();
    let device = ["\\\\?\\", "\\\\.\\", "\\??\\"].iter().find_map(|prefix| path.strip_prefix(prefix));
    let (share, rest) = match device.map(|rest| (rest.strip_prefix("unc\\"), rest)) {
        Some((Some(rest), _)) => (true, rest),
        Some((None, rest)) => (false, rest),
        None => (path.starts_with("\\\\"), path.as_str()),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('\\') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let prefix = if share { "\\\\" } else { "" };
    format!("{prefix}{}", parts.join("\\"))
}

/// Whether a normal path lies in a normal folder, at any depth.
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('\\'))
}

/// The last part of a path, in its own case; nothing for a drive or an empty path.
pub fn last_part(path: &str) -> Option<&str> {
    let mut parts = path.rsplit(['\\', '/']).filter(|part| !part.is_empty());
    parts.next().filter(|part| !part.ends_with(':'))
}

/// The end of a file's name behind its last dot, in lower case.
pub fn extension(path: &str) -> Option<String> {
    last_part(path)?.rsplit_once('.').map(|(_, extension)| extension.to_lowercase())
}

/// The extension of files that a checkpoint makes.
pub fn is_differencing(extension: &str) -> bool {
    matches!(extension, "avhd" | "avhdx")
}

/// The name of a file without folder and extension, in lower case.
pub fn stem(path: &str) -> Option<String> {
    let name = last_part(path)?.to_lowercase();
    Some(name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned())
}

/// The stem of the disk a differencing file began as: Windows names the file
/// `<stem of the disk>_<GUID>.avhdx`.
pub fn disk_stem(path: &str) -> Option<String> {
    let stem = stem(path)?;
    match stem.rsplit_once('_') {
        Some((disk, id)) if is_guid(id) => Some(disk.to_owned()),
        _ => Some(stem),
    }
}

/// 36 characters in the groups of a GUID.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}
