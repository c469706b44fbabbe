//! A plan, checked and made ready to send: every variable has a giver, every text is taken apart.

use std::collections::BTreeSet;

use crate::probes::http_load::plan::{Body, EndpointPlan, LoadPlan, Pace};
use crate::probes::http_load::template::{Escape, Template};
use crate::probes::http_load::turns;
use crate::transport::http::endpoint;
use crate::transport::http::request::{self, Rendered};

/// What the threads carry out.
#[derive(Clone, Debug)]
pub struct Program {
    pub plan: LoadPlan,
    /// In the plan's order.
    pub requests: Vec<Prepared>,
    /// Endpoints in the order of their turns.
    pub round: Vec<usize>,
    /// By place of a taken value: the endpoint whose answer gives it.
    pub givers: Vec<usize>,
}

/// One endpoint, ready to be rendered.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub method: String,
    /// Request line and headers without `Content-Length`, every line with its end.
    head: Template<Place>,
    body: Option<Template<Place>>,
    /// The whole request, where nothing goes into it.
    pub fixed: Option<Rendered>,
    /// Places of the taken values that go into it.
    pub needs: Vec<usize>,
    /// Where its answer's values go, and where in the JSON they stand.
    pub takes: Vec<(usize, String)>,
}

/// A value, and how it is written where it stands.
type Place = (Source, Escape);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    User,
    Count,
    Column(usize),
    Taken(usize),
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanProblem {
    /// Its place in the plan; absent where the plan as a whole is meant.
    pub endpoint: Option<usize>,
    /// What part of it: a field of the plan or of the endpoint.
    pub part: &'static str,
    /// A lowercase fragment, without a header's value.
    pub message: String,
}

impl Program {
    /// Every problem at once.
    pub fn of(plan: LoadPlan) -> Result<Self, Vec<PlanProblem>> {
        let mut problems = of_the_whole(&plan);
        let taken = taken_variables(&plan);
        let mut requests = Vec::new();
        for (index, one) in plan.endpoints.iter().enumerate() {
            let names = Names { plan: &plan, taken: &taken };
            match prepare(one, &names) {
                Ok(prepared) => requests.push(prepared),
                Err(found) => problems.extend(found.into_iter().map(|(part, message)| PlanProblem {
                    endpoint: Some(index),
                    part,
                    message,
                })),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let gives = |place: usize| {
            plan.endpoints.iter().position(|one| one.takes.iter().any(|take| take.variable == taken[place]))
        };
        let givers: Vec<_> = (0..taken.len()).map(|place| gives(place).unwrap_or_default()).collect();
        let rings = rings(&requests, &givers);
        if !rings.is_empty() {
            return Err(rings);
        }
        let weights: Vec<_> = plan.endpoints.iter().map(|one| one.weight).collect();
        Ok(Self { round: turns::round(&weights), plan, requests, givers })
    }

    /// The endpoint whose turn it really is: `wanted`, or the one whose answer gives what it lacks.
    pub fn able(&self, wanted: usize, has: impl Fn(usize) -> bool) -> usize {
        let mut able = wanted;
        while let Some(lacking) = self.requests[able].needs.iter().find(|place| !has(**place)) {
            able = self.givers[*lacking];
        }
        able
    }
}

impl Prepared {
    /// Writes the whole request. `body` is memory that is used again.
    pub fn render<'a>(
        &self,
        value: impl Fn(Source) -> &'a str,
        text: &mut String,
        body: &mut String,
        into: &mut Rendered,
    ) {
        let write = |(source, escape): &Place, into: &mut String| escape.write(value(*source), into);
        text.clear();
        body.clear();
        self.head.render(text, write);
        if let Some(template) = &self.body {
            template.render(body, write);
        }
        let has_length = self.body.is_some() || request::has_length_without_body(&self.method);
        let bytes = into.bytes_mut();
        bytes.clear();
        bytes.extend_from_slice(text.as_bytes());
        if has_length {
            text.clear();
            // Writing to a String cannot fail.
            let _ = std::fmt::Write::write_fmt(text, format_args!("Content-Length: {}\r\n", body.len()));
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body.as_bytes());
    }
}

struct Names<'a> {
    plan: &'a LoadPlan,
    taken: &'a [String],
}

