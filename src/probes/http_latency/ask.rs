//! What a cycle asks, in order: every request known before the first is sent.

use std::sync::Arc;

use crate::model::credential::Secret;
use crate::model::target::HostName;
use crate::probes::http_latency::redaction::{Redaction, decoded};
use crate::transport::http::endpoint::{Endpoint, component};

/// Where a host's name goes into a route.
pub const HOST: &str = "{host}";

/// What a request is for: the column `route_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteType {
    /// The login with which a cycle begins.
    Authenticate,
    Route,
    /// A route expanded over hosts.
    Host,
}

impl RouteType {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Authenticate => "authenticate",
            Self::Route => "route",
            Self::Host => "host",
        }
    }
}

/// Methods that change nothing, so that a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    /// Of the login alone.
    Post,
}

impl Method {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
        }
    }
}

/// A route as it is meant. `target` is a path with a query, or a URL; with [`HOST`] in it, it is
/// asked for each host.
#[derive(Clone, Debug)]
pub struct Route {
    pub label: String,
    pub method: Method,
    pub target: String,
    pub repeats: u32,
    pub headers: Arc<[(String, Secret)]>,
}

impl Route {
    pub fn is_for_each_host(&self) -> bool {
        self.target.contains(HOST)
    }
}

/// One request, as it is meant and as it is shown.
#[derive(Clone, Debug)]
pub struct Ask {
    pub label: String,
    pub route_type: RouteType,
    pub method: Method,
    pub url: Endpoint,
    pub headers: Arc<[(String, Secret)]>,
    pub host: Option<HostName>,
    /// The path; with the origin in front where that is not the probe's own.
    pub endpoint: String,
    pub level: Option<String>,
    pub refresh: Option<String>,
    /// The query, secrets masked.
    pub query: Option<String>,
}

/// The routes in their order, each for every host and so often.
pub fn expand(base: &Endpoint, routes: &[Route], hosts: &[HostName], redaction: &Redaction) -> Vec<Arc<Ask>> {
    let mut asks = Vec::new();
    for route in routes {
        let hosts: Vec<_> =
            if route.is_for_each_host() { hosts.iter().map(Some).collect() } else { vec![None] };
        for host in hosts {
            // Every target was resolved once with a host's name when it was read.
            let Ok(url) = resolve(base, &route.target, host) else { continue };
            let ask = Arc::new(Ask::of(base, route, url, host, redaction));
            asks.extend((0..route.repeats).map(|_| ask.clone()));
        }
    }
    asks
}

impl Ask {
    fn of(
        base: &Endpoint,
        route: &Route,
        url: Endpoint,
        host: Option<&HostName>,
        redaction: &Redaction,
    ) -> Self {
        Self {
            label: route.label.clone(),
            route_type: if host.is_some() { RouteType::Host } else { RouteType::Route },
            method: route.method,
            headers: route.headers.clone(),
            host: host.cloned(),
            ..Self::shown(base, &route.label, url, redaction)
        }
    }

    /// The login of a cycle.
    pub fn authenticate(base: &Endpoint, label: &str, url: Endpoint, redaction: &Redaction) -> Self {
        Self {
            route_type: RouteType::Authenticate,
            method: Method::Post,
            ..Self::shown(base, label, url, redaction)
        }
    }

    fn shown(base: &Endpoint, label: &str, url: Endpoint, redaction: &Redaction) -> Self {
        let (path, query) = url.target.split_once('?').unwrap_or((&url.target, ""));
        let named = |name| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let value = pairs.clone().find(|(key, _)| *key == name).map(|(_, value)| decoded(value));
            value.filter(|value| !value.is_empty())
        };
        let origin = if url.origin == base.origin { String::new() } else { url.origin.to_string() };
        Self {
            label: label.to_owned(),
            route_type: RouteType::Route,
            method: Method::Get,
            headers: Arc::new([]),
            host: None,
            endpoint: format!("{origin}{path}"),
            level: named("level"),
            refresh: named("refresh"),
            query: (!query.is_empty()).then(|| redaction.query(query)),
            url,
        }
    }
}

/// Where a target leads: below the probe's own URL, or elsewhere. The error is a fragment.
pub fn resolve(base: &Endpoint, target: &str, host: Option<&HostName>) -> Result<Endpoint, String> {
    let mut name = String::new();
    if let Some(host) = host {
        component(host.as_str(), &mut name);
    }
    let target = target.replace(HOST, &name);
    if target.contains('#') {
        return Err("holds a fragment (`#…`), which is never sent".to_owned());
    }
    let url = if target.starts_with('/') {
        // A service may live below a path: its routes are below that, too.
        format!("{}{}{target}", base.origin, base.target.trim_end_matches('/'))
    } else if target.contains("://") {
        target
    } else {
        return Err("expected a path that begins with `/`, or a URL with http:// or https://".to_owned());
    };
    Endpoint::parse(&url).map_err(|bad| bad.0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn route(label: &str, target: &str, repeats: u32) -> Route {
        let (label, target) = (label.to_owned(), target.to_owned());
        Route { label, method: Method::Get, target, repeats, headers: Arc::new([]) }
    }

    #[test]
    fn routes_come_in_order_each_for_every_host_and_so_often() {
        let base = Endpoint::parse("https://inventory.example/base/").unwrap();
        let routes = [
            route("batch", "/vms/batch?token=t0p", 2),
            route("vm", "/vms/{host}?refresh=true&level=summary", 2),
            route("else", "http://other.example/x", 1),
        ];
        let hosts = ["hv01", "fe80::1%eth0"].map(|name| HostName::parse(name).unwrap());
        let asks = expand(&base, &routes, &hosts, &Redaction::of(["token"]));
        let told: Vec<_> = asks
            .iter()
            .map(|ask| {
                let parts = [Some(ask.label.as_str()), Some(ask.endpoint.as_str()), ask.query.as_deref()];
                parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(
            told,
            [
                "batch /base/vms/batch token=***",
                "batch /base/vms/batch token=***",
                "vm /base/vms/hv01 refresh=true&level=summary",
                "vm /base/vms/hv01 refresh=true&level=summary",
                "vm /base/vms/fe80%3A%3A1%25eth0 refresh=true&level=summary",
                "vm /base/vms/fe80%3A%3A1%25eth0 refresh=true&level=summary",
                "else http://other.example/x",
            ]
        );
        assert_eq!(asks[0].url.to_string(), "https://inventory.example/base/vms/batch?token=t0p");
        let vm = &asks[4];
        assert_eq!((vm.level.as_deref(), vm.refresh.as_deref()), (Some("summary"), Some("true")));
        assert_eq!(vm.host.as_ref().map(HostName::as_str), Some("fe80::1%eth0"));
        assert_eq!(vm.route_type, RouteType::Host);
    }

    #[test]
    fn a_target_that_cannot_be_asked_says_why() {
        let base = Endpoint::parse("https://inventory.example").unwrap();
        for (target, why) in [
            ("vms", "begins with `/`"),
            ("ftp://h/x", "none of http, https"),
            ("https://u:p@h/x", "holds a user or password"),
            ("/x#y", "a fragment"),
            ("https://", "names no host"),
        ] {
            let refused = resolve(&base, target, None).unwrap_err();
            assert!(refused.contains(why), "{target}: {refused}");
        }
    }
}
