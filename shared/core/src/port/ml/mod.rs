//! The ports to the machine-learning side: builds, runs, the registry, endpoints, messages.
//!
//! Every starting call has a finding call beside it: a function looks for its own earlier effect
//! before it makes another.

mod alarm;
mod code;
mod delivery;
mod notice;
mod place;
mod run;
mod serve;
mod transform;

pub use alarm::{Alarms, ObservedAlarm};
pub use code::{BuildRequest, Builds, CommentRequest, ObservedBuild, ObservedPullRequest, PullRequests, Repositories};
pub use delivery::{CodePipelineRequest, CodePipelines};
pub use notice::{Message, Topic};
pub use place::{Invocations, Smoked, StageAccounts, StageClients, StageClientsOf};
pub use run::{RunRequest, Runs, other_engine};
pub use serve::{
    Accepted, Beside, EndpointRequest, Endpoints, Listed, ModelRequest, ObservedEndpoint, ObservedPackage, Registry,
    Scaling, ServingRequest,
};
pub use transform::{ObservedTransform, TransformRequest, Transforms};
