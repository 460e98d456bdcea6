//! One account, whose endpoints pass every smoke test.

use super::*;

impl Invocations for &Cloud {
    async fn invoke(&self, _: &EndpointName, _: &SmokeTest) -> PortResult<SmokeTestResult> {
        Ok(SmokeTestResult::Passed { took: SignedDuration::ZERO })
    }
}

impl StageAccounts for &Cloud {
    type Endpoints = Self;
    type Transforms = Self;
    type Scaling = Self;
    type Alarms = Self;
    type Invocations = Self;

    async fn clients_for(&self, _: Option<&CrossAccountRole>) -> PortResult<StageClientsOf<Self>> {
        Ok(StageClients { endpoints: self, transforms: self, scaling: self, alarms: self, invocations: self })
    }
}
