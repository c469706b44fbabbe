//! One attempt: a request and the redirections that follow from it.

use std::time::Duration;

use crate::model::credential::Secret;
use crate::probes::http_latency::ask::Method;
use crate::probes::http_latency::intake::Intake;
use crate::probes::http_latency::lines::Lines;
use crate::probes::http_latency::record::Hop;
use crate::probes::http_latency::redaction::Redaction;
use crate::probes::http_latency::trouble::{Trouble, TroubleKind};
use crate::time::clock::Clock;
use crate::transport::http::endpoint::Endpoint;
use crate::transport::http::error::{ErrorClass, HttpError};
use crate::transport::http::request::Rendered;

/// How far an attempt may go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Redirections that are followed.
    pub redirects: u32,
    /// The longest it may take, all hops and bytes together.
    pub deadline: Duration,
    /// The longest body.
    pub body_bytes: u64,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    pub method: Method,
    pub url: &'a Endpoint,
    /// For the origin of `url` only: they may be secrets.
    pub headers: Vec<(&'a str, &'a Secret)>,
    /// Media type and text. It may be a password and is sent to no other origin.
    pub body: Option<(&'static str, &'a Secret)>,
}

/// How it ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Of the last answer.
    pub status: Option<u16>,
    /// None for a 2xx that came whole.
    pub trouble: Option<Trouble>,
    /// Of an answer to a letter with a body.
    pub body: Vec<u8>,
}

/// Sends a letter. Hops are told as they end, so that those before a break are not lost.
pub async fn attempt(
    letter: &Letter<'_>,
    (lines, clock): (&mut Lines, &Clock),
    bounds: Bounds,
    redaction: &Redaction,
    tell: &mut impl FnMut(Hop),
) -> Ended {
    let due = clock.instant() + bounds.deadline;
    let (mut url, mut method, mut body) = (letter.url.clone(), letter.method, letter.body);
    let mut number = 0;
    loop {
        let is_at_home = url.origin == letter.url.origin;
        let request = match rendered(letter, &url, method, body.filter(|_| is_at_home), is_at_home) {
            Ok(request) => request,
            Err(error) => return Ended { trouble: Some(error.into()), ..Ended::default() },
        };
        let mut intake = match letter.body {
            Some(_) => Intake::keeping(bounds.body_bytes),
            None => Intake::counting(bounds.body_bytes),
        };
        let name = (number, method.word(), redaction.url(&url));
        let hop = lines.exchange(name, &url, &request, &mut intake, due).await;
        let (status, lost) = (hop.status, hop.trouble.clone());
        let next = match (status, &lost, intake.location()) {
            (Some(status), None, Some(location)) => {
                onward(status, &url, location, (method, body.is_some())).transpose()
            }
            _ => None,
        };
        let verdict = |trouble| Ended { status, trouble, body: intake.body().to_vec() };
        let trouble = match next {
            None => lost.or_else(|| refused(status)),
            Some(Err(trouble)) => Some(trouble),
            Some(Ok(_)) if number >= bounds.redirects => {
                let message = format!("more than {} redirections", bounds.redirects);
                Some(Trouble::new(TroubleKind::Redirect, message))
            }
            Some(Ok(onward))
                if onward.keeps_body && body.is_some() && onward.url.origin != letter.url.origin =>
            {
                let message = "redirected to another origin, which is not sent what this one was";
                Some(Trouble::new(TroubleKind::Redirect, message))
            }
            Some(Ok(onward)) => {
                tell(hop);
                (url, method) = (onward.url, onward.method);
                body = body.filter(|_| onward.keeps_body);
                number += 1;
                continue;
            }
        };
        tell(Hop { trouble: trouble.clone(), ..hop });
        return verdict(trouble);
    }
}

struct Onward {
    url: Endpoint,
    method: Method,
    keeps_body: bool,
}

/// Where a redirection leads, and how it is asked there (RFC 9110 §15.4).
fn onward(
    status: u16,
    url: &Endpoint,
    location: &str,
    (method, has_body): (Method, bool),
) -> Result<Option<Onward>, Trouble> {
    let (method, keeps_body) = match (status, method) {
        (301..=303, Method::Post) => (Method::Get, false),
        (301 | 302 | 303 | 307 | 308, method) => (method, has_body),
        _ => return Ok(None),
    };
    // The parser's own words would repeat the query.
    let nowhere = |_| Trouble::new(TroubleKind::Redirect, "redirected to what cannot be asked");
    Ok(Some(Onward { url: url.join(location).map_err(nowhere)?, method, keeps_body }))
}

fn refused(status: Option<u16>) -> Option<Trouble> {
    let status = status.filter(|status| !(200..300).contains(status))?;
    Some(Trouble::new(TroubleKind::Http(ErrorClass::Status), format!("http {status}")))
}

fn rendered(
    letter: &Letter<'_>,
    url: &Endpoint,
    method: Method,
    body: Option<(&str, &Secret)>,
    is_at_home: bool,
) -> Result<Rendered, HttpError> {
    let mut headers = Vec::new();
    if is_at_home {
        headers.extend(
            letter.headers.iter().map(|(name, value)| ((*name).to_owned(), value.reveal().to_owned())),
        );
    }
    if let Some((media_type, _)) = body {
        headers.push(("Content-Type".to_owned(), media_type.to_owned()));
    }
    let body = body.map(|(_, text)| text.reveal().as_bytes());
    // Headers are checked when they are read: what is left is a token that none can hold.
    Rendered::new(method.word(), url, &headers, body).map_err(|bad| HttpError::new(ErrorClass::Local, bad.0))
}