impl Names<'_> {
    fn source(&self, name: &str) -> Option<Source> {
        let columns = self.plan.data.as_ref().map_or(&[][..], |data| &data.columns);
        let taken = || self.taken.iter().position(|taken| taken == name).map(Source::Taken);
        match name {
            "user" => Some(Source::User),
            "count" => Some(Source::Count),
            _ => columns.iter().position(|column| column == name).map(Source::Column).or_else(taken),
        }
    }

    /// A text with its variables looked up.
    fn template(
        &self,
        text: &str,
        part: &'static str,
        escape: Escape,
        problems: &mut Vec<(&'static str, String)>,
    ) -> Template<Place> {
        let parsed = match Template::parse(text) {
            Ok(parsed) => parsed,
            Err(message) => {
                problems.push((part, message));
                return Template::text("");
            }
        };
        for name in parsed.values() {
            if self.source(name).is_none() {
                let columns = self.plan.data.iter().flat_map(|data| &data.columns);
                let given: Vec<_> = columns.chain(self.taken).map(String::as_str).collect();
                let given = [&given[..], &["user", "count"]].concat().join(", ");
                let message = format!("nothing gives {{{{{name}}}}}: expected one of {given}");
                problems.push((part, message));
            }
        }
        parsed.map(|text| text, |name| (self.source(&name).unwrap_or(Source::User), escape))
    }
}

fn of_the_whole(plan: &LoadPlan) -> Vec<PlanProblem> {
    let mut problems = Vec::new();
    let mut say = |part: &'static str, message: &str| {
        problems.push(PlanProblem { endpoint: None, part, message: message.to_owned() });
    };
    if plan.endpoints.is_empty() {
        say("endpoints", "expected at least one: nothing would be sent");
    }
    let names: BTreeSet<_> = plan.endpoints.iter().map(|one| &one.name).collect();
    if names.len() < plan.endpoints.len() {
        say("endpoints", "two of them bear the same name");
    }
    let turns: u64 = plan.endpoints.iter().map(|one| u64::from(one.weight)).sum();
    if turns > 100_000 {
        say("endpoints", "their weights make more than 100000 together");
    }
    if plan.users == 0 {
        say("users", "expected at least 1");
    }
    match &plan.pace {
        Pace::Closed { requests: None, duration: None } => {
            say("pace", "expected a number of requests or a duration: it would never end");
        }
        Pace::Closed { .. } => {}
        Pace::Open { legs } => {
            let usable = |rate: f64| rate.is_finite() && rate >= 0.0;
            let is_leg = |leg: &crate::probes::http_load::plan::Leg| {
                usable(leg.from_per_s) && usable(leg.to_per_s) && !leg.duration.is_zero()
            };
            if legs.is_empty() || !legs.iter().all(is_leg) {
                say("pace", "expected rates of 0 or more over a duration");
            } else if legs.iter().all(|leg| leg.from_per_s + leg.to_per_s == 0.0) {
                say("pace", "a rate of 0 sends nothing");
            }
        }
    }
    if let Some(data) = &plan.data {
        let builtin = |column: &String| ["user", "count"].contains(&column.as_str());
        if data.rows.is_empty() {
            say("data", "it has no rows");
        } else if data.rows.iter().any(|row| row.len() != data.columns.len()) {
            say("data", "a row has more or fewer values than there are columns");
        } else if data.columns.iter().any(builtin) {
            say("data", "no column may be called user or count: these are given");
        }
    }
    problems
}

