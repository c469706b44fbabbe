//! The client's side of NTLM, bare or inside SPNEGO, with `sspi` doing the cryptography.

use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialUse, Credentials,
    CredentialsBuffers, DataRepresentation, EncryptionFlags, Negotiate, NegotiateConfig, Ntlm,
    SecurityBuffer, SecurityBufferRef, SecurityStatus, Sspi, SspiImpl, Username,
};

use crate::model::credential::Credential;
use crate::transport::wsman::error::WsmanError;

/// Bytes of an NTLM message signature (MS-NLMP 2.2.2.9).
pub const SIGNATURE_BYTES: usize = 16;

/// One security context: tokens until it stands, then sealing.
#[expect(clippy::large_enum_variant, reason = "one per connection, boxed by its owner")]
pub enum SecurityContext {
    Ntlm {
        ntlm: Ntlm,
        credentials: Option<AuthIdentityBuffers>,
        target: String,
        binding: Option<Vec<u8>>,
    },
    Spnego {
        negotiate: Negotiate,
        credentials: Option<CredentialsBuffers>,
        target: String,
        binding: Option<Vec<u8>>,
    },
}

impl SecurityContext {
    /// NTLMv2 without a wrapper.
    pub fn ntlm(
        credential: &Credential,
        target: String,
        binding: Option<Vec<u8>>,
    ) -> Result<Self, WsmanError> {
        let mut ntlm = Ntlm::new();
        let identity = identity(credential)?;
        let acquired = ntlm
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Outbound)
            .with_auth_data(&identity)
            .execute(&mut ntlm)?;
        Ok(Self::Ntlm { ntlm, credentials: acquired.credentials_handle, target, binding })
    }

    /// SPNEGO that offers NTLM. Kerberos is one more package here, and one more method in
    /// `AuthMethod`.
    pub fn spnego(
        credential: &Credential,
        target: String,
        binding: Option<Vec<u8>>,
    ) -> Result<Self, WsmanError> {
        let config = NegotiateConfig::new(
            Box::new(sspi::ntlm::NtlmConfig::default()),
            Some("!kerberos,!pku2u,ntlm".to_owned()),
            String::new(),
        );
        let mut negotiate = Negotiate::new_client(config)?;
        let credentials = Credentials::AuthIdentity(identity(credential)?);
        let acquired = negotiate
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Outbound)
            .with_auth_data(&credentials)
            .execute(&mut negotiate)?;
        Ok(Self::Spnego { negotiate, credentials: acquired.credentials_handle, target, binding })
    }

    /// Takes the host's token (none at first) and makes the next one of ours. The flag says
    /// whether the context stands, as far as this side can tell.
    pub fn step(&mut self, token: Option<&[u8]>) -> Result<(Vec<u8>, bool), WsmanError> {
        match self {
            Self::Ntlm { ntlm, credentials, target, binding } => {
                step(ntlm, credentials, target, binding.as_deref(), token)
            }
            Self::Spnego { negotiate, credentials, target, binding } => {
                step(negotiate, credentials, target, binding.as_deref(), token)
            }
        }
    }

    /// The signature, then the ciphertext of the same length as `message`.
    pub fn seal(&mut self, message: &[u8]) -> Result<([u8; SIGNATURE_BYTES], Vec<u8>), WsmanError> {
        let mut signature = [0; SIGNATURE_BYTES];
        let mut data = message.to_vec();
        let mut buffers =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
        match self {
            Self::Ntlm { ntlm, .. } => ntlm.encrypt_message(EncryptionFlags::empty(), &mut buffers)?,
            Self::Spnego { negotiate, .. } => {
                negotiate.encrypt_message(EncryptionFlags::empty(), &mut buffers)?
            }
        };
        Ok((signature, data))
    }

    /// Opens in place; a signature that does not fit is an error.
    pub fn open(&mut self, signature: &mut [u8], data: &mut [u8]) -> Result<(), WsmanError> {
        let mut buffers = [SecurityBufferRef::data_buf(data), SecurityBufferRef::token_buf(signature)];
        match self {
            Self::Ntlm { ntlm, .. } => ntlm.decrypt_message(&mut buffers)?,
            Self::Spnego { negotiate, .. } => negotiate.decrypt_message(&mut buffers)?,
        };
        Ok(())
    }
}

fn identity(credential: &Credential) -> Result<AuthIdentity, WsmanError> {
    let username = Username::parse(&credential.user).map_err(|error| {
        WsmanError::NotOffered(format!("user name of credential `{}`: {error}", credential.name))
    })?;
    Ok(AuthIdentity { username, password: credential.password.reveal().to_owned().into() })
}

fn step<C: Sspi + SspiImpl>(
    context: &mut C,
    credentials: &mut C::CredentialsHandle,
    target: &str,
    binding: Option<&[u8]>,
    token: Option<&[u8]>,
) -> Result<(Vec<u8>, bool), WsmanError> {
    let mut input = vec![SecurityBuffer::new(token.unwrap_or_default().to_vec(), BufferType::Token)];
    if let Some(binding) = binding {
        input.push(SecurityBuffer::new(channel_bindings(binding), BufferType::ChannelBindings));
    }
    let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let mut builder = context
        .initialize_security_context()
        .with_credentials_handle(credentials)
        .with_context_requirements(
            ClientRequestFlags::CONFIDENTIALITY
                | ClientRequestFlags::INTEGRITY
                | ClientRequestFlags::REPLAY_DETECT
                | ClientRequestFlags::SEQUENCE_DETECT
                | ClientRequestFlags::ALLOCATE_MEMORY,
        )
        .with_target_data_representation(DataRepresentation::Native)
        .with_target_name(target)
        .with_input(&mut input)
        .with_output(&mut output);
    let status = context.initialize_security_context_impl(&mut builder)?.resolve_to_result()?.status;
    if matches!(status, SecurityStatus::CompleteAndContinue | SecurityStatus::CompleteNeeded) {
        context.complete_auth_token(&mut output)?;
    }
    let stands = matches!(status, SecurityStatus::Ok | SecurityStatus::CompleteNeeded);
    Ok((std::mem::take(&mut output[0].buffer), stands))
}

/// SEC_CHANNEL_BINDINGS: eight 32-bit fields, of which only the last two are in use, then
/// the application data.
fn channel_bindings(token: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: u32 = 32;
    let fields = [0, 0, 0, 0, 0, 0, token.len() as u32, HEADER_BYTES];
    let mut bindings: Vec<u8> = fields.into_iter().flat_map(u32::to_le_bytes).collect();
    bindings.extend_from_slice(token);
    bindings
}
