//! What people and monitors do, flow by flow.

use jiff::SignedDuration;
use trimtab_core::event::Approval;

use crate::calendar;
use crate::events::{LEADS, LOANS, SEGMENTS, TARIFFS};
use crate::services::Item;

/// When it is last looked for new data: after the first run's cool-down, even where its end was seen by
/// the look before, a day after it.
pub(crate) const LAST_LOOK: SignedDuration = SignedDuration::from_hours(60);

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
    /// A pull request is merged, and the merge is built.
    Merged,
    /// The branch that is built is deleted.
    Deleted,
    /// CodePipeline builds a push, and its commit is trained.
    PipelineBuild,
    /// An image is pushed, and trained with.
    Image,
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
    /// Two versions go live, the first without baselines; then less is to be watched.
    Watched,
    /// A monitoring run finds violations, and there is no alarm.
    Violations,
    /// Objects come, and one more during the run that answers them.
    NewData,
    /// A person asks for a run.
    Asked,
    /// A second version is a shadow of the first for a day, and then takes its place.
    Shadowed,
    /// The same, and it is rejected while it is one.
    ShadowRejected,
    /// A stack cannot be made with a first version, and is made with a second.
    Stacked,
    /// A stack goes neither on to a second version nor back, until it is told to try again.
    StackFails,
    /// Two versions are asked by batch transform jobs, and the second is rejected.
    Transformed,
    /// The second version's job fails.
    TransformFails,
    /// A version goes through stages, and the next one does not pass the second.
    Stages,
    /// The endpoint fails, and a person wants the version before back.
    ByHand,
    /// An alarm on other alarms goes off, and is held back for a while.
    Composite,
    /// A model that is trained by the calendar is looked at, for two periods.
    Calendar,
    /// An alarm that goes off four times a day for thirty days, whatever is trained.
    Permanent,
}

impl Flow {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len() + 1;

    /// All that are short.
    pub const ALL: [Self; 38] = [
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
        Self::Merged,
        Self::Deleted,
        Self::PipelineBuild,
        Self::Image,
        Self::HeldBack,
        Self::Breach,
        Self::PutRight,
        Self::Tracked,
        Self::Promotion,
        Self::Workflow,
        Self::Dag,
        Self::Cluster,
        Self::Piped,
        Self::Watched,
        Self::Violations,
        Self::NewData,
        Self::Asked,
        Self::Shadowed,
        Self::ShadowRejected,
        Self::Stacked,
        Self::StackFails,
        Self::Transformed,
        Self::TransformFails,
        Self::Stages,
        Self::ByHand,
        Self::Composite,
        Self::Calendar,
    ];

    /// Whether the run's end is known by looking only.
    pub(crate) fn is_watched(self) -> bool {
        matches!(self, Self::Dag | Self::Cluster)
    }

    /// Whether it is about what a look has seen there before.
    pub(crate) fn is_seen(self) -> bool {
        matches!(self, Self::Merged | Self::Deleted)
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
            Self::Merged => vec![(minutes(0), Item::Merge), (hours(1), Item::Look)],
            Self::Deleted => vec![(minutes(0), Item::Delete), (hours(1), Item::Look)],
            Self::PipelineBuild => vec![(minutes(0), Item::PushForPipeline)],
            Self::Image => vec![(minutes(0), Item::PushImage)],
            Self::Promotion => vec![(minutes(0), Item::Register { version: 1 })],
            Self::Watched => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), verdict(2, Approval::Approved)),
                (hours(12), Item::AskForLess),
                (hours(13), Item::Look),
            ],
            Self::Violations => vec![(minutes(0), Item::Violation)],
            Self::Asked => vec![(minutes(0), Item::Request)],
            Self::NewData => {
                let objects =
                    [0, 1, 2, 40].into_iter().zip(0..).map(|(at, number)| (minutes(at), Item::Upload { number }));
                let looks = [minutes(30), hours(30), LAST_LOOK].map(|at| (at, Item::Look));
                objects.chain(looks).collect()
            }
            Self::Shadowed => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), Item::Look),
                (hours(7), verdict(2, Approval::Approved)),
                (hours(20), Item::Look),
                (hours(48), Item::Look),
            ],
            Self::ShadowRejected => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), verdict(2, Approval::Approved)),
                (hours(18), verdict(2, Approval::Rejected)),
            ],
            Self::Stacked | Self::StackFails => {
                vec![
                    (minutes(0), verdict(TARIFFS, Approval::Approved)),
                    (hours(6), verdict(TARIFFS + 1, Approval::Approved)),
                ]
            }
            Self::Transformed => vec![
                (minutes(0), verdict(LEADS, Approval::Approved)),
                (hours(6), verdict(LEADS + 1, Approval::Approved)),
                (hours(12), verdict(LEADS + 1, Approval::Rejected)),
            ],
            Self::TransformFails => {
                vec![
                    (minutes(0), verdict(LEADS, Approval::Approved)),
                    (hours(6), verdict(LEADS + 1, Approval::Approved)),
                ]
            }
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
            Self::Composite => vec![(minutes(0), Item::Composite), (minutes(2), Item::Release)],
            Self::Calendar => calendar::looks().map(|at| (at, Item::Look)).into(),
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
