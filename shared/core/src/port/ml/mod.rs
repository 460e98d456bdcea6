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

pub use alarm::{AlarmTruth, Alarms};
pub use code::{BuildRequest, BuildTruth, Builds, CommentRequest, PullRequestTruth, PullRequests, Repositories};
pub use delivery::{Deliveries, DeliveryRequest};
pub use notice::{Message, Topic};
pub use place::{Hands, HandsOf, Invocations, Places, Smoked};
pub use run::{RunRequest, Runs, other_engine};
pub use serve::{
    Accepted, Beside, EndpointRequest, EndpointTruth, Endpoints, Listed, ModelRequest, PackageTruth, Registry, Scaling,
    ServingRequest,
};
pub use transform::{TransformRequest, TransformTruth, Transforms};
