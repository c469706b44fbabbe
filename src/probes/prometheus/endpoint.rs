//! A service's own `/metrics`, scraped twice.

use std::time::Duration;

use reqwest::Url;

use crate::model::failure::Failure;
use crate::probes::exposition::dialect::Dialect;
use crate::probes::exposition::family::Parsed;
use crate::probes::exposition::scrape::scrape;
use crate::probes::web::Web;

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
        scrape(web, &self.url, self.dialect).await
    }
}
