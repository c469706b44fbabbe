//! A service's own `/metrics`, scraped twice.

use std::time::Duration;

use reqwest::Url;

use crate::model::failure::{Failure, FailureKind};
use crate::probes::exposition::dialect::{ACCEPT, Dialect};
use crate::probes::exposition::family::Parsed;
use crate::probes::exposition::parse::parse;
use crate::probes::prometheus::web::Web;

#[derive(Clone, Debug)]
pub struct Endpoint {
    pub url: Url,
    /// Between two scrapes.
    pub interval: Duration,
    /// How the answer is read, whatever its header says.
    pub dialect: Option<Dialect>,
    /// Labels that targets get from a server beside `job` and `instance`.
    pub target_labels: Vec<String>,
    /// Its own `job` and `instance` stay, as with a server's `honor_labels`.
    pub honors_labels: bool,
}

impl Endpoint {
    pub async fn scrape(&self, web: &Web) -> Result<Parsed, Failure> {
        let answer = web.get(self.url.clone(), ACCEPT).await?;
        if answer.status != 200 {
            return Err(Failure::new(FailureKind::NoAnswer, format!("http {}", answer.status)));
        }
        let dialect = self.dialect.or_else(|| Dialect::of_content_type(answer.content_type.as_deref()));
        let dialect = dialect.ok_or_else(|| {
            Failure::new(FailureKind::Protocol, "it answers with protocol buffers, which were not asked for")
        })?;
        let text = String::from_utf8(answer.body).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            Failure::new(FailureKind::Protocol, format!("line {line}: is no UTF-8"))
        })?;
        if text.trim_start().starts_with('<') {
            return Err(Failure::new(FailureKind::Protocol, "it answers with a page, not with metrics"));
        }
        Ok(parse(&text, dialect))
    }
}