fn taken_variables(plan: &LoadPlan) -> Vec<String> {
    let takes = plan.endpoints.iter().flat_map(|one| &one.takes);
    takes.map(|taken| taken.variable.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn prepare(one: &EndpointPlan, names: &Names<'_>) -> Result<Prepared, Vec<(&'static str, String)>> {
    let mut problems = Vec::new();
    if one.weight == 0 {
        problems.push(("weight", "expected at least 1".to_owned()));
    }
    if one.expected.is_empty() {
        problems.push(("expected", "expected at least one status".to_owned()));
    }
    for taken in &one.takes {
        if !taken.pointer.is_empty() && !taken.pointer.starts_with('/') {
            problems.push(("takes", format!("{:?} is no JSON pointer: expected /name/0", taken.pointer)));
        }
        if !matches!(names.source(&taken.variable), Some(Source::Taken(_))) {
            problems.push(("takes", format!("{:?} is given already, by a column or by us", taken.variable)));
        }
    }
    if one.is_stream && !one.takes.is_empty() {
        problems.push(("takes", "nothing can be taken from a stream of events".to_owned()));
    }
    let headers: Vec<_> =
        one.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect();
    if let Err(bad) = request::check(&one.method, &headers) {
        problems.push(("headers", bad.to_string()));
    }
    let mut head = Template::text(format!("{} ", one.method));
    // The braces of variables are no part of a target, so that it is only looked at around them.
    let target = names.template(&one.target, "target", Escape::Percent, &mut problems);
    if !one.target.starts_with('/') {
        problems.push(("target", format!("{:?} is no path: expected it to begin with /", one.target)));
    } else if one.target.contains('#') {
        problems.push(("target", format!("{:?} holds a fragment, which is never sent", one.target)));
    } else if let Err(bad) = endpoint::target(&one.target) {
        problems.push(("target", bad));
    }
    head.append(target.map(|text| encoded(&text), |place| place));
    head.append(Template::text(" HTTP/1.1\r\n"));
    let has = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let defaults = request::defaults(&names.plan.origin.authority());
    for (name, value) in defaults.into_iter().filter(|(name, _)| !has(name)) {
        head.append(Template::text(format!("{name}: {value}\r\n")));
    }
    if matches!(one.body, Some(Body::Json(_))) && !has("content-type") {
        head.append(Template::text("Content-Type: application/json\r\n"));
    }
    if !names.plan.keep_alive && !has("connection") {
        head.append(Template::text("Connection: close\r\n"));
    }
    for (name, value) in &headers {
        head.append(Template::text(format!("{name}: ")));
        head.append(names.template(value, "headers", Escape::Header, &mut problems));
        head.append(Template::text("\r\n"));
    }
    let body = one.body.as_ref().map(|body| match body {
        Body::Json(text) => names.template(text, "body", Escape::Json, &mut problems),
        Body::Raw(text) => names.template(text, "body", Escape::None, &mut problems),
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let values = head.values().chain(body.iter().flat_map(Template::values));
    let needs: BTreeSet<_> = values
        .filter_map(|(source, _)| match source {
            Source::Taken(place) => Some(*place),
            _ => None,
        })
        .collect();
    let place = |variable: &str| names.taken.iter().position(|taken| taken == variable).unwrap_or_default();
    let takes = one.takes.iter().map(|taken| (place(&taken.variable), taken.pointer.clone())).collect();
    let is_fixed = head.values().chain(body.iter().flat_map(Template::values)).next().is_none();
    let mut prepared = Prepared {
        method: one.method.clone(),
        head,
        body,
        fixed: None,
        needs: needs.into_iter().collect(),
        takes,
    };
    if is_fixed {
        let mut rendered = Rendered::empty(&one.method);
        prepared.render(|_| "", &mut String::new(), &mut String::new(), &mut rendered);
        prepared.fixed = Some(rendered);
    }
    Ok(prepared)
}

/// Of a piece of a target between variables: what cannot stand there is percent-encoded.
fn encoded(text: &str) -> String {
    let begins = text.starts_with('/');
    let target = endpoint::target(text).unwrap_or_default();
    if begins { target } else { target.chars().skip(1).collect() }
}

/// Endpoints that wait for each other's values, so that none could ever be sent.
fn rings(requests: &[Prepared], givers: &[usize]) -> Vec<PlanProblem> {
    let is_stuck = |index: usize| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![index]);
        while let Some(one) = open.pop() {
            for giver in requests[one].needs.iter().map(|place| givers[*place]) {
                if giver == index {
                    return true;
                }
                if seen.insert(giver) {
                    open.push(giver);
                }
            }
        }
        false
    };
    let stuck = (0..requests.len()).filter(|index| is_stuck(*index));
    let message = "needs a value that only comes after it has been sent";
    stuck
        .map(|index| PlanProblem { endpoint: Some(index), part: "takes", message: message.to_owned() })
        .collect()
}
