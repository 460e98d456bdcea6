//! SageMaker Runtime: one invocation of an endpoint.

use std::future::Future;

use jiff::SignedDuration;

use super::PortResult;
use crate::name::EndpointName;
use crate::policy::SmokeTest;

/// The result of a smoke test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmokeTestResult {
    /// The endpoint responded with success.
    Passed {
        /// The time until the response.
        took: SignedDuration,
    },
    /// The endpoint failed or did not respond. Untrusted text.
    Failed(String),
}

/// SageMaker Runtime.
pub trait Invocations {
    /// `InvokeEndpoint`, once. It changes nothing, so that asking twice is as good as once.
    ///
    /// # Errors
    /// Only where the endpoint was not asked: throttled, unreachable, not allowed. What the model or
    /// its container answers, and that nothing answers in time, is [`SmokeTestResult::Failed`].
    fn invoke(
        &self,
        endpoint: &EndpointName,
        smoke: &SmokeTest,
    ) -> impl Future<Output = PortResult<SmokeTestResult>> + Send;
}
