//! The client's side of a security context by `sspi`: NTLM, bare or inside SPNEGO, or Kerberos.

use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialsBuffers,
    DataRepresentation, EncryptionFlags, Kerberos, Negotiate, NegotiateConfig, Ntlm, SecurityBuffer,
    SecurityBufferRef, SecurityStatus, Sspi, SspiImpl, Username,
};

use crate::model::credential::Credential;

/// Bytes of an NTLM message signature (MS-NLMP 2.2.2.9).
const NTLM_SIGNATURE_BYTES: usize = 16;

/// The protocol of sealed bodies, by the scheme of the logon (MS-WSMV 2.2.9.1).
const SPNEGO: &str = "application/HTTP-SPNEGO-session-encrypted";
const KERBEROS: &str = "application/HTTP-Kerberos-session-encrypted";

#[expect(clippy::large_enum_variant, reason = "one per connection, boxed by its owner")]
enum Mechanism {
    Ntlm { ntlm: Ntlm, credentials: Option<AuthIdentityBuffers> },
    Spnego { negotiate: Negotiate, credentials: Option<CredentialsBuffers> },
    Kerberos { kerberos: Kerberos, credentials: Option<CredentialsBuffers> },
}

/// `Sspi` makes no trait object of its mechanisms: this calls the one that is there.
macro_rules! on_mechanism {
    ($context:expr, $method:ident($($argument:expr),*)) => {
        match &mut $context.mechanism {
            Mechanism::Ntlm { ntlm, .. } => ntlm.$method($($argument),*),
            Mechanism::Spnego { negotiate, .. } => negotiate.$method($($argument),*),
            Mechanism::Kerberos { kerberos, .. } => kerberos.$method($($argument),*),
        }
    };
}

/// A security context under construction, then in use.
pub struct Context {
    mechanism: Mechanism,
    service: String,
    protocol: &'static str,
}

/// What to send next.
#[derive(Debug)]
pub struct Leg {
    pub token: Vec<u8>,
    /// Our side is done: the far end's answer decides.
    pub last: bool,
}

impl Context {
    /// `HTTP/host` is the service that a SPNEGO context is for.
    pub fn ntlm(credential: &Credential, host: &str) -> Result<Self, sspi::Error> {
        let credentials = Some(identity(credential)?.into());
        let mechanism = Mechanism::Ntlm { ntlm: Ntlm::new(), credentials };
        Ok(Self { mechanism, service: format!("HTTP/{host}"), protocol: SPNEGO })
    }

    pub fn spnego(credential: &Credential, host: &str) -> Result<Self, sspi::Error> {
        let credentials = Some(CredentialsBuffers::AuthIdentity(identity(credential)?.into()));
        let config =
            NegotiateConfig::new(Box::new(NtlmConfig::default()), Some("ntlm".to_owned()), String::new());
        let mechanism = Mechanism::Spnego { negotiate: Negotiate::new_client(config)?, credentials };
        Ok(Self { mechanism, service: format!("HTTP/{host}"), protocol: SPNEGO })
    }

    /// One that has its ticket and has made its first token for `service`.
    pub fn kerberos(kerberos: Kerberos, credentials: Option<CredentialsBuffers>, service: &str) -> Self {
        let mechanism = Mechanism::Kerberos { kerberos, credentials };
        Self { mechanism, service: service.to_owned(), protocol: KERBEROS }
    }

    /// What sealed bodies are called.
    pub fn protocol(&self) -> &'static str {
        self.protocol
    }

    /// The host takes the tokens under the name of Negotiate.
    pub fn negotiated(&mut self) {
        self.protocol = SPNEGO;
    }

    /// Takes the far end's token (none at first), and the bindings of the TLS channel.
    pub fn step(&mut self, token: Option<Vec<u8>>, bindings: Option<&[u8]>) -> Result<Leg, sspi::Error> {
        let mut input = vec![SecurityBuffer::new(token.unwrap_or_default(), BufferType::Token)];
        if let Some(bindings) = bindings {
            input.push(SecurityBuffer::new(bindings.to_vec(), BufferType::ChannelBindings));
        }
        let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let status = match &mut self.mechanism {
            Mechanism::Ntlm { ntlm, credentials } => {
                initialize(ntlm, credentials, &self.service, &mut input, &mut output)?
            }
            Mechanism::Spnego { negotiate, credentials } => {
                initialize(negotiate, credentials, &self.service, &mut input, &mut output)?
            }
            Mechanism::Kerberos { kerberos, credentials } => {
                initialize(kerberos, credentials, &self.service, &mut input, &mut output)?
            }
        };
        if matches!(status, SecurityStatus::CompleteNeeded | SecurityStatus::CompleteAndContinue) {
            on_mechanism!(self, complete_auth_token(&mut output))?;
        }
        let last = !matches!(status, SecurityStatus::ContinueNeeded | SecurityStatus::CompleteAndContinue);
        Ok(Leg { token: std::mem::take(&mut output[0].buffer), last })
    }

    /// Seals `data` in place and gives its signature.
    pub fn seal(&mut self, data: &mut [u8]) -> Result<Vec<u8>, sspi::Error> {
        let mut signature = vec![0; self.signature_bytes()?];
        let mut buffers = [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(data)];
        on_mechanism!(self, encrypt_message(EncryptionFlags::empty(), &mut buffers))?;
        Ok(signature)
    }

    /// MS-NLMP 2.2.2.9; of Kerberos, all of a Wrap token but the ciphertext (RFC 4121, 4.2.6.2).
    pub fn signature_bytes(&mut self) -> Result<usize, sspi::Error> {
        match &mut self.mechanism {
            Mechanism::Kerberos { kerberos, .. } => {
                Ok(kerberos.query_context_sizes()?.security_trailer as usize)
            }
            Mechanism::Ntlm { .. } | Mechanism::Spnego { .. } => Ok(NTLM_SIGNATURE_BYTES),
        }
    }

    /// Opens `data` in place; an error is a message that was not sealed by the far end, or
    /// not in this order.
    pub fn open(&mut self, signature: &mut [u8], data: &mut [u8]) -> Result<(), sspi::Error> {
        let mut buffers = [SecurityBufferRef::data_buf(data), SecurityBufferRef::token_buf(signature)];
        on_mechanism!(self, decrypt_message(&mut buffers))?;
        Ok(())
    }
}

fn identity(credential: &Credential) -> Result<AuthIdentity, sspi::Error> {
    let username = Username::parse(&credential.user)
        .map_err(|error| sspi::Error::new(sspi::ErrorKind::InvalidParameter, error.to_string()))?;
    Ok(AuthIdentity { username, password: credential.password.reveal().to_owned().into() })
}

fn initialize<C: Sspi + SspiImpl>(
    mechanism: &mut C,
    credentials: &mut C::CredentialsHandle,
    service: &str,
    input: &mut [SecurityBuffer],
    output: &mut [SecurityBuffer],
) -> Result<SecurityStatus, sspi::Error> {
    let mut builder = mechanism
        .initialize_security_context()
        .with_credentials_handle(credentials)
        .with_context_requirements(ClientRequestFlags::CONFIDENTIALITY | ClientRequestFlags::INTEGRITY)
        .with_target_data_representation(DataRepresentation::Native)
        .with_target_name(service)
        .with_input(input)
        .with_output(output);
    let result = mechanism.initialize_security_context_impl(&mut builder)?.resolve_to_result()?;
    Ok(result.status)
}
