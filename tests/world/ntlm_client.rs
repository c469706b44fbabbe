//! The client's side of a logon by `sspi`, bare or inside SPNEGO, and a raw HTTP connection.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sspi::{
    AuthIdentity, BufferType, ClientRequestFlags, CredentialUse, DataRepresentation, EncryptionFlags, Ntlm,
    SecurityBuffer, SecurityBufferRef, Sspi, SspiImpl, Username,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An NTLM context that makes tokens and seals.
pub struct NtlmClient {
    context: Ntlm,
    credentials: Option<sspi::AuthIdentityBuffers>,
    /// SEC_CHANNEL_BINDINGS to bind the logon to.
    pub channel_bindings: Option<Vec<u8>>,
}

impl NtlmClient {
    /// `domain` as a down-level name has it.
    pub fn new(user: &str, domain: Option<&str>, password: &str) -> Self {
        let identity = AuthIdentity {
            username: Username::new(user, domain).unwrap(),
            password: password.to_owned().into(),
        };
        let mut context = Ntlm::new();
        let credentials = context
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Outbound)
            .with_auth_data(&identity)
            .execute(&mut context)
            .unwrap()
            .credentials_handle;
        Self { context, credentials, channel_bindings: None }
    }

    /// The next token, in answer to the server's.
    pub fn token(&mut self, challenge: &[u8]) -> Vec<u8> {
        let mut input = vec![SecurityBuffer::new(challenge.to_vec(), BufferType::Token)];
        if let Some(bindings) = &self.channel_bindings {
            input.push(SecurityBuffer::new(bindings.clone(), BufferType::ChannelBindings));
        }
        let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
        {
            let mut builder = self
                .context
                .initialize_security_context()
                .with_credentials_handle(&mut self.credentials)
                .with_context_requirements(
                    ClientRequestFlags::CONFIDENTIALITY | ClientRequestFlags::INTEGRITY,
                )
                .with_target_data_representation(DataRepresentation::Native)
                .with_target_name("HTTP/simulated")
                .with_input(&mut input)
                .with_output(&mut output);
            self.context.initialize_security_context_impl(&mut builder).unwrap().resolve_to_result().unwrap();
        }
        std::mem::take(&mut output[0].buffer)
    }

    /// Signature and ciphertext.
    pub fn seal(&mut self, text: &[u8]) -> ([u8; 16], Vec<u8>) {
        let (mut signature, mut data) = ([0; 16], text.to_vec());
        let mut buffers =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
        self.context.encrypt_message(EncryptionFlags::empty(), &mut buffers).unwrap();
        (signature, data)
    }
}

/// What came back: the status, one WWW-Authenticate value, the body.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub challenge: Option<String>,
    pub body: Vec<u8>,
}

/// One HTTP/1.1 connection that is kept.
pub struct HttpConnection {
    stream: TcpStream,
    address: SocketAddr,
}

impl HttpConnection {
    pub async fn to(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), address }
    }

    pub async fn post(&mut self, headers: &str, body: &[u8]) -> HttpAnswer {
        let head = format!(
            "POST /wsman HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut read = Vec::new();
        let head_end = loop {
            if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.stream.read_buf(&mut read).await.unwrap() > 0, "the connection ended");
        };
        let head = String::from_utf8(read[..head_end].to_vec()).unwrap();
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
        };
        let length: usize = header("content-length").unwrap().parse().unwrap();
        while read.len() < head_end + length {
            assert!(self.stream.read_buf(&mut read).await.unwrap() > 0, "the connection ended");
        }
        HttpAnswer {
            status: head[9..12].parse().unwrap(),
            challenge: header("www-authenticate"),
            body: read.split_off(head_end),
        }
    }

    /// Both legs of a bare NTLM logon under the scheme; gives the status of the last.
    pub async fn log_on(&mut self, scheme: &str, client: &mut NtlmClient) -> u16 {
        let mut challenge = Vec::new();
        let mut status = 0;
        for _ in 0..2 {
            let token = BASE64.encode(client.token(&challenge));
            let answer = self.post(&format!("Authorization: {scheme} {token}\r\n"), b"").await;
            status = answer.status;
            let offered = answer.challenge.unwrap_or_default();
            challenge =
                BASE64.decode(offered.strip_prefix(&format!("{scheme} ")).unwrap_or_default()).unwrap();
        }
        status
    }
}
