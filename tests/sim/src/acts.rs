//! What people and monitors do, and when.

use jiff::SignedDuration;
use trimtab_core::event::Approval;

use crate::calendar;
use crate::events::{LEADS, LOANS, SEGMENTS, TARIFFS};
use crate::script::Flow;
use crate::services::Item;

/// When it is last looked for new data: after the first run's cool-down, even where its end was seen by
/// the look before, a day after it.
pub(crate) const LAST_LOOK: SignedDuration = SignedDuration::from_hours(60);

/// How often drift that goes on sets its alarm off.
const ALARM_EVERY: i64 = 6;

impl Flow {
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
            Self::Rollback => vec![
                (minutes(0), verdict(1, Approval::Approved)),
                (hours(6), verdict(2, Approval::Approved)),
                (hours(12), verdict(2, Approval::Rejected)),
            ],
            Self::CodePipelineExecution => vec![(minutes(0), verdict(SEGMENTS, Approval::Approved))],
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
            Self::Asked => vec![(minutes(0), Item::Request { over_budget: false })],
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
            Self::CanaryFails => {
                vec![(minutes(0), verdict(1, Approval::Approved)), (hours(6), verdict(2, Approval::Approved))]
            }
            Self::Permanent | Self::CommitCloses | Self::Recurs | Self::Mixed => self.of_many_days(),
            _ => self.that_goes_wrong(),
        }
    }

    /// What fails, is stopped, is paused, or breaks a rule.
    fn that_goes_wrong(self) -> Vec<(SignedDuration, Item)> {
        let (minutes, hours) = (SignedDuration::from_mins, SignedDuration::from_hours);
        let verdict = |version, approval| Item::Verdict { version, approval };
        let approve = |version| verdict(version, Approval::Approved);
        match self {
            Self::RunFails | Self::RunStops => vec![(hours(0), Item::Alarm { name: "churn-prod-data-drift" })],
            Self::WorkflowFails => vec![(hours(0), Item::Alarm { name: "forecast-prod-data-drift" })],
            Self::DagFails => vec![(hours(0), Item::Alarm { name: "pricing-prod-data-drift" }), (hours(2), Item::Look)],
            Self::PipedStops => vec![(hours(0), Item::Ask)],
            Self::Hangs => vec![
                (hours(0), Item::Alarm { name: "churn-prod-data-drift" }),
                (hours(23), Item::Look),
                (hours(25), Item::Look),
                (hours(26), Item::Look),
            ],
            Self::BuildFails => vec![(hours(0), Item::Push)],
            Self::DeliveryFails => vec![(hours(0), approve(SEGMENTS))],
            Self::TestsFail => vec![(hours(0), Item::Register { version: 1 })],
            Self::Overruled => {
                vec![(hours(0), Item::Register { version: 1 }), (minutes(5), verdict(1, Approval::Rejected))]
            }
            // After the tests' end: between a verdict that is not written yet and its retry.
            Self::OverruledLate => {
                let reads = minutes(11) + SignedDuration::from_secs(30);
                vec![(hours(0), Item::Register { version: 1 }), (reads, verdict(1, Approval::Rejected))]
            }
            Self::Paused => vec![
                (hours(0), Item::Pause),
                (hours(1), Item::Alarm { name: "churn-prod-data-drift" }),
                (hours(2), approve(1)),
                (hours(3), Item::Look),
                (hours(6), Item::Resume),
            ],
            Self::SkipsRejected => vec![
                (hours(0), approve(1)),
                (hours(6), approve(2)),
                (hours(12), approve(3)),
                (hours(18), verdict(2, Approval::Rejected)),
                (hours(24), verdict(3, Approval::Rejected)),
            ],
            Self::NoticeOnly => {
                vec![(hours(0), approve(1)), (hours(6), approve(2)), (hours(12), verdict(2, Approval::Rejected))]
            }
            Self::Incomplete => vec![
                (hours(0), approve(1)),
                (hours(6), Item::Begin { version: 2, status: "InProgress" }),
                (hours(7), approve(2)),
                (hours(8), Item::Complete { version: 2 }),
                (hours(12), Item::Begin { version: 3, status: "Failed" }),
                (hours(13), approve(3)),
            ],
            Self::Reconsidered => vec![
                (hours(0), approve(1)),
                (hours(6), approve(2)),
                (hours(6) + minutes(1), verdict(2, Approval::Rejected)),
            ],
            _ => crate::guarded::KINDS.iter().map(|thing| (hours(0), Item::MakeThing(*thing))).collect(),
        }
    }

    fn of_many_days(self) -> Vec<(SignedDuration, Item)> {
        let hours = SignedDuration::from_hours;
        let drift = |from_day: i64, to_day: i64| {
            let turns = from_day * 24 / ALARM_EVERY..to_day * 24 / ALARM_EVERY;
            turns.map(|turn| (hours(ALARM_EVERY * turn), Item::Alarm { name: "churn-prod-data-drift" }))
        };
        match self {
            Self::CommitCloses => drift(0, 12).chain([(hours(123), Item::Push)]).collect(),
            Self::Recurs => drift(0, 4).chain(drift(14, 18)).collect(),
            Self::Mixed => vec![
                (hours(0), Item::Push),
                (hours(30), Item::Alarm { name: "churn-prod-data-drift" }),
                (hours(60), Item::Request { over_budget: false }),
                (hours(90), Item::Request { over_budget: false }),
                (hours(100), Item::Request { over_budget: true }),
                (hours(110), Item::Alarm { name: "churn-prod-bias-drift" }),
                (hours(177), Item::Look),
                (hours(200), Item::Look),
            ],
            _ => drift(0, 30).collect(),
        }
    }
}
