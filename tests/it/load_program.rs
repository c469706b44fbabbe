//! What is wrong with a load plan is said before anything is sent, all at once.

use lustrum::model::credential::Secret;
use lustrum::probes::http_load::plan::{Body, DataTable, LoadPlan, Pace, Taken};
use lustrum::probes::http_load::program::Program;

use crate::world::played_server::{endpoint, plan};

fn requests() -> Pace {
    Pace::Closed { requests: Some(1), duration: None }
}

fn problems(plan: LoadPlan) -> Vec<String> {
    let problems = Program::of(plan).unwrap_err();
    let at = |endpoint: Option<usize>| endpoint.map_or("plan".to_owned(), |index| index.to_string());
    problems.iter().map(|one| format!("{} {}: {}", at(one.endpoint), one.part, one.message)).collect()
}

fn taken(variable: &str, pointer: &str) -> Taken {
    Taken { variable: variable.to_owned(), pointer: pointer.to_owned() }
}

#[test]
fn a_variable_that_nothing_gives_is_named_with_what_is_given() {
    let mut wrong = plan(requests(), 1);
    wrong.data = Some(DataTable { columns: vec!["word".to_owned()], rows: vec![vec!["x".to_owned()]] });
    wrong.endpoints = vec![endpoint("one", "/{{session}}"), endpoint("two", "/{{wrod}}/{{ word }}")];
    wrong.endpoints[0].takes = vec![taken("id", "/id")];
    wrong.endpoints[1].headers = vec![("X-Key".to_owned(), Secret::new("{{key}} s3cret".to_owned()))];
    let said = problems(wrong);
    assert_eq!(
        said,
        [
            "0 target: nothing gives {{session}}: expected one of word, id, user, count",
            "1 target: nothing gives {{wrod}}: expected one of word, id, user, count",
            "1 headers: nothing gives {{key}}: expected one of word, id, user, count",
        ]
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let mut wrong = plan(Pace::Closed { requests: None, duration: None }, 0);
    wrong.data = Some(DataTable { columns: vec!["user".to_owned()], rows: vec![vec!["x".to_owned()]] });
    wrong.endpoints = vec![endpoint("same", "no-path"), endpoint("same", "/{{open"), endpoint("c", "/a#b")];
    wrong.endpoints[0].weight = 0;
    wrong.endpoints[0].method = "GE T".to_owned();
    wrong.endpoints[1].takes = vec![taken("user", "id")];
    wrong.endpoints[2].expected.clear();
    let said = problems(wrong).join("\n");
    for expected in [
        "plan endpoints: two of them bear the same name",
        "plan users: expected at least 1",
        "plan pace: expected a number of requests or a duration",
        "plan data: no column may be called user or count",
        "0 weight: expected at least 1",
        "0 headers: \"GE T\" is no method",
        "0 target: \"no-path\" is no path",
        "1 takes: \"id\" is no JSON pointer",
        "1 takes: \"user\" is given already",
        "1 target: \"{{open\" has no end",
        "2 expected: expected at least one status",
        "2 target: \"/a#b\" holds a fragment",
    ] {
        assert!(said.contains(expected), "{expected} in\n{said}");
    }
}

#[test]
fn values_that_wait_for_each_other_are_refused() {
    let mut ring = plan(requests(), 1);
    ring.endpoints = vec![endpoint("a", "/a/{{y}}"), endpoint("b", "/b/{{x}}"), endpoint("c", "/c/{{x}}")];
    ring.endpoints[0].takes = vec![taken("x", "/x")];
    ring.endpoints[1].takes = vec![taken("y", "/y")];
    let message = "takes: needs a value that only comes after it has been sent";
    assert_eq!(problems(ring), [format!("0 {message}"), format!("1 {message}")]);
}

/// A request without variables is rendered once, and is these bytes.
#[test]
fn a_request_says_what_its_body_is() {
    let mut posting = plan(requests(), 1);
    posting.keep_alive = false;
    posting.endpoints[0].method = "POST".to_owned();
    posting.endpoints[0].target = "/a b?c={d}".to_owned();
    posting.endpoints[0].body = Some(Body::Json(r#"{"a":"{ }"}"#.to_owned()));
    posting.endpoints[0].headers = vec![("User-Agent".to_owned(), Secret::new("own".to_owned()))];
    let program = Program::of(posting).unwrap();
    let bytes = program.requests[0].fixed.as_ref().unwrap().bytes().to_vec();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "POST /a%20b?c=%7Bd%7D HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nConnection: close\r\nUser-Agent: own\r\n\
         Content-Length: 11\r\n\r\n{\"a\":\"{ }\"}"
    );
    assert!(!format!("{:?}", program.plan).contains("own"), "a header may be a secret");
}
