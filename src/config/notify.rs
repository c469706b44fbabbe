//! Who is told that a run has ended, as it is written down, and made ready for it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lettre::message::Mailbox;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::desk::Desk;
use crate::config::environment::Environment;
use crate::config::form;
use crate::config::problem::{Problem, Problems};
use crate::config::secret::SecretReference;
use crate::notify::courier::{Courier, Way};
use crate::notify::mail::{BODY, Mail, Post, Protection, SUBJECT};
use crate::notify::notice::On;
use crate::notify::template::{Document, Text};
use crate::notify::webhook::{Format, Webhook, header, url};

/// One who is told: by a webhook or by e-mail. The list of a job's file replaces that of
/// `lustrum.toml`. Runs of some hosts or tables that were picked by hand, and dry runs, are
/// not told. What cannot be delivered is logged and counted, and changes nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NotifySettings {
    /// What is told: any of these is enough.
    pub on: Vec<On>,
    /// The longest one try may take.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub timeout: Duration,
    /// Tries, the first included, with growing pauses. An answer that is lost leads to a
    /// second delivery.
    #[schemars(range(min = 1, max = 10))]
    pub attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailSettings>,
}

/// A POST of JSON. `HTTPS_PROXY` and `NO_PROXY` are read; redirections are not followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// By reference, because the URL of a webhook is a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub url: Option<SecretReference>,
    /// Further headers by name, the values by reference: `Authorization = "file:/run/secrets/token"`.
    #[schemars(schema_with = "form::schema::secret_references")]
    pub headers: BTreeMap<String, SecretReference>,
    /// Whose document it is.
    pub format: Format,
    /// A JSON document of one's own, with `{{variables}}` in its texts; `lustrum schema notify`
    /// lists them. A text that is one variable becomes its value with its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::json_template")]
    pub template: Option<String>,
    /// A PEM file with further roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
}

/// A plain text by SMTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EmailSettings {
    /// The mail server's name or address.
    pub server: String,
    /// 587 with `starttls`, 465 with `tls`, 25 with `none`, unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    pub protection: Protection,
    /// A name, or a reference to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::secret_reference")]
    pub password: Option<SecretReference>,
    /// A PEM file with further roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
    /// `census@example.com` or `Lustrum <census@example.com>`.
    #[schemars(schema_with = "form::schema::mailbox")]
    pub from: String,
    #[schemars(schema_with = "form::schema::mailboxes")]
    pub to: Vec<String>,
    /// With `{{variables}}`; `lustrum schema notify` lists them.
    #[schemars(schema_with = "form::schema::text_template")]
    pub subject: String,
    /// Likewise.
    #[schemars(schema_with = "form::schema::text_template")]
    pub body: String,
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self {
            on: vec![On::Failure, On::Recovery, On::Missed],
            timeout: Duration::from_secs(10),
            attempts: 4,
            webhook: None,
            email: None,
        }
    }
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            server: String::new(),
            port: None,
            protection: Protection::default(),
            user: None,
            password: None,
            ca_bundle: None,
            from: String::new(),
            to: Vec::new(),
            subject: SUBJECT.to_owned(),
            body: BODY.to_owned(),
        }
    }
}

/// What can be said against the list without fetching a secret.
pub fn check(settings: &[NotifySettings], origin: impl Fn(&str) -> String) -> Problems {
    let mut problems = Problems::default();
    let whole = origin("notify");
    let mut add = |key: String, message: &str| problems.add(Problem::new(&whole, key, message));
    for (index, one) in settings.iter().enumerate() {
        let key = format!("notify[{index}]");
        if one.on.is_empty() {
            add(format!("{key}.on"), "expected at least one word: nobody would ever be told");
        }
        match (&one.webhook, &one.email) {
            (Some(webhook), None) if webhook.url.is_none() => {
                add(format!("{key}.webhook.url"), "is missing");
            }
            (Some(_), None) => {}
            (None, Some(email)) => {
                for (field, is_missing) in [
                    ("server", email.server.is_empty()),
                    ("from", email.from.is_empty()),
                    ("to", email.to.iter().any(String::is_empty) || email.to.is_empty()),
                ] {
                    if is_missing {
                        add(format!("{key}.email.{field}"), "is missing");
                    }
                }
                if email.user.is_some() != email.password.is_some() {
                    let missing = if email.user.is_some() { "password" } else { "user" };
                    add(format!("{key}.email.{missing}"), "is missing: user and password go together");
                } else if email.password.is_some() && email.protection == Protection::None {
                    let message = "sends the password in clear: expected `starttls` or `tls`, or no password";
                    add(format!("{key}.email.protection"), message);
                }
            }
            _ => add(key, "expected `webhook` or `email`, one of them"),
        }
    }
    problems
}

