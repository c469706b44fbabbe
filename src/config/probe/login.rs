//! `[probe.http-latency.login]`: who we are to a service, and where its token is.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::desk::Desk;
use crate::config::form;
use crate::config::secret::SecretReference;
use crate::model::credential::Secret;
use crate::probes::http_latency::ask::resolve;
use crate::probes::http_latency::login::{Login, LoginForm};
use crate::transport::http::endpoint::Endpoint;
use crate::transport::http::request;

/// A POST whose answer holds a token. The token is kept until shortly before the end that it
/// tells (`exp` of a JSON Web Token; it is not verified), or until a request is answered with 401:
/// then the request is sent once more with a fresh one. A refused login is not repeated in its
/// cycle, and after three refusals in a row not for an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LoginSettings {
    /// Its name in the CSV, in tables and in thresholds.
    #[schemars(schema_with = "form::schema::job_name")]
    pub label: String,
    pub path: String,
    /// `json`, or `form` as browsers send it.
    pub form: LoginFormWord,
    /// A name, or a reference to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The field that takes it.
    pub user_field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub password: Option<SecretReference>,
    /// The field that takes it.
    pub password_field: String,
    /// Further fields by name, the values by reference: `grant_type = "plain:password"`.
    #[schemars(schema_with = "form::schema::secret_references")]
    pub fields: BTreeMap<String, SecretReference>,
    /// Where the token is in the answer, as a JSON pointer (RFC 6901).
    pub token: String,
    /// The header that carries the token.
    pub header: String,
    /// What stands before the token there; may be empty.
    pub scheme: String,
    /// How long before its end a token is renewed; at the latest after half of its life.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub skew: Duration,
    /// Begin every cycle with a login, which is measured like a route. Without it one is only
    /// made when a token is needed.
    pub each_cycle: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoginFormWord {
    #[default]
    Json,
    Form,
}

impl Default for LoginSettings {
    fn default() -> Self {
        Self {
            label: "authenticate".to_owned(),
            path: String::new(),
            form: LoginFormWord::default(),
            user: None,
            user_field: "username".to_owned(),
            password: None,
            password_field: "password".to_owned(),
            fields: BTreeMap::new(),
            token: "/access_token".to_owned(),
            header: "Authorization".to_owned(),
            scheme: "Bearer".to_owned(),
            skew: Duration::from_secs(30),
            each_cycle: true,
        }
    }
}

impl LoginSettings {
    /// Ready to be sent; `None` leaves what is wrong on the desk.
    pub fn ready(&self, desk: &mut Desk<'_>, base: Option<&Endpoint>) -> Option<Login> {
        let url = if self.path.is_empty() {
            desk.add("login.path", "is missing");
            None
        } else {
            let url = base.map(|base| resolve(base, &self.path, None));
            let refused = |why| desk.add_value("login.path", format!("{:?}", self.path), why);
            url.and_then(|url| url.map_err(refused).ok())
        };
        if !(self.token.is_empty() || self.token.starts_with('/')) {
            let why = "expected a JSON pointer such as \"/access_token\" or \"/data/token\"";
            desk.add_value("login.token", format!("{:?}", self.token), why);
        }
        let example = (self.header.clone(), format!("{} x", self.scheme));
        if let Err(why) = request::check("GET", &[example]) {
            desk.add("login.header", why);
        }
        let fields = self.fields(desk);
        let form = match self.form {
            LoginFormWord::Json => LoginForm::Json,
            LoginFormWord::Form => LoginForm::Form,
        };
        Some(Login {
            label: self.label.clone(),
            url: url?,
            form,
            body: form.render(&fields),
            pointer: self.token.clone(),
            header: self.header.clone(),
            scheme: self.scheme.clone(),
            skew: self.skew,
            each_cycle: self.each_cycle,
        })
    }

    fn fields(&self, desk: &mut Desk<'_>) -> Vec<(String, Secret)> {
        let mut fields = Vec::new();
        if self.user.is_none() && self.password.is_none() && self.fields.is_empty() {
            desk.add("login", "expected `user` and `password`, or `fields`: it says nothing of who we are");
        }
        // A user is no secret: a text without a known prefix is the name itself.
        let user = self.user.as_deref().map(|user| match SecretReference::parse(user) {
            Some(reference) => desk.secret("login.user", &reference),
            None => Some(Secret::new(user.to_owned())),
        });
        fields.extend(user.flatten().map(|user| (self.user_field.clone(), user)));
        let password = self.password.as_ref().and_then(|password| desk.secret("login.password", password));
        fields.extend(password.map(|password| (self.password_field.clone(), password)));
        for (name, reference) in &self.fields {
            let value = desk.secret(&format!("login.fields.{name}"), reference);
            fields.extend(value.map(|value| (name.clone(), value)));
        }
        fields
    }
}
