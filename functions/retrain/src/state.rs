//! The aggregate of a model's training: the open incident, and the records that the limits need.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_core::fact::FactSubject;
use trimtab_core::name::{ImageUri, ModelName, RunId};
use trimtab_core::policy::{self, Budget};
use trimtab_core::port::RunRequest;
use trimtab_core::text::digest;

use crate::trigger::{Trigger, TriggerKind, TriggerSubject};

/// The time for which a handled trigger is remembered: longer than any redelivery of it (EventBridge 24 h,
/// queues 14 days).
const REMEMBERED: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The largest number of handled triggers, so that the record stays small.
const MAX_REMEMBERED: usize = 500;

/// One reason to train, from its trigger to the end of its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// `<model>-<kind>-<8 hex>`: the run's display name, by which the run is found again.
    pub id: String,
    /// The model that is trained.
    pub model: ModelName,
    /// The trigger that opened it.
    pub trigger: Trigger,
    /// The time at which it was opened.
    pub opened: Timestamp,
    /// The run to start; stored, so that a retry after a crash requests exactly the same run.
    pub request: RunRequest,
    /// The run, once its engine has named it.
    pub run: Option<RunId>,
    /// Whether it was reported that the run exceeded its deadline.
    #[serde(default)]
    pub deadline_reported: bool,
}

impl Incident {
    /// The id of this trigger's incident: a function of the model and the subject alone.
    #[must_use]
    pub fn id_of(model: &ModelName, trigger: &Trigger) -> String {
        let hex = digest(&[model.as_str(), &trigger.subject.to_string()], 8);
        format!("{model}-{}-{hex}", trigger.kind().as_str())
    }

    /// Whether the text has the form of an incident's id. Trimtab names its runs by such ids.
    #[must_use]
    pub fn is_id(text: &str) -> bool {
        let mut parts = text.rsplitn(3, '-');
        let hex = |part: &str| part.len() == 8 && part.bytes().all(|b| b.is_ascii_hexdigit());
        parts.next().is_some_and(hex) && parts.next().is_some() && parts.next().is_some()
    }
}

/// The stored state of a model's training.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The open incident.
    pub incident: Option<Incident>,
    /// The newest commit, image or operator's request that arrived during a run; it gets the next run.
    pub queued: Option<Trigger>,
    /// New data that has no run yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// The time at which the last run was started. That run covers everything that existed by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_started: Option<Timestamp>,
    /// The time at which the last run ended.
    pub last_ended: Option<Timestamp>,
    /// The time from which `retrain.every` counts while no run has been started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_from: Option<Timestamp>,
    /// The subject of the last reported limit on data or schedule, so that each reconcile does not report it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_limit: Option<FactSubject>,
    /// The image that runs get.
    #[serde(default)]
    pub image: Option<TrainingImage>,
    /// Drift that no run has ended yet.
    #[serde(default)]
    pub drift_streak: Option<DriftStreak>,
    /// Drift that a limit refused, at most one trigger for each alarm. When the limit ends, it gets one run if any of
    /// the alarms is still firing.
    #[serde(default)]
    pub deferred_drift: Vec<DeferredDrift>,
    /// The times at which runs were started, within the budget's window.
    pub starts: Vec<Timestamp>,
    /// Handled triggers, oldest first.
    pub handled: Vec<Handled>,
    /// The time of the newest forgotten trigger. An event that is not newer may be one of the forgotten.
    #[serde(default)]
    pub forgotten_until: Option<Timestamp>,
}

/// The training image, as `integrate` reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingImage {
    /// The image, by its digest.
    pub uri: ImageUri,
    /// Its number: a higher number is newer, in whatever order images are reported.
    pub serial: u32,
}

/// Drift that a limit refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeferredDrift {
    /// The refused trigger.
    pub trigger: Trigger,
    /// The time at which it was refused.
    pub since: Timestamp,
}

/// Drift that continues from run to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftStreak {
    /// The time of its first trigger.
    pub since: Timestamp,
    /// The time at which it was last observed.
    pub last: Timestamp,
    /// The number of runs that were started for it.
    pub runs: u32,
}

/// New data that has no run yet; `data_debounce.rs` has its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// [`TriggerKind::Data`] or [`TriggerKind::Features`], by its first object.
    pub kind: TriggerKind,
    /// The time of the first object.
    pub since: Timestamp,
    /// The time of the last recorded object.
    pub last: Timestamp,
    /// The number of recorded objects; more may have arrived.
    pub count: u32,
    /// The folders and feature groups of the objects, as the policy names them.
    pub sources: BTreeSet<String>,
    /// Digests of the first objects, at most `retrain.data.min_objects`. Each object counts once.
    pub digests: Vec<String>,
}

/// A handled trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handled {
    /// The digest of its subject.
    pub subject: String,
    /// The time at which it was handled.
    pub at: Timestamp,
    /// The result.
    pub outcome: Outcome,
}

/// The result of a handled trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It opened this incident.
    Started(String),
    /// It arrived during the run of this incident.
    Merged(String),
    /// A limit refused it; the reason code of the limit.
    Refused(String),
}

impl Outcome {
    fn is_of(&self, incident: &str) -> bool {
        match self {
            Self::Started(id) | Self::Merged(id) => id == incident,
            Self::Refused(_) => false,
        }
    }
}

impl State {
    /// The record of this trigger, if it was handled before.
    #[must_use]
    pub fn handled(&self, subject: &TriggerSubject) -> Option<&Handled> {
        let subject = digest_of(subject);
        self.handled.iter().find(|handled| handled.subject == subject)
    }

