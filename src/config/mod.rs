//! What we were asked: a job, its fleet, its limits and its credentials, from layers that each say where they come from.

pub mod check;
pub mod desk;
pub mod environment;
pub mod fleet;
pub mod form;
pub mod health;
pub mod host_list;
pub mod job;
pub mod keytab;
pub mod krb5_conf;
pub mod layer;
pub mod limits;
pub mod load;
pub mod notify;
pub mod origins;
pub mod probe;
pub mod problem;
pub mod retention;
pub mod schedule;
pub mod secret;
pub mod store;
