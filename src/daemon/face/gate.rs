//! Who may come in: the token, and what a browser must not be made to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::daemon::face::trouble::Trouble;
use crate::daemon::face::visitor::Visitor;

/// A token shorter than this can be guessed.
const SHORTEST_TOKEN: usize = 16;

/// The longest a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who may come in.
#[derive(Default)]
pub struct Gate {
    /// Where the token is; absent when everyone on this machine may. Read for each request, so
    /// that a token can be exchanged without a restart.
    token_file: Option<PathBuf>,
    metrics_open: bool,
}

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidToken {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("is shorter than {SHORTEST_TOKEN} characters")]
    Short,
    #[error("holds a character that is not visible ASCII")]
    Characters,
}

impl Gate {
    /// Lets in who knows the token in the file; white space around it does not count.
    pub fn with_token_file(path: PathBuf, metrics_open: bool) -> Result<Self, InvalidToken> {
        digest_in(&path)?;
        Ok(Self { token_file: Some(path), metrics_open })
    }

    /// Whether a token has to be shown at all.
    pub fn is_locked(&self) -> bool {
        self.token_file.is_some()
    }

    fn check(&self, request: &Request) -> Result<(), Trouble> {
        let path = request.uri().path();
        if matches!(path, "/healthz" | "/readyz") || (path == "/metrics" && self.metrics_open) {
            return Ok(());
        }
        let Some(token_file) = &self.token_file else { return only_here(request.headers()) };
        let known = digest_in(token_file).map_err(|why| {
            let message = format!("the daemon's own token {why}");
            Trouble::new(StatusCode::SERVICE_UNAVAILABLE, "no_token", message)
        })?;
        let is_page = path == "/" || path.starts_with("/runs/");
        let shown = shown_token(request.headers(), is_page);
        // Digests are of one length, so the comparison tells nothing of the token's either.
        if shown.is_some_and(|shown| bool::from(digest(&shown).ct_eq(&known))) {
            return Ok(());
        }
        let message = "show the token: Authorization: Bearer …";
        Err(Trouble::new(StatusCode::UNAUTHORIZED, "unauthorized", message))
    }
}

fn digest_in(token_file: &Path) -> Result<[u8; 32], InvalidToken> {
    let text = Zeroizing::new(std::fs::read_to_string(token_file)?);
    let token = text.trim();
    if token.len() < SHORTEST_TOKEN {
        return Err(InvalidToken::Short);
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(InvalidToken::Characters);
    }
    Ok(digest(token))
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The bearer token; for a page, which browsers ask for and they know only Basic, also the
/// password of any user.
fn shown_token(headers: &HeaderMap, is_page: bool) -> Option<String> {
    let (scheme, shown) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(shown.trim().to_owned());
    }
    if !is_page || !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(shown.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

/// Without a token, the request must be meant for this machine by its name: a page of
/// another site whose name was made to lead here must not read us.
fn only_here(headers: &HeaderMap) -> Result<(), Trouble> {
    let Some(host) = headers.get(header::HOST) else { return Ok(()) };
    let host = host.to_str().unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_loopback = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback || name.eq_ignore_ascii_case("localhost") {
        return Ok(());
    }
    let message = "without --token-file only requests for localhost are answered";
    Err(Trouble::new(StatusCode::FORBIDDEN, "foreign_host", message).with("host", host))
}

/// A browser says where a request was made up; one that changes something must not come
/// from another site.
fn no_other_site(request: &Request) -> Result<(), Trouble> {
    let of = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = of(header::HOST).unwrap_or_default();
    let from_here = |origin: &str| origin.split_once("://").is_some_and(|(_, rest)| rest == host);
    let site = of(HeaderName::from_static("sec-fetch-site"));
    let is_safe = *request.method() == Method::GET || *request.method() == Method::HEAD;
    if is_safe
        || (of(header::ORIGIN).is_none_or(from_here)
            && site.is_none_or(|site| matches!(site, "same-origin" | "none")))
    {
        return Ok(());
    }
    let message = "a page of another site may not ask for this";
    Err(Trouble::new(StatusCode::FORBIDDEN, "foreign_origin", message))
}

/// Stands before every route, and before what is no route.
pub async fn guard(State(visitor): State<Arc<Visitor>>, request: Request, next: Next) -> Response {
    let may = visitor.gate.check(&request).and_then(|()| no_other_site(&request));
    let is_page = matches!(request.uri().path(), "/") || request.uri().path().starts_with("/runs/");
    let mut response = match may {
        Err(trouble) => trouble.into_response(),
        Ok(()) => match tokio::time::timeout(PATIENCE, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let message = format!("no answer was ready within {} s", PATIENCE.as_secs());
                Trouble::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", message).into_response()
            }
        },
    };
    let status = response.status();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        let scheme = if is_page { "Basic realm=\"lustrum\"" } else { "Bearer realm=\"lustrum\"" };
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    let plain = HeaderValue::from_static;
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, plain("nosniff"));
    headers.insert(header::REFERRER_POLICY, plain("no-referrer"));
    headers.insert(header::CACHE_CONTROL, plain("no-store"));
    response
}