/// Everybody who is to be told. One whose secrets cannot be had says so when he is needed,
/// and keeps no run from taking place.
pub fn couriers(settings: &[NotifySettings], environment: &Environment, directory: &Path) -> Vec<Courier> {
    let origin = |_: &str| "settings".to_owned();
    let courier = |(index, one): (usize, &NotifySettings)| {
        let name = format!("notify[{index}].{}", one.kind());
        let way = one.way(Desk::at(&name, environment, directory, &origin));
        let way = way.unwrap_or_else(|problems| Way::Closed(problems.to_string()));
        Courier { name, on: one.on.clone(), way, timeout: one.timeout, attempts: one.attempts }
    };
    settings.iter().enumerate().map(courier).collect()
}

/// What is wrong with the secrets and files of the list.
pub fn look_at_secrets(
    settings: &[NotifySettings],
    environment: &Environment,
    directory: &Path,
    origin: impl Fn(&str) -> String,
) -> Problems {
    let mut problems = Problems::default();
    for (index, one) in settings.iter().enumerate() {
        let key = format!("notify[{index}].{}", one.kind());
        let way = one.way(Desk::at(key, environment, directory, &origin));
        way.err().into_iter().flat_map(|found| found.0).for_each(|problem| problems.add(problem));
    }
    problems
}

impl NotifySettings {
    fn way(&self, mut desk: Desk<'_>) -> Result<Way, Problems> {
        let way = match (&self.webhook, &self.email) {
            (Some(webhook), _) => webhook.ready(&mut desk).map(Way::Webhook),
            (None, Some(email)) => email.ready(&mut desk, self.timeout).map(|mail| Way::Mail(Box::new(mail))),
            (None, None) => None,
        };
        match way {
            Some(way) => desk.problems.or(way),
            None => Err(desk.problems),
        }
    }

    const fn kind(&self) -> &'static str {
        if self.email.is_some() { "email" } else { "webhook" }
    }
}

impl WebhookSettings {
    fn ready(&self, desk: &mut Desk<'_>) -> Option<Webhook> {
        let address = desk.secret("url", self.url.as_ref()?);
        if let Some(Err(why)) = address.as_ref().map(|address| url(address.reveal())) {
            desk.add("url", why);
        }
        let mut headers = Vec::new();
        for (name, reference) in &self.headers {
            let field = format!("headers.{name}");
            let Some(value) = desk.secret(&field, reference) else { continue };
            match header(name, value.reveal()) {
                Ok(_) => headers.push((name.clone(), value)),
                Err(why) => desk.add(&field, why),
            }
        }
        let ca_pem = desk.ca_pem(self.ca_bundle.as_deref());
        let document = match self.template.as_deref().map(Document::parse) {
            Some(Ok(document)) => document,
            Some(Err(why)) => {
                desk.add("template", why);
                return None;
            }
            None => self.format.document(),
        };
        let made = Webhook::new(address?, headers, ca_pem.as_deref(), (document, self.format.escape()));
        made.map_err(|why| desk.add("ca-bundle", why)).ok()
    }
}

impl EmailSettings {
    fn ready(&self, desk: &mut Desk<'_>, timeout: Duration) -> Option<Mail> {
        let user = self.user.as_deref().map(|user| match SecretReference::parse(user) {
            Some(reference) => desk.secret("user", &reference).map(|user| user.reveal().to_owned()),
            None => Some(user.to_owned()),
        });
        let password = self.password.as_ref().map(|password| desk.secret("password", password));
        let ca_pem = desk.ca_pem(self.ca_bundle.as_deref());
        let mailbox = |text: &String| text.parse::<Mailbox>().ok();
        let post = Post {
            server: self.server.clone(),
            port: self.port.unwrap_or(self.protection.usual_port()),
            protection: self.protection,
            login: match (user, password) {
                (Some(user), Some(password)) => Some((user?, password?)),
                _ => None,
            },
            ca_pem,
            from: mailbox(&self.from)?,
            to: self.to.iter().filter_map(mailbox).collect(),
            subject: Text::parse(&self.subject).ok()?,
            body: Text::parse(&self.body).ok()?,
            timeout,
        };
        Mail::new(post).map_err(|why| desk.add("ca-bundle", why)).ok()
    }
}
