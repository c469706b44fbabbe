//! The server's side of NTLM, bare or inside SPNEGO, with `sspi` doing the cryptography.
//!
//! What `sspi` 0.23 leaves to the caller as acceptor, and is done here:
//! * It verifies the message integrity code and not NTProofStr, so a message without a MIC
//!   would pass with any password. Our CHALLENGE carries a timestamp, so a client must send
//!   the MIC (MS-NLMP 3.1.5.1.2); without one the logon is refused.
//! * It takes any user name. The name must be the account's.
//! * It compares channel bindings that a client left at zero, which MS-NLMP 3.1.5.1.2 uses
//!   for "none given". Only bindings that were given are compared.

use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, Credentials, CredentialsBuffers, DataRepresentation,
    EncryptionFlags, Negotiate, NegotiateConfig, Ntlm, SecurityBuffer, SecurityBufferRef, SecurityStatus,
    ServerRequestFlags, Sspi, SspiImpl, Username,
};

use crate::simulator::account::Account;

/// Bytes of an NTLM message signature (MS-NLMP 2.2.2.9).
pub const SIGNATURE_BYTES: usize = 16;

const NTLM_MESSAGE: &[u8] = b"NTLMSSP\0";
const AUTHENTICATE: &[u8] = b"NTLMSSP\0\x03\0\0\0";

/// One security context under construction, then in use.
#[expect(clippy::large_enum_variant, reason = "one per connection, boxed by its owner")]
enum Context {
    Ntlm { ntlm: Ntlm, credentials: Option<AuthIdentityBuffers> },
    Spnego { negotiate: Negotiate, credentials: Option<CredentialsBuffers> },
}

/// `Sspi` makes no trait object of two contexts: this calls the one that is there.
macro_rules! on_context {
    ($acceptor:expr, $method:ident($($argument:expr),*)) => {
        match &mut $acceptor.context {
            Context::Ntlm { ntlm, .. } => ntlm.$method($($argument),*),
            Context::Spnego { negotiate, .. } => negotiate.$method($($argument),*),
        }
    };
}

pub struct Acceptor {
    context: Context,
    account: Account,
    /// SEC_CHANNEL_BINDINGS of the TLS connection, if there is one.
    channel_bindings: Option<Vec<u8>>,
}

/// What a token led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// Send this token with a 401 and wait for the next one.
    Continue(Vec<u8>),
    /// The client is who it says. SPNEGO may have a last token for it.
    Accepted(Option<Vec<u8>>),
    /// Why, for logs; the client only learns 401.
    Refused(String),
}

impl Acceptor {
    /// A context for the mechanism that the first token is of.
    pub fn for_token(
        token: &[u8],
        account: &Account,
        channel_bindings: Option<Vec<u8>>,
    ) -> Result<Self, sspi::Error> {
        let context = if token.starts_with(NTLM_MESSAGE) {
            // The domain is left empty: sspi takes user and domain from the wire.
            let identity = identity(account.user(), None, account)?;
            Context::Ntlm { ntlm: Ntlm::new(), credentials: Some(identity.into()) }
        } else {
            let mut candidates = Vec::new();
            for domain in account.domains() {
                candidates.push(identity(
                    account.user(),
                    Some(domain).filter(|domain| !domain.is_empty()),
                    account,
                )?);
            }
            let credentials = Credentials::AuthIdentity(candidates[0].clone()).try_into()?;
            let ntlm = sspi::ntlm::NtlmConfig::default();
            let config = NegotiateConfig::new(Box::new(ntlm), Some("ntlm".to_owned()), String::new());
            let negotiate = Negotiate::new_server(config, candidates)?;
            Context::Spnego { negotiate, credentials: Some(credentials) }
        };
        Ok(Self { context, account: account.clone(), channel_bindings })
    }

    /// Takes the next token of the client.
    pub fn take(&mut self, token: &[u8]) -> Progress {
        let bindings_given = match authenticate_message(token).map(av_facts) {
            Some(facts) if !facts.has_mic => {
                return Progress::Refused("no message integrity code".to_owned());
            }
            Some(facts) => facts.has_bindings,
            None => false,
        };
        match self.step(token, bindings_given) {
            Ok(progress) => progress,
            Err(error) => Progress::Refused(error.to_string()),
        }
    }

