//! Room for as many connections as are meant, or the line to type for it.

use crate::model::failure::{Failure, FailureKind};

/// What the process needs besides the connections, with a margin.
const OTHERS: u64 = 128;

/// Raises the limit of open files as far as it is allowed, and refuses what does not fit.
pub fn make_room(connections: u32, threads: u32) -> Result<(), Failure> {
    // A thread's runtime has a poll, a waker and some.
    let needed = u64::from(connections) + u64::from(threads) * 8 + OTHERS;
    match rlimit::increase_nofile_limit(needed) {
        Ok(limit) if limit < needed => Err(too_few(connections, limit, needed)),
        // A system that cannot say has no such limit.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn too_few(connections: u32, limit: u64, needed: u64) -> Failure {
    let message = format!(
        "{connections} connections need {needed} open files and only {limit} are allowed; raise the limit first:  ulimit -n {needed}"
    );
    Failure::new(FailureKind::Quota, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_refused_with_the_line_to_type() {
        let (_, hard) = rlimit::Resource::NOFILE.get().expect("a limit");
        if hard < u64::from(u32::MAX) {
            let refused = make_room(u32::MAX, 1).expect_err("more than is allowed");
            let needed = u64::from(u32::MAX) + 8 + OTHERS;
            assert!(refused.message.ends_with(&format!("ulimit -n {needed}")), "{refused}");
        }
    }
}
