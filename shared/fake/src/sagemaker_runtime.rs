//! SageMaker Runtime: one invocation of an endpoint.

use jiff::SignedDuration;
use trimtab_core::name::EndpointName;
use trimtab_core::policy::SmokeTest;
use trimtab_core::port::{Invocations, PortResult, SmokeTestResult};

use crate::services::Services;

/// The failure of every invocation; `None` if endpoints respond with success.
pub(crate) type State = Option<String>;

impl Invocations for Services {
    async fn invoke(&self, endpoint: &EndpointName, smoke: &SmokeTest) -> PortResult<SmokeTestResult> {
        let about = format!("{endpoint} {} {}", smoke.content_type, smoke.body);
        self.query("invocations.invoke", &about, || match self.runtime().clone() {
            Some(failure) => SmokeTestResult::Failed(failure),
            None => SmokeTestResult::Passed { took: SignedDuration::from_millis(20) },
        })
    }
}
