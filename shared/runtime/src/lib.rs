//! What every function needs to run as a Lambda: configuration, the clock, logs, metrics, the one
//! place that tells retry from reject, and the loop that serves events.
//!
//! Knows nothing of any one function, and of no AWS service by name.

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

/// What every function begins with: its settings, its log, and the SDKs' configuration.
///
/// # Errors
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
