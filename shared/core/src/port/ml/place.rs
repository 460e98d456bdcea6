//! The ports to where a stage is, and to what its endpoint answers.

use std::future::Future;

use jiff::SignedDuration;

use super::{Alarms, Endpoints, Scaling, Transforms};
use crate::name::EndpointName;
use crate::policy::{CrossAccountRole, Smoke};
use crate::port::Answer;

/// What an endpoint made of a smoke test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Smoked {
    /// It answered with success.
    Passed {
        /// After how long.
        took: SignedDuration,
    },
    /// It did not. Untrusted text.
    Failed(String),
}

/// SageMaker Runtime.
pub trait Invocations {
    /// `InvokeEndpoint`, once. It changes nothing, so that asking twice is as good as once.
    ///
    /// # Errors
    /// Only where the endpoint was not asked: throttled, unreachable, not allowed. What the model or
    /// its container answers, and that nothing answers in time, is [`Smoked::Failed`].
    fn invoke(&self, endpoint: &EndpointName, smoke: &Smoke) -> impl Future<Output = Answer<Smoked>> + Send;
}

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
    fn at(&self, place: Option<&CrossAccountRole>) -> impl Future<Output = Answer<StageClientsOf<Self>>> + Send;
}

/// The hands that these places have.
pub type StageClientsOf<P> = StageClients<
    <P as StageAccounts>::Endpoints,
    <P as StageAccounts>::Transforms,
    <P as StageAccounts>::Scaling,
    <P as StageAccounts>::Alarms,
    <P as StageAccounts>::Invocations,
>;
