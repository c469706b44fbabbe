//! How people are told that a run has ended, or that a slot was not run: webhooks and e-mail.

pub mod courier;
pub mod mail;
pub mod notice;
pub mod template;
pub mod variable;
pub mod webhook;
pub mod wording;
