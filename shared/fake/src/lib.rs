//! The services that the functions call, in memory, for the unit tests of the functions.
//!
//! [`Services`] implements each port once, over plain state: a test reads and changes the state of a service through its
//! guard, such as [`Services::registry`]. Each call is recorded in order, and a test decides which calls fail. [`Rig`]
//! adds the ledger, the clock and one function. There is one file for each service, as in the ports.
//!
//! The simulation has services of its own (`tests/sim`): it injects faults at every call, and shares no state with this.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests depend on it, and a test fails by panicking"
)]

mod accounts;
pub mod autoscaling;
pub mod cloudformation;
pub mod cloudwatch;
pub mod codebuild;
pub mod codecommit;
pub mod codepipeline;
mod ecr;
mod event_bus;
mod journal;
mod ledger;
mod rig;
mod s3;
pub mod sagemaker_endpoints;
pub mod sagemaker_lineage;
pub mod sagemaker_monitoring;
pub mod sagemaker_pipelines;
pub mod sagemaker_registry;
pub mod sagemaker_resources;
mod sagemaker_runtime;
pub mod sagemaker_transform;
mod services;
mod sns;
pub mod step_functions;
pub mod training_engine;

pub use journal::{Fault, UpdateFault};
pub use ledger::ReadOnly;
pub use rig::Rig;
pub use services::{HOME, Services};

#[cfg(test)]
mod tests;
