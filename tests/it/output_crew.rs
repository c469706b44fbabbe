//! The crew: every task of a round is done once, whoever does it, and a panic is not lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lustrum::output::crew::Crew;

fn counts(of: usize) -> Arc<Vec<AtomicUsize>> {
    Arc::new((0..of).map(|_| AtomicUsize::new(0)).collect())
}

#[test]
fn every_task_is_done_once() {
    for helpers in 0..4 {
        let crew = Crew::of(helpers);
        for tasks in [0, 1, 2, 57] {
            let done = counts(tasks);
            let doing = done.clone();
            let round = crew.begin(tasks, move |task| {
                doing[task].fetch_add(1, Ordering::Relaxed);
            });
            round.finish();
            assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1), "{helpers}: {done:?}");
        }
    }
}

#[test]
fn helpers_begin_before_the_caller_joins() {
    let (said, heard) = std::sync::mpsc::channel();
    let crew = Crew::of(1);
    let round = crew.begin(1, move |task| said.send(task).unwrap());
    assert_eq!(heard.recv(), Ok(0), "done although nobody finished the round");
    round.finish();
}

#[test]
fn a_panic_ends_the_round_and_the_crew_goes_on() {
    let crew = Crew::of(2);
    for _ in 0..4 {
        let round = crew.begin(8, |task| assert!(task != 3, "a task panics"));
        assert!(catch_unwind(AssertUnwindSafe(|| round.finish())).is_err());
    }
    let done = counts(8);
    let doing = done.clone();
    let round = crew.begin(8, move |task| {
        doing[task].fetch_add(1, Ordering::Relaxed);
    });
    round.finish();
    assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1), "{done:?}");
}
