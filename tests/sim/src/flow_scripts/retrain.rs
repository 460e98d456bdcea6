//! Drift, data and requests that start training.

use jiff::SignedDuration;

use super::{Script, hours, minutes};
use crate::calendar;
use crate::script::Flow;
use crate::services::Item;

/// The last reconcile for new data: after the cool-down of the first run, even if its end was observed by the previous
/// reconcile, a day after the run.
pub(crate) const LAST_RECONCILE: SignedDuration = SignedDuration::from_hours(60);

/// The hours between two alarms of drift that no run ends.
const ALARM_EVERY: i64 = 6;

pub(super) fn script(flow: Flow) -> Option<Script> {
    Some(match flow {
        Flow::Drift | Flow::RunFails | Flow::RunStops => vec![(hours(0), churn_drift())],
        Flow::StepFunctions | Flow::StepFunctionsFails => vec![(hours(0), alarm("forecast-prod-data-drift"))],
        // No event reports the end of these runs: a reconcile observes it.
        Flow::Airflow | Flow::AirflowFails => {
            vec![(hours(0), alarm("pricing-prod-data-drift")), (hours(2), Item::Reconcile)]
        }
        Flow::Kubeflow => vec![(hours(0), alarm("ranking-prod-data-drift")), (hours(2), Item::Reconcile)],
        Flow::CodePipelineTraining | Flow::CodePipelineTrainingStops => vec![(hours(0), Item::BuiltCommitRequest)],
        Flow::Violations => vec![(hours(0), Item::MonitoringViolation)],
        Flow::OperatorRetrain => vec![(hours(0), Item::OperatorRequest { over_budget: false })],
        Flow::NewData => new_data(),
        Flow::Composite => vec![(hours(0), Item::CompositeAlarm), (minutes(2), Item::CompositeReleased)],
        Flow::Calendar => calendar::reconciles().map(|at| (at, Item::Reconcile)).into(),
        Flow::DriftDuringCoolDown => vec![
            (hours(0), churn_drift()),
            (hours(2), alarm("churn-prod-bias-drift")),
            (hours(30), Item::Reconcile),
            (hours(60), Item::Reconcile),
        ],
        Flow::RunHangs => vec![
            (hours(0), churn_drift()),
            (hours(23), Item::Reconcile),
            (hours(25), Item::Reconcile),
            (hours(26), Item::Reconcile),
        ],
        Flow::Permanent => drift(0, 30).collect(),
        Flow::CommitCloses => drift(0, 12).chain([(hours(123), Item::Push)]).collect(),
        Flow::Recurs => drift(0, 4).chain(drift(14, 18)).collect(),
        Flow::Mixed => mixed(),
        _ => return None,
    })
}

fn alarm(name: &'static str) -> Item {
    Item::Alarm { name }
}

fn churn_drift() -> Item {
    alarm("churn-prod-data-drift")
}

/// Alarms from one day to another.
fn drift(from_day: i64, to_day: i64) -> impl Iterator<Item = (SignedDuration, Item)> {
    let alarms = from_day * 24 / ALARM_EVERY..to_day * 24 / ALARM_EVERY;
    alarms.map(|number| (hours(ALARM_EVERY * number), churn_drift()))
}

fn new_data() -> Script {
    let objects = [0, 1, 2, 40].into_iter().zip(0..);
    let objects = objects.map(|(at, number)| (minutes(at), Item::UploadObject { number }));
    let reconciles = [minutes(30), hours(30), LAST_RECONCILE].map(|at| (at, Item::Reconcile));
    objects.chain(reconciles).collect()
}

fn mixed() -> Script {
    vec![
        (hours(0), Item::Push),
        (hours(30), churn_drift()),
        (hours(60), Item::OperatorRequest { over_budget: false }),
        (hours(90), Item::OperatorRequest { over_budget: false }),
        (hours(100), Item::OperatorRequest { over_budget: true }),
        (hours(110), alarm("churn-prod-bias-drift")),
        (hours(177), Item::Reconcile),
        (hours(200), Item::Reconcile),
    ]
}
