//! The AWS clients of a stage, in the account of that stage.

use std::future::Future;

use super::{Alarms, Endpoints, Invocations, PortResult, Scaling, Transforms};
use crate::policy::CrossAccountRole;

/// A stage's services, in the account where it is.
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
    /// SageMaker endpoints there.
    type Endpoints: Endpoints + Send + Sync;
    /// SageMaker batch transform there.
    type Transforms: Transforms + Send + Sync;
    /// Application Auto Scaling there.
    type Scaling: Scaling + Send + Sync;
    /// CloudWatch alarms there.
    type Alarms: Alarms + Send + Sync;
    /// SageMaker Runtime there.
    type Invocations: Invocations + Send + Sync;

    /// The services there: this account's, or those that the place's role reaches.
    fn at(&self, place: Option<&CrossAccountRole>) -> impl Future<Output = PortResult<StageClientsOf<Self>>> + Send;
}

/// The hands that these places have.
pub type StageClientsOf<P> = StageClients<
    <P as StageAccounts>::Endpoints,
    <P as StageAccounts>::Transforms,
    <P as StageAccounts>::Scaling,
    <P as StageAccounts>::Alarms,
    <P as StageAccounts>::Invocations,
>;