    fn step(&mut self, token: &[u8], bindings_given: bool) -> Result<Progress, sspi::Error> {
        let mut input = vec![SecurityBuffer::new(token.to_vec(), BufferType::Token)];
        if let Some(bindings) = self.channel_bindings.as_ref().filter(|_| bindings_given) {
            input.push(SecurityBuffer::new(bindings.clone(), BufferType::ChannelBindings));
        }
        let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let status = match &mut self.context {
            Context::Ntlm { ntlm, credentials } => accept(ntlm, credentials, &mut input, &mut output)?,
            Context::Spnego { negotiate, credentials } => {
                accept(negotiate, credentials, &mut input, &mut output)?
            }
        };
        let answer = std::mem::take(&mut output[0].buffer);
        match status {
            SecurityStatus::ContinueNeeded => Ok(Progress::Continue(answer)),
            SecurityStatus::Ok | SecurityStatus::CompleteNeeded => {
                on_context!(self, complete_auth_token(&mut output))?;
                let name = on_context!(self, query_context_names())?.username.inner().to_owned();
                if !self.account.answers_to(&name) {
                    return Ok(Progress::Refused(format!("unknown user {name}")));
                }
                Ok(Progress::Accepted(Some(answer).filter(|answer| !answer.is_empty())))
            }
            other => Ok(Progress::Refused(format!("unexpected status {other:?}"))),
        }
    }

    /// Seals `message`: the signature, then the ciphertext of the same length.
    pub fn seal(&mut self, message: &[u8]) -> Result<([u8; SIGNATURE_BYTES], Vec<u8>), sspi::Error> {
        let mut signature = [0; SIGNATURE_BYTES];
        let mut data = message.to_vec();
        let mut buffers =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
        on_context!(self, encrypt_message(EncryptionFlags::empty(), &mut buffers))?;
        Ok((signature, data))
    }

    /// Opens what [`Acceptor::seal`] of the far end made.
    pub fn open(&mut self, signature: &[u8], sealed: &[u8]) -> Result<Vec<u8>, sspi::Error> {
        let mut signature = signature.to_vec();
        let mut data = sealed.to_vec();
        let mut buffers =
            [SecurityBufferRef::data_buf(&mut data), SecurityBufferRef::token_buf(&mut signature)];
        on_context!(self, decrypt_message(&mut buffers))?;
        Ok(data)
    }
}

fn identity(user: &str, domain: Option<&str>, account: &Account) -> Result<AuthIdentity, sspi::Error> {
    let username = Username::new(user, domain)
        .map_err(|error| sspi::Error::new(sspi::ErrorKind::InvalidParameter, error.to_string()))?;
    Ok(AuthIdentity { username, password: account.password().reveal().to_owned().into() })
}

fn accept<C: Sspi + SspiImpl>(
    context: &mut C,
    credentials: &mut C::CredentialsHandle,
    input: &mut [SecurityBuffer],
    output: &mut [SecurityBuffer],
) -> Result<SecurityStatus, sspi::Error> {
    let builder = context
        .accept_security_context()
        .with_credentials_handle(credentials)
        .with_context_requirements(ServerRequestFlags::ALLOCATE_MEMORY)
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(input)
        .with_output(output);
    Ok(context.accept_security_context_impl(builder)?.resolve_to_result()?.status)
}

/// The AUTHENTICATE message in a token, bare or wrapped.
fn authenticate_message(token: &[u8]) -> Option<&[u8]> {
    let start = token.windows(AUTHENTICATE.len()).position(|window| window == AUTHENTICATE)?;
    Some(&token[start..])
}

#[derive(Default)]
struct AvFacts {
    has_mic: bool,
    has_bindings: bool,
}

/// What the AV pairs of an NTLMv2 response say (MS-NLMP 2.2.1.3, 2.2.2.7, 2.2.2.1).
fn av_facts(message: &[u8]) -> AvFacts {
    const AV_FLAGS: u16 = 6;
    const AV_CHANNEL_BINDINGS: u16 = 10;
    const RESPONSE_FIELDS: usize = 20;
    const PROOF_AND_BLOB_HEADER: usize = 16 + 28;
    const MIC_PROVIDED: u8 = 0x02;

    let mut facts = AvFacts::default();
    let response = read_u16(message, RESPONSE_FIELDS).zip(read_u32(message, RESPONSE_FIELDS + 4));
    let pairs = response.and_then(|(length, offset)| {
        message.get(offset as usize + PROOF_AND_BLOB_HEADER..offset as usize + length as usize)
    });
    let mut rest = pairs.unwrap_or_default();
    while let Some((id, length)) = read_u16(rest, 0).zip(read_u16(rest, 2)) {
        let Some(value) = rest.get(4..4 + length as usize) else { break };
        match id {
            AV_FLAGS => facts.has_mic = value.first().is_some_and(|flags| flags & MIC_PROVIDED != 0),
            AV_CHANNEL_BINDINGS => facts.has_bindings = value.iter().any(|byte| *byte != 0),
            _ => {}
        }
        rest = &rest[4 + length as usize..];
    }
    facts
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
