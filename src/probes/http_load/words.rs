//! What conditions on a load may name.

use crate::probes::threshold::quantity::Quantity::{self, Count, Rate, Share, Size, Time};
use crate::probes::threshold::vocabulary::{Family, Vocabulary, Word};
use crate::transport::http::error::ErrorClass;

/// Latencies are of all requests, from the intended send: to leave out those that failed would
/// hide a timeout. `ok.` and `failed.` are the two halves, `service.` counts from the actual send.
static TIMES: Family = Family {
    prefixes: &["", "ok.", "failed.", "service.", "first_event.", "event_gap."],
    words: &[
        Word { name: "p*", quantity: Time },
        Word { name: "min", quantity: Time },
        Word { name: "mean", quantity: Time },
        Word { name: "stdev", quantity: Time },
        Word { name: "max", quantity: Time },
    ],
    of_subject: true,
};

static COUNTS: Family = Family {
    prefixes: &[""],
    words: &[
        Word { name: "success", quantity: Share },
        Word { name: "unanswered", quantity: Share },
        Word { name: "goodput", quantity: Share },
        Word { name: "rps", quantity: Rate },
        Word { name: "requests", quantity: Count },
        Word { name: "errors", quantity: Count },
        Word { name: "bytes", quantity: Size },
    ],
    of_subject: true,
};

/// `timeout` and `connection` are classes together, see [`errors_of`].
static ERRORS: Family = Family {
    prefixes: &["err."],
    words: &[
        Word { name: "timeout", quantity: Count },
        Word { name: "connection", quantity: Count },
        Word { name: "dns", quantity: Count },
        Word { name: "refused", quantity: Count },
        Word { name: "unreachable", quantity: Count },
        Word { name: "connect_timeout", quantity: Count },
        Word { name: "tls", quantity: Count },
        Word { name: "reset", quantity: Count },
        Word { name: "read_timeout", quantity: Count },
        Word { name: "malformed", quantity: Count },
        Word { name: "cut_short", quantity: Count },
        Word { name: "status", quantity: Count },
        Word { name: "body_mismatch", quantity: Count },
        Word { name: "local", quantity: Count },
    ],
    of_subject: true,
};

static STATUSES: Family =
    Family { prefixes: &["status."], words: &[Word { name: "*", quantity: Count }], of_subject: true };

/// Of all endpoints together: a request that was never sent has none.
static SCHEDULE: Family = Family {
    prefixes: &[""],
    words: &[Word { name: "late", quantity: Count }, Word { name: "dropped", quantity: Count }],
    of_subject: false,
};

/// By the monitor: `sys` is the machine that sends, `own` this process, `target` what bears the load.
static PROCESSORS: Family =
    Family { prefixes: &["sys.cpu.", "own.cpu.", "target.cpu."], words: &watched(Share), of_subject: false };

/// Likewise; memory in bytes, net in bytes a second.
static MEMORY_AND_NET: Family = Family {
    prefixes: &["sys.memory.", "own.memory.", "target.memory.", "sys.net.received.", "sys.net.sent."],
    words: &watched(Size),
    of_subject: false,
};

static OF_A_RUN: [&Family; 7] =
    [&TIMES, &COUNTS, &ERRORS, &STATUSES, &SCHEDULE, &PROCESSORS, &MEMORY_AND_NET];

static OF_A_SECOND: [&Family; 4] = [&TIMES, &COUNTS, &ERRORS, &STATUSES];

const fn watched(quantity: Quantity) -> [Word; 8] {
    [
        Word { name: "min", quantity },
        Word { name: "mean", quantity },
        Word { name: "p50", quantity },
        Word { name: "p90", quantity },
        Word { name: "p95", quantity },
        Word { name: "p99", quantity },
        Word { name: "max", quantity },
        Word { name: "sustained", quantity },
    ]
}

/// The words of a whole run, behind the names of endpoints too.
pub fn of_a_run(endpoints: Vec<String>) -> Vocabulary {
    Vocabulary { families: &OF_A_RUN, subjects: endpoints }
}

/// The words of one second of a run, all endpoints together.
pub fn of_a_second() -> Vocabulary {
    Vocabulary { families: &OF_A_SECOND, subjects: Vec::new() }
}

/// The classes that a word behind `err.` counts.
pub fn errors_of(word: &str) -> Vec<ErrorClass> {
    use ErrorClass::{ConnectTimeout, CutShort, Dns, ReadTimeout, Refused, Reset, Tls, Unreachable};
    match word {
        "timeout" => vec![ConnectTimeout, ReadTimeout],
        "connection" => vec![Dns, Refused, Unreachable, Tls, Reset, CutShort],
        _ => ErrorClass::ALL.into_iter().filter(|class| class.word() == word).collect(),
    }
}
