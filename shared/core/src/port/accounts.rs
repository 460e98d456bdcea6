//! The AWS clients of a stage, in the account of that stage.

use std::future::Future;

use super::{Alarms, Endpoints, Invocations, PortResult, Scaling, Transforms};
use crate::policy::CrossAccountRole;

/// The AWS clients of a stage's account.
#[derive(Debug, Clone)]
pub struct StageClients<E, T, S, A, I> {
    /// SageMaker endpoints.
    pub endpoints: E,
    /// SageMaker batch transform.
    pub transforms: T,
    /// Application Auto Scaling.
    pub scaling: S,
    /// CloudWatch alarms.
    pub alarms: A,
    /// SageMaker Runtime.
    pub invocations: I,
}

/// The accounts that stages are in.
pub trait StageAccounts {
    /// SageMaker endpoints of that account.
    type Endpoints: Endpoints + Send + Sync;
    /// SageMaker batch transform of that account.
    type Transforms: Transforms + Send + Sync;
    /// Application Auto Scaling of that account.
    type Scaling: Scaling + Send + Sync;
    /// CloudWatch alarms of that account.
    type Alarms: Alarms + Send + Sync;
    /// SageMaker Runtime of that account.
    type Invocations: Invocations + Send + Sync;

    /// The clients of this account, or of the account that the role reaches.
    fn clients_for(
        &self,
        account: Option<&CrossAccountRole>,
    ) -> impl Future<Output = PortResult<StageClientsOf<Self>>> + Send;
}

/// The clients that these accounts have.
pub type StageClientsOf<A> = StageClients<
    <A as StageAccounts>::Endpoints,
    <A as StageAccounts>::Transforms,
    <A as StageAccounts>::Scaling,
    <A as StageAccounts>::Alarms,
    <A as StageAccounts>::Invocations,
>;
