//! The environment with `.env` under it, read without changing the process.

use crate::config::environment::Environment;
use crate::config::problem::Problem;

/// What the process was given, then `.env` of the working directory or a folder above it.
/// A line that cannot be read is told by its file and place only: it may hold a password.
pub fn read() -> Result<Environment, Problem> {
    let unreadable = |why: &str| Problem::new(".env", "", why);
    // Names and values that are not Unicode cannot be settings.
    let mut environment: Environment = std::env::vars_os()
        .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
        .collect();
    let lines = match dotenvy::dotenv_iter() {
        Ok(lines) => lines,
        Err(error) if error.not_found() => return Ok(environment),
        Err(_) => return Err(unreadable("cannot be read")),
    };
    for (index, line) in lines.enumerate() {
        let (name, value) = line.map_err(|_| {
            unreadable(&format!("entry {} is not NAME=value; quote values that hold spaces", index + 1))
        })?;
        environment.add_default(name, value);
    }
    Ok(environment)
}
