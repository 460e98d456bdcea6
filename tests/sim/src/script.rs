//! What people and monitors do, flow by flow.

use jiff::SignedDuration;
use trimtab_core::event::Approval;

use crate::events::{LOANS, SEGMENTS};
use crate::services::Item;

/// What happens in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// An alarm, a run, its end.
    Drift,
    /// A push, a build, a run, its end.
    Push,
    /// The same, and there is no training pipeline yet.
    FirstPush,
    /// A second version is approved while the first is on its way.
    Rollouts,
    /// A live version is rejected.
    RollBack,
    /// A version's canary sets off its alarm.
    CanaryFails,
    /// A version is approved while its canary's alarm has no data.
    Unwatched,
    /// The canary's alarm falls silent while the canary is on.
    FallsSilent,
    /// Another model's version goes by CodePipeline.
    Delivery,
    /// An event that is none.
    Malformed,
    /// A pull request is opened, and its build ends.
    Review,
    /// An alarm goes off during the cool-down, and is still on when that ends.
    HeldBack,
    /// Somebody makes a job that breaks a rule.
    Breach,
    /// The same, and its owner puts it right.
    PutRight,
    /// A push, a run, and its version's rollout, as lineage has them.
    Tracked,
    /// A version is registered, tested and approved by the policy, and goes out.
    Promotion,
    /// Drift of a model that Step Functions trains.
    Workflow,
    /// Drift of a model that a DAG trains: nobody tells of its end.
    Dag,
    /// Drift of a model that Kubeflow trains: it takes no token, and nobody tells of its end.
    Cluster,
    /// A commit of a model that CodePipeline trains: it takes no token.
    Piped,
    /// A version goes through stages, and the next one does not pass the second.
    Stages,
    /// The endpoint fails, and a person wants the version before back.
    ByHand,
    /// An alarm that goes off four times a day for thirty days, whatever is trained.
    Permanent,
}

impl Flow {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len() + 1;

    /// All that are short.
    pub const ALL: [Self; 22] = [
        Self::Drift,
        Self::Push,
        Self::FirstPush,
        Self::Rollouts,
        Self::RollBack,
        Self::CanaryFails,
        Self::Unwatched,
        Self::FallsSilent,
        Self::Delivery,
        Self::Malformed,
        Self::Review,
        Self::HeldBack,
        Self::Breach,
        Self::PutRight,
        Self::Tracked,
        Self::Promotion,
        Self::Workflow,
        Self::Dag,
        Self::Cluster,
        Self::Piped,
        Self::Stages,
        Self::ByHand,
    ];

    /// Whether the run's end is known by looking only.
    pub(crate) fn is_watched(self) -> bool {
        matches!(self, Self::Dag | Self::Cluster)
    }

    /// What people and monitors do, and when.
    pub(crate) fn script(self) -> Vec<(SignedDuration, Item)> {
        let (minutes, hours) = (SignedDuration::from_mins, SignedDuration::from_hours);
        let verdict = |version, approval| Item::Verdict { version, approval };
        match self {
            Self::Drift => vec![(minutes(0), Item::Alarm { name: "churn-prod-data-drift" })],
            Self::Workflow => vec![(minutes(0), Item::Alarm { name: "forecast-prod-data-drift" })],
            Self::Dag => vec![(minutes(0), Item::Alarm { name: "pricing-prod-data-drift" }), (hours(2), Item::Look)],
            Self::Cluster => {
                vec![(minutes(0), Item::Alarm { name: "ranking-prod-data-drift" }), (hours(2), Item::Look)]
            }
            Self::Piped => vec![(minutes(0), Item::Ask)],
            Self::Push | Self::FirstPush => vec![(minutes(0), Item::Push)],
            Self::Rollouts => {
                vec![(minutes(0), verdict(1, Approval::Approved)), (minutes(5), verdict(2, Approval::Approved))]
            }
            Self::RollBack => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), verdict(2, Approval::Approved)),
                (hours(12), verdict(2, Approval::Rejected)),
            ],
            Self::Delivery => vec![(minutes(0), verdict(SEGMENTS, Approval::Approved))],
            Self::Malformed => vec![(minutes(0), Item::Malformed)],
            Self::Review => vec![(minutes(0), Item::Propose)],
            Self::Promotion => vec![(minutes(0), Item::Register { version: 1 })],
            Self::Breach => vec![(minutes(0), Item::Make)],
            Self::Tracked => vec![(minutes(0), Item::Push), (hours(24), verdict(1, Approval::Approved))],
            Self::PutRight => vec![(minutes(0), Item::Make), (hours(6), Item::Tag)],
            Self::Stages => vec![
                (minutes(0), verdict(LOANS, Approval::Approved)),
                (hours(120), verdict(LOANS + 1, Approval::Approved)),
            ],
            Self::ByHand => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), verdict(2, Approval::Approved)),
                (hours(30), Item::Break),
                (hours(31), Item::GoBack),
                (hours(48), Item::Look),
                (hours(60), Item::Look),
                (hours(72), Item::Look),
            ],
            Self::HeldBack => vec![
                (minutes(0), Item::Alarm { name: "churn-prod-data-drift" }),
                (hours(2), Item::Alarm { name: "churn-prod-bias-drift" }),
                (hours(30), Item::Look),
                (hours(60), Item::Look),
            ],
            Self::Unwatched => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(5), Item::Silence),
                (hours(6), verdict(2, Approval::Approved)),
            ],
            Self::FallsSilent => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), verdict(2, Approval::Approved)),
                (hours(6) + minutes(5), Item::Silence),
            ],
            Self::Permanent => {
                (0..30 * 4).map(|turn| (hours(6 * turn), Item::Alarm { name: "churn-prod-data-drift" })).collect()
            }
            Self::CanaryFails => {
                vec![(minutes(0), verdict(1, Approval::Approved)), (hours(6), verdict(2, Approval::Approved))]
            }
        }
    }
}
