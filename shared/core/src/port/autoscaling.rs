//! Application Auto Scaling.

use std::future::Future;

use super::PortResult;
use crate::name::EndpointName;
use crate::policy::Autoscaling;

/// Application Auto Scaling for an endpoint's variant `AllTraffic`. All calls are puts, or delete
/// what Trimtab itself created.
pub trait Scaling {
    /// `RegisterScalableTarget` and `PutScalingPolicy` (target tracking).
    fn scale(&self, endpoint: &EndpointName, limits: &Autoscaling) -> impl Future<Output = PortResult<()>> + Send;
    /// `PutScheduledAction` for each of the schedule; actions of an earlier schedule that the policy no longer has are
    /// deleted.
    fn schedule(&self, endpoint: &EndpointName, limits: &Autoscaling) -> impl Future<Output = PortResult<()>> + Send;
}
