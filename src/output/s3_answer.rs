//! What an S3 store's answer, or its silence, means to the one who must do something about it.

use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

use crate::output::store_error::Cause;

/// The instance metadata service, which is asked for keys where none are set.
const METADATA_SERVICE: &str = "169.254.169.254";

/// object_store's words for a redirect that names no place, which is how S3 says that a
/// bucket is in another region.
const BARE_REDIRECT: &str = "redirect without LOCATION";

/// The cause in the answer; `None` where the error is not of a store that speaks S3. Codes
/// are those of Amazon's "Error responses" (S3 API reference).
pub(in crate::output) fn cause(error: &object_store::Error) -> Option<Cause> {
    let told = error.to_string();
    if told.contains(METADATA_SERVICE) {
        return Some(Cause::NoKeys);
    }
    if told.contains(BARE_REDIRECT) {
        return Some(Cause::Elsewhere(None));
    }
    if let Some(transport) = chain(error).find_map(|error| error.downcast_ref::<HttpError>()) {
        let deepest = chain(transport).last().map(ToString::to_string).unwrap_or_default();
        return match transport.kind() {
            HttpErrorKind::Connect => Some(Cause::Unreachable(deepest)),
            HttpErrorKind::Timeout => Some(Cause::Silent),
            _ => Some(Cause::Other(deepest)),
        };
    }
    let code = element(&told, "Code")?;
    Some(match code {
        "InvalidAccessKeyId" => Cause::UnknownKey,
        "SignatureDoesNotMatch" => Cause::WrongSecret,
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => Cause::Expired,
        "RequestTimeTooSkewed" => Cause::ClockSkew { store: element(&told, "ServerTime").map(str::to_owned) },
        "NoSuchBucket" => Cause::NoBucket,
        "AccessDenied" | "AllAccessDisabled" => Cause::Denied,
        "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" => {
            let place = element(&told, "Region").or_else(|| element(&told, "Endpoint"));
            Cause::Elsewhere(place.map(str::to_owned))
        }
        "NoSuchKey" | "NoSuchUpload" => Cause::Vanished,
        code => match element(&told, "Message") {
            Some(message) => Cause::Other(format!("{code}: {message}")),
            None => Cause::Other(code.to_owned()),
        },
    })
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

/// The text of the first element of this name.
fn element<'a>(told: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = told.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once('<')?;
    Some(text.trim()).filter(|text| !text.is_empty())
}
