//! The HTTP face of a host: hyper below, one logon per connection, sealed bodies.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SERVER, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::simulator::envelope;
use crate::simulator::fault::Fault;
use crate::simulator::host::Host;
use crate::simulator::line::{Line, Shears};
use crate::simulator::logon::{Admission, Logon, Tls};
use crate::simulator::sealing;
use crate::simulator::soap::{self, LARGEST_ENVELOPE_BYTES, Request};
use crate::simulator::tls::Certificates;
use crate::simulator::wsman::{self, Entrance};

/// More than a sealed envelope of the largest size needs.
const BODY_LIMIT_BYTES: usize = LARGEST_ENVELOPE_BYTES + 8192;
const SOAP: &str = "application/soap+xml;charset=UTF-8";
/// What an Identify without logon tells of the system.
const ANONYMOUS_VERSION: &str = "OS: 0.0.0 SP: 0.0 Stack: 3.0";

/// One connection's share of the service.
struct Conversation {
    host: Arc<Host>,
    uri: String,
    client: IpAddr,
    shears: Arc<Shears>,
    logon: Mutex<Logon>,
}

/// Serves one accepted connection to its end.
pub async fn serve(stream: TcpStream, host: Arc<Host>, certificates: Option<Arc<Certificates>>) {
    host.counters().connections.add(1);
    let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else { return };
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let shears = Arc::new(Shears::default());
    let line = Line::new(stream, host.clone(), shears.clone());
    match certificates {
        None => {
            let uri = format!("http://{local}/wsman");
            let logon = Mutex::new(Logon::new(None));
            converse(TokioIo::new(line), Conversation { host, uri, client: peer.ip(), shears, logon }).await;
        }
        Some(certificates) => {
            let Ok(stream) = certificates.acceptor().accept(line).await else { return };
            let uri = format!("https://{local}/wsman");
            let tls = Tls {
                channel_bindings: certificates.channel_bindings(),
                client_certificate: stream.get_ref().1.peer_certificates().is_some(),
            };
            let logon = Mutex::new(Logon::new(Some(tls)));
            converse(TokioIo::new(stream), Conversation { host, uri, client: peer.ip(), shears, logon })
                .await;
        }
    }
}

async fn converse<S>(stream: S, conversation: Conversation)
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let conversation = &conversation;
    let service =
        service_fn(move |request| async move { Ok::<_, Infallible>(conversation.respond(request).await) });
    let served = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
    if let Err(error) = served {
        tracing::trace!(host.name = conversation.host.name(), %error, "connection ended");
    }
}

impl Conversation {
    async fn respond(&self, request: hyper::Request<Incoming>) -> Response<Full<Bytes>> {
        let host = &self.host;
        host.counters().requests.add(1);
        let latency = host.request_latency();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        if host.faults().strikes(crate::fault_value!(Http503)) {
            return empty(StatusCode::SERVICE_UNAVAILABLE);
        }
        let path = request.uri().path();
        if path != "/wsman" && path != "/wsman-anon/identify" {
            return empty(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::POST {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        // HTTP.sys wants to know the length of a body even where there is none.
        if !request.headers().contains_key(CONTENT_LENGTH)
            && !request.headers().contains_key(TRANSFER_ENCODING)
        {
            return empty(StatusCode::LENGTH_REQUIRED);
        }
        let anonymous = path != "/wsman" || request.headers().contains_key("WSMANIDENTIFY");
        let header = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let authorization = header(AUTHORIZATION).map(str::to_owned);
        let sealed = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("multipart/encrypted"));
        let body = match Limited::new(request.into_body(), BODY_LIMIT_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return empty(StatusCode::PAYLOAD_TOO_LARGE),
        };
        if anonymous {
            host.counters().identifies.add(1);
            return envelope_response(StatusCode::OK, envelope::identify(ANONYMOUS_VERSION));
        }
        // HTTP/1.1 has one request at a time on a connection; the lock is never contended.
        let mut logon = self.logon.lock().await;
        match logon.admit(authorization.as_deref(), host) {
            Admission::Challenge { header } => challenge(&logon, header),
            Admission::Admitted { answer_header } => {
                let mut response = self.admitted(&mut logon, sealed, &body).await;
                if let Some(value) = answer_header.and_then(|header| HeaderValue::from_str(&header).ok()) {
                    response.headers_mut().append(WWW_AUTHENTICATE, value);
                }
                response
            }
        }
    }

    /// A request of someone who is logged on.
    async fn admitted(&self, logon: &mut Logon, sealed: bool, body: &[u8]) -> Response<Full<Bytes>> {
        // The last leg of a handshake carries no body and gets none.
        if body.is_empty() {
            return empty(StatusCode::OK);
        }
        if !sealed {
            // AllowUnencrypted is false on a stock host: what came in clear over HTTP is
            // refused without a word.
            if logon.tls.is_none() {
                return empty(StatusCode::INTERNAL_SERVER_ERROR);
            }
            let (status, envelope) = self.envelope(body).await;
            return envelope_response(status, envelope);
        }
        let Some(sealer) = logon.sealer() else { return empty(StatusCode::BAD_REQUEST) };
        let Some(opened) = sealing::open(sealer, body) else { return empty(StatusCode::BAD_REQUEST) };
        let (status, envelope) = self.envelope(&opened).await;
        match sealing::seal(sealer, &envelope) {
            Ok(sealed) => typed(status, sealing::CONTENT_TYPE, sealed.into()),
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    async fn envelope(&self, body: &[u8]) -> (StatusCode, String) {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let Some(request) = Request::read(text) else {
            // With a logon the answer names the version (DSP0226 11); Test-WSMan asks so.
            return if soap::is_identify(text) {
                let machine = self.host.world().machine(self.host.index());
                let version = format!("OS: {} SP: 0.0 Stack: 3.0", machine.os_version());
                (StatusCode::OK, envelope::identify(&version))
            } else {
                (StatusCode::BAD_REQUEST, String::new())
            };
        };
        if request.action.ends_with("/Receive") && self.host.faults().has(&Fault::GarbageXml) {
            return (StatusCode::OK, "<s:Envelope><s:Body><<rsp:ReceiveResponse>&nothing".to_owned());
        }
        let entrance = Entrance { uri: &self.uri, client: self.client, shears: &self.shears };
        let reply = wsman::answer(&request, &self.host, &entrance).await;
        (StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), reply.envelope)
    }
}

fn challenge(logon: &Logon, header: Option<String>) -> Response<Full<Bytes>> {
    let mut response = empty(StatusCode::UNAUTHORIZED);
    let values: Vec<HeaderValue> = match header {
        Some(header) => HeaderValue::from_str(&header).into_iter().collect(),
        None => logon.schemes().iter().map(|scheme| HeaderValue::from_static(scheme)).collect(),
    };
    for value in values {
        response.headers_mut().append(WWW_AUTHENTICATE, value);
    }
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response.headers_mut().insert(SERVER, HeaderValue::from_static("Microsoft-HTTPAPI/2.0"));
    response
}

fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = empty(status);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    *response.body_mut() = Full::new(body);
    response
}

fn envelope_response(status: StatusCode, envelope: String) -> Response<Full<Bytes>> {
    typed(status, SOAP, envelope.into())
}
