//! A file that one process at a time may use: its lock ends with the process, also when
//! that is killed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Opens a file, makes it where it is not there, and locks it (flock(2)) until the handle
/// is dropped. `None`: somebody who lives holds it.
pub fn hold(path: &Path) -> io::Result<Option<File>> {
    loop {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        if !locked(&file)? {
            return Ok(None);
        }
        // Whoever held it may have removed it before letting go: then this is nobody's file.
        match fs::metadata(path) {
            Ok(there) if is_same(&there, &file.metadata()?) => return Ok(Some(file)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

/// The same of a file that is there; `None` also where it is not.
pub fn hold_what_is_there(path: &Path) -> io::Result<Option<File>> {
    let file = match File::options().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(locked(&file)?.then_some(file))
}

/// Which lock it is: no other has the name while the machine is up and the file is held by
/// anybody. Who holds it knows that whoever held it before does no longer. `None` where the
/// system does not tell one start of the machine from another.
pub fn name(file: &File) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let found = file.metadata().ok()?;
    Some(format!("{}/{}/{}", boot.trim(), found.dev(), found.ino()))
}

fn locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}
