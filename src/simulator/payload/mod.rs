//! What each collector finds on a simulated host: JSON objects with the cmdlets' names.

pub mod checkpoint;
pub mod cluster;
pub mod device;
pub mod disk;
pub mod dvd;
pub mod host;
pub mod integration;
pub mod nic;
pub mod object;
pub mod resources;
pub mod switch;
pub mod vm;
pub mod volume;
