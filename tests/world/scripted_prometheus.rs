//! A Prometheus server whose answers are scripted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A request as it came: the path behind `/api/v1/`, the fields of its form or query, and who asks.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub path: String,
    pub fields: Vec<(String, String)>,
    pub authorization: Option<String>,
}

impl Heard {
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

pub struct ScriptedPrometheus {
    pub url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    _serving: JoinSet<()>,
}

impl ScriptedPrometheus {
    /// Answers with status and body.
    pub async fn answering(script: impl Fn(&Heard) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/prefix", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (heard.clone(), Arc::new(script));
        let router = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let asked = Heard {
                path: uri.path().strip_prefix("/prefix/api/v1/").unwrap_or(uri.path()).to_owned(),
                fields: fields(uri.query().unwrap_or_default(), &String::from_utf8_lossy(&body)),
                authorization: headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()),
            };
            let (status, body) = script(&asked);
            log.lock().unwrap().push(asked);
            async move { (StatusCode::from_u16(status).unwrap(), body) }
        });
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, heard, _serving: serving }
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    pub fn count_by_path(&self) -> HashMap<String, usize> {
        let mut count = HashMap::new();
        self.heard().into_iter().for_each(|heard| *count.entry(heard.path).or_default() += 1);
        count
    }
}

fn fields(query: &str, body: &str) -> Vec<(String, String)> {
    let both = reqwest::Url::parse(&format!("http://x/?{query}&{body}")).unwrap();
    both.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}