    /// Remembers a trigger, and forgets those that no redelivery can bring back.
    pub fn remember(&mut self, trigger: &Trigger, outcome: Outcome, at: Timestamp) {
        self.handled.push(Handled { subject: digest_of(&trigger.subject), at, outcome });
        let old = self.handled.iter().filter(|handled| at.duration_since(handled.at) >= REMEMBERED).count();
        let surplus = old.max(self.handled.len().saturating_sub(MAX_REMEMBERED));
        self.forgotten_until = self.handled.drain(..surplus).map(|handled| handled.at).max().or(self.forgotten_until);
    }

    /// Whether an event of this time may belong to a trigger that was handled and forgotten.
    #[must_use]
    pub fn may_have_forgotten(&self, time: Timestamp) -> bool {
        self.forgotten_until.is_some_and(|until| time <= until)
    }

    /// Whether a run was started since, or a trigger was merged into a run since: that run covers all drift of that
    /// time. A refusal covers none.
    #[must_use]
    pub fn covers(&self, time: Timestamp) -> bool {
        let merged = |handled: &Handled| handled.at >= time && matches!(handled.outcome, Outcome::Merged(_));
        self.last_started.is_some_and(|started| started >= time) || self.handled.iter().any(merged)
    }

    /// Records the start of a run for this trigger.
    pub fn record_start(&mut self, trigger: &Trigger, incident: &str, budget: &Budget, now: Timestamp) {
        self.remember(trigger, Outcome::Started(incident.to_owned()), now);
        self.spend(budget, now);
        self.drift_streak = match trigger.kind() {
            TriggerKind::Drift => {
                self.drift_streak.take().map(|streak| DriftStreak { runs: streak.runs + 1, ..streak })
            }
            // The training itself has changed: drift after this run is another drift, and closes the circuit breaker.
            TriggerKind::Build | TriggerKind::Image | TriggerKind::Operator => None,
            TriggerKind::Data | TriggerKind::Features | TriggerKind::Schedule => self.drift_streak.take(),
        };
        // This run also serves everything that waited for a limit to end, or for more data.
        self.deferred_drift.clear();
        self.batch = None;
        self.reported_limit = None;
        self.last_started = Some(now);
    }

    /// Removes the records of a run that its engine refused, so that its triggers can be sent again.
    pub fn revert_start(&mut self, incident: &Incident) {
        self.handled.retain(|handled| !handled.outcome.is_of(&incident.id));
        self.starts.retain(|at| *at != incident.opened);
        if incident.trigger.kind() == TriggerKind::Drift
            && let Some(streak) = &mut self.drift_streak
        {
            streak.runs = streak.runs.saturating_sub(1);
        }
    }

    /// Defers an alarm's drift; of each alarm, only its newest transition.
    pub fn defer_drift(&mut self, trigger: Trigger, since: Timestamp) {
        self.deferred_drift.retain(|deferred| deferred.trigger.alarm() != trigger.alarm());
        self.deferred_drift.push(DeferredDrift { trigger, since });
    }

    /// Queues a trigger for the next run. A queued commit stays ahead of an image or a request, since its run serves
    /// them too: it gets the newest image.
    pub fn queue(&mut self, trigger: Trigger) {
        let Some(before) = self.queued.take() else {
            self.queued = Some(trigger);
            return;
        };
        let over_budget = before.over_budget || trigger.over_budget;
        let commit_stays = before.kind() == TriggerKind::Build && trigger.kind() != TriggerKind::Build;
        let next = if commit_stays { before } else { trigger };
        self.queued = Some(Trigger { over_budget, ..next });
    }

    /// The end of the cool-down, if it lasts still; it counts from the end of the last run.
    #[must_use]
    pub fn cool_down_until(&self, cool_down: SignedDuration, now: Timestamp) -> Option<Timestamp> {
        let until = self.last_ended?.saturating_add(cool_down).ok()?;
        (until > now).then_some(until)
    }

    /// Records a trigger of drift. After a budget window without any, it is another drift.
    pub fn record_drift(&mut self, budget: &Budget, now: Timestamp) {
        if self.drift_streak.as_ref().is_some_and(|streak| now.duration_since(streak.last) >= budget.per) {
            self.drift_streak = None;
        }
        self.continue_drift(now);
    }

    /// Records that the drift was observed again: it is the same drift, however old its last trigger is.
    pub fn continue_drift(&mut self, now: Timestamp) {
        let streak = self.drift_streak.take().unwrap_or(DriftStreak { since: now, last: now, runs: 0 });
        self.drift_streak = Some(DriftStreak { last: now, ..streak });
    }

    /// The drift that opened the circuit breaker: as many runs as the threshold did not end it. A budget window after
    /// the end of the last run, one run is let through.
    #[must_use]
    pub fn circuit_breaker(&self, retrain: &policy::Retrain, now: Timestamp) -> Option<&DriftStreak> {
        let recent = self.last_ended.is_some_and(|at| now.duration_since(at) < retrain.budget.per);
        self.drift_streak.as_ref().filter(|streak| streak.runs >= retrain.circuit_breaker_threshold && recent)
    }

    /// The number of runs that were started within the budget's window.
    #[must_use]
    pub fn spent(&self, budget: &Budget, now: Timestamp) -> usize {
        self.starts.iter().filter(|at| now.duration_since(**at) < budget.per).count()
    }

    /// Counts a start, and drops those outside the budget's window.
    pub fn spend(&mut self, budget: &Budget, now: Timestamp) {
        self.starts.retain(|at| now.duration_since(*at) < budget.per);
        self.starts.push(now);
    }
}

fn digest_of(subject: &TriggerSubject) -> String {
    digest(&[&subject.to_string()], 16)
}
