//! The runtime of every function as a Lambda: configuration, clock, logs, metrics, the classification of failures, and
//! the loop that serves events.
//!
//! It knows no single function, and no AWS service by name.

pub mod aws;
mod exit;
pub mod log;
pub mod metrics;
pub mod sdk;
mod serve;
mod settings;

pub use aws::http_client;
pub use aws_config::SdkConfig;
pub use exit::Exit;
pub use lambda_runtime::Error;
pub use serve::{one, serve};
pub use settings::{Missing, Settings};
pub use trimtab_core::reactor::World;

/// Reads the settings, starts the log, and returns the SDKs' configuration.
///
/// # Errors
///
/// The first variable of the environment that is missing.
pub fn start() -> Result<(Settings, aws_config::SdkConfig), Missing> {
    let settings = Settings::from_env()?;
    log::init(&settings);
    Ok((settings, aws::config()))
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl trimtab_core::port::Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}
