//! Where a host is, and the failures of getting there.

use crate::model::failure::{Failure, FailureKind};
use crate::model::target::{Scheme, Target, Trust};

/// The way to one WS-Management service.
#[derive(Clone, Debug)]
pub struct Route {
    /// What the certificate must name.
    pub host: String,
    /// What is dialled.
    pub address: String,
    pub port: u16,
    pub scheme: Scheme,
    pub trust: Trust,
    /// The service that a ticket is for: `HTTP/host`.
    pub service: String,
}

impl Route {
    pub fn to(target: &Target) -> Self {
        Self {
            host: target.host.as_str().to_owned(),
            address: target.address.clone(),
            port: target.port,
            scheme: target.scheme,
            trust: target.trust.clone(),
            service: target.spn.clone().unwrap_or_else(|| format!("HTTP/{}", target.host)),
        }
    }

    /// `address:port`, with brackets around an IPv6 address: the Host header.
    pub fn authority(&self) -> String {
        let Self { address, port, .. } = self;
        if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
    }

    /// `http://address:5985/wsman`.
    pub fn endpoint(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        format!("{scheme}://{}/wsman", self.authority())
    }
}

pub fn unreachable(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Unreachable, message)
}

pub fn no_answer(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::NoAnswer, message)
}

pub fn tls_failed(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Tls, message)
}
