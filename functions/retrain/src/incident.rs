//! The incident, the limits it stands under, and what the ledger keeps of both.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use trimtab_core::name::{ImageUri, ModelName, ResourceName, RunId};
use trimtab_core::policy::{Budget, Retrain as Limits};
use trimtab_core::port::RunRequest;
use trimtab_core::text::digest;

use crate::data_debounce::Gathering;
pub use crate::trigger::{Kind, Trigger};

/// How long a handled trigger is remembered: longer than any redelivery of it (EventBridge 24 h,
/// queues 14 days).
const REMEMBERED: SignedDuration = SignedDuration::from_hours(60 * 24);

/// How the answer begins that a trigger was given while a run was on.
pub(crate) const JOINED: &str = "joined ";

/// How many handled triggers are remembered at most, so that the record stays small.
const REMEMBERED_AT_MOST: usize = 500;

/// One dedup key that is answered with one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// `<model>-<kind>-<8 hex>`: the run's display name, by which it is found again.
    pub id: String,
    /// What opened it.
    pub trigger: Trigger,
    /// When.
    pub opened: Timestamp,
    /// What to start; kept, so that a retry after a crash asks for exactly the same.
    pub request: RunRequest,
    /// The run, once its engine has named it.
    pub run: Option<RunId>,
    /// Whether a person was told that it takes too long.
    #[serde(default)]
    pub late: bool,
}

impl Incident {
    /// The id that this trigger's incident has, whoever computes it and whenever.
    #[must_use]
    pub fn id(model: &ModelName, trigger: &Trigger) -> String {
        format!("{model}-{}-{}", trigger.kind.as_str(), digest(&[model.as_str(), &trigger.subject], 8))
    }

    /// Whether this could be an incident's id: some run is named by it.
    #[must_use]
    pub fn is_id(text: &str) -> bool {
        let mut parts = text.rsplitn(3, '-');
        let hex = |part: &str| part.len() == 8 && part.bytes().all(|b| b.is_ascii_hexdigit());
        parts.next().is_some_and(hex) && parts.next().is_some() && parts.next().is_some()
    }

    /// The dedup key that facts about it carry.
    #[must_use]
    pub fn dedup_key(&self) -> String {
        format!("incident/{}", self.id)
    }
}

/// What the ledger keeps for a model's training.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The incident that is open.
    pub incident: Option<Incident>,
    /// The newest commit, image or person that asked while a run was on; it gets the next run.
    pub waiting: Option<Trigger>,
    /// New data that no run has answered yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gathering: Option<Gathering>,
    /// When the last run was begun: what was there by then is answered by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// Since when a schedule counts where no run has begun yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counting: Option<Timestamp>,
    /// The last that was told of what a limit makes wait, so that each look does not tell it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// When the last run ended.
    pub ended: Option<Timestamp>,
    /// The image that runs get.
    #[serde(default)]
    pub image: Option<Image>,
    /// Drift that no run has ended yet.
    #[serde(default)]
    pub streak: Option<Streak>,
    /// Drift that a limit kept from a run, one of each alarm; it gets one run if any of it is still there
    /// when the limit ends.
    #[serde(default, deserialize_with = "each")]
    pub held: Vec<Held>,
    /// When runs were started, as far back as the budget looks.
    pub starts: Vec<Timestamp>,
    /// Handled triggers, oldest first.
    pub handled: Vec<Handled>,
    /// Until when handled triggers have been forgotten: what is as old may be one of them.
    #[serde(default)]
    pub forgotten: Option<Timestamp>,
}

/// The image that runs get, as `integrate` said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The image, by its digest.
    pub uri: ImageUri,
    /// Which it is: a higher number is newer, whatever order they come in.
    pub serial: u32,
}

/// Drift that a limit keeps from a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What would have started it.
    pub trigger: Trigger,
    /// When it was held back.
    pub since: Timestamp,
}

/// Earlier versions held one at most.
fn each<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Held>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Each(Vec<Held>),
        One(Option<Held>),
    }
    Ok(match Written::deserialize(from)? {
        Written::Each(held) => held,
        Written::One(held) => held.into_iter().collect(),
    })
}

/// Drift that goes on from run to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streak {
    /// When it was first heard of.
    pub since: Timestamp,
    /// When it was last heard of.
    pub last: Timestamp,
    /// How many runs have answered it.
    pub runs: u32,
}

/// A trigger that has had its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handled {
    /// Its subject, digested.
    pub subject: String,
    /// When it was answered.
    pub at: Timestamp,
    /// The incident it belongs to, or the word for why there was none.
    pub answer: String,
}

impl State {
    /// The answer that this trigger was given before.
    #[must_use]
    pub fn answer_to(&self, trigger: &Trigger) -> Option<&Handled> {
        let subject = digest(&[&trigger.subject], 16);
        self.handled.iter().find(|handled| handled.subject == subject)
    }

