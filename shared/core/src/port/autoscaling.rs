//! Application Auto Scaling.

use std::future::Future;

use super::PortResult;
use crate::name::EndpointName;
use crate::policy::Autoscaling;

/// Application Auto Scaling for an endpoint's variant `AllTraffic`. All calls are puts, or delete
/// what the suite itself has put.
pub trait Scaling {
    /// `RegisterScalableTarget` and `PutScalingPolicy` (target tracking).
    fn scale(&self, endpoint: &EndpointName, limits: &Autoscaling) -> impl Future<Output = PortResult<()>> + Send;
    /// `PutScheduledAction` for each of the schedule; those that the suite has put before and that
    /// are none of it any more are deleted.
    fn schedule(&self, endpoint: &EndpointName, limits: &Autoscaling) -> impl Future<Output = PortResult<()>> + Send;
}
