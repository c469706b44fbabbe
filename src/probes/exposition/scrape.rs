//! A service's `/metrics`, asked for once and read.

use reqwest::Url;

use crate::model::failure::{Failure, FailureKind};
use crate::probes::exposition::dialect::{ACCEPT, Dialect};
use crate::probes::exposition::family::Parsed;
use crate::probes::exposition::parse::parse;
use crate::probes::web::Web;

/// `dialect`: how the answer is read, whatever its header says.
pub async fn scrape(web: &Web, url: &Url, dialect: Option<Dialect>) -> Result<Parsed, Failure> {
    let answer = web.get(url.clone(), ACCEPT).await?;
    if answer.status != 200 {
        return Err(Failure::new(FailureKind::NoAnswer, format!("http {}", answer.status)));
    }
    let dialect = dialect.or_else(|| Dialect::of_content_type(answer.content_type.as_deref()));
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