    /// Remembers the answer to a trigger, and forgets what no redelivery can bring back.
    pub fn remember(&mut self, trigger: &Trigger, answer: &str, at: Timestamp) {
        self.handled.push(Handled { subject: digest(&[&trigger.subject], 16), at, answer: answer.to_owned() });
        let old = self.handled.iter().filter(|handled| at.duration_since(handled.at) >= REMEMBERED).count();
        let surplus = old.max(self.handled.len().saturating_sub(REMEMBERED_AT_MOST));
        self.forgotten = self.handled.drain(..surplus).map(|handled| handled.at).max().or(self.forgotten);
    }

    /// Takes back what was noted of a run that its engine refused: what asked for it can ask again.
    pub fn take_back(&mut self, incident: &Incident) {
        self.handled.retain(|handled| !handled.answer.ends_with(&incident.id));
        self.starts.retain(|at| *at != incident.opened);
        if incident.trigger.kind == Kind::Drift
            && let Some(streak) = &mut self.streak
        {
            streak.runs = streak.runs.saturating_sub(1);
        }
    }

    /// Whether this monitoring run had its answer.
    #[must_use]
    pub fn has_answered_run(&self, job: &ResourceName) -> bool {
        self.answer_to(&Trigger::new(Kind::Drift, format!("monitoring/{job}"), String::new())).is_some()
    }

    /// Whether a run has begun since, or the one that is on took something in: it answers all that was so
    /// by then. What a limit refused answers nothing.
    #[must_use]
    pub fn has_answered_since(&self, time: Timestamp) -> bool {
        let joined = |handled: &Handled| handled.at >= time && handled.answer.starts_with(JOINED);
        self.last_begun().is_some_and(|begun| begun >= time) || self.handled.iter().any(joined)
    }

    /// Holds an alarm's drift back; of one alarm, its newest transition.
    pub fn hold(&mut self, trigger: Trigger, since: Timestamp) {
        self.held.retain(|held| held.trigger.alarm() != trigger.alarm());
        self.held.push(Held { trigger, since });
    }

    /// Parks what a person waits for. A commit goes before an image or a request, since its run answers
    /// them too: it gets the newest image.
    pub fn park(&mut self, trigger: Trigger) {
        self.waiting = Some(match self.waiting.take() {
            Some(before) if before.kind == Kind::Build && trigger.kind != Kind::Build => {
                Trigger { over_budget: before.over_budget || trigger.over_budget, ..before }
            }
            before => Trigger {
                over_budget: trigger.over_budget || before.is_some_and(|before| before.over_budget),
                ..trigger
            },
        });
    }

    /// When the last run was begun, as far as is remembered.
    #[must_use]
    pub fn last_begun(&self) -> Option<Timestamp> {
        self.begun.or_else(|| self.starts.last().copied())
    }

    /// When the cool-down ends, if it is still on: it counts from the end of the last run.
    #[must_use]
    pub fn cooling_until(&self, cool_down: SignedDuration, now: Timestamp) -> Option<Timestamp> {
        let until = self.ended?.saturating_add(cool_down).ok()?;
        (until > now).then_some(until)
    }

    /// Takes on record that there is drift. After a budget's window without any, it is another one.
    pub fn hear_of_drift(&mut self, limits: &Limits, now: Timestamp) {
        self.streak = self.streak.take().filter(|streak| now.duration_since(streak.last) < limits.budget.per);
        self.see_drift(now);
    }

    /// Takes on record that the drift is there: it is the same, however long ago it was heard of.
    pub fn see_drift(&mut self, now: Timestamp) {
        let streak = self.streak.take().unwrap_or(Streak { since: now, last: now, runs: 0 });
        self.streak = Some(Streak { last: now, ..streak });
    }

    /// The drift that so many runs did not end that no more are started: the circuit is open. A
    /// budget's window after the last run's end it lets one through.
    #[must_use]
    pub fn in_vain(&self, limits: &Limits, now: Timestamp) -> Option<&Streak> {
        let recent = self.ended.is_some_and(|at| now.duration_since(at) < limits.budget.per);
        self.streak.as_ref().filter(|streak| streak.runs >= limits.circuit_breaker_threshold && recent)
    }

    /// How many runs were started within the budget's window.
    #[must_use]
    pub fn spent(&self, budget: &Budget, now: Timestamp) -> usize {
        self.starts.iter().filter(|at| now.duration_since(**at) < budget.per).count()
    }

    /// Takes a run into the budget's count.
    pub fn spend(&mut self, budget: &Budget, now: Timestamp) {
        self.starts.retain(|at| now.duration_since(*at) < budget.per);
        self.starts.push(now);
    }
}
