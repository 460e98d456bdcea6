//! The incident, the limits it stands under, and what the ledger keeps of both.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_core::event::DriftKind;
use trimtab_core::name::{AlarmArn, CommitId, ImageUri, ModelName, RunId};
use trimtab_core::policy::{Budget, Retrain as Limits};
use trimtab_core::port::ml::RunRequest;
use trimtab_core::text::digest;

/// How long a handled trigger is remembered: longer than any redelivery of it (EventBridge 24 h,
/// queues 14 days).
const REMEMBERED: SignedDuration = SignedDuration::from_hours(60 * 24);

/// How many handled triggers are remembered at most, so that the record stays small.
const REMEMBERED_AT_MOST: usize = 500;

/// Why a run is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// What it is about, the same for every delivery of it: an alarm's transition, a commit.
    pub subject: String,
    /// One word for the incident's id: `drift`, `build` or `image`.
    pub kind: Kind,
    /// The reason, in words.
    pub reason: String,
    /// The commit to train, where one asks.
    pub commit: Option<CommitId>,
}

impl Trigger {
    /// An alarm's transition.
    #[must_use]
    pub fn of_alarm(arn: &AlarmArn, name: &str, drift: DriftKind, since: Timestamp) -> Self {
        Self {
            subject: format!("alarm/{arn}@{since}"),
            kind: Kind::Drift,
            reason: format!("{drift} drift: alarm {name} since {since}"),
            commit: None,
        }
    }

    /// Whether it is a transition of this alarm.
    #[must_use]
    pub fn is_of(&self, alarm: &AlarmArn) -> bool {
        self.subject
            .strip_prefix("alarm/")
            .is_some_and(|rest| rest.rsplit_once('@').is_some_and(|(arn, _)| arn == alarm.as_str()))
    }
}

/// The kinds of trigger; they differ in which limits hold for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The world moved: cool-down and budget hold.
    Drift,
    /// A person pushed code: only the budget holds.
    Build,
    /// A person pushed an image: as for code.
    Image,
}

impl Kind {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Build => "build",
            Self::Image => "image",
        }
    }
}

/// One matter that is answered with one run.
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

    /// The matter that facts about it carry.
    #[must_use]
    pub fn matter(&self) -> String {
        format!("incident/{}", self.id)
    }
}

/// What the ledger keeps for a model's training.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The incident that is open.
    pub incident: Option<Incident>,
    /// The newest commit, or else image, that asked while a run was on; it gets the next run.
    pub waiting: Option<Trigger>,
    /// When the last run ended.
    pub ended: Option<Timestamp>,
    /// The image that runs get.
    #[serde(default)]
    pub image: Option<Image>,
    /// Drift that no run has ended yet.
    #[serde(default)]
    pub streak: Option<Streak>,
    /// Drift that a limit kept from a run; it gets one if it is still there when the limit ends.
    #[serde(default)]
    pub held: Option<Held>,
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

    /// The commit waits for the run that is on to end. A commit's run gets the newest image too, so an
    /// image takes no commit's place.
    pub fn wait(&mut self, trigger: Trigger) {
        let commit_waits = self.waiting.as_ref().is_some_and(|waiting| waiting.commit.is_some());
        if trigger.commit.is_some() || !commit_waits {
            self.waiting = Some(trigger);
        }
    }

    /// When the cool-down ends, if it is still on: it counts from the end of the last run.
    #[must_use]
    pub fn cooling_until(&self, cool_down: SignedDuration, now: Timestamp) -> Option<Timestamp> {
        let until = self.ended?.saturating_add(cool_down).ok()?;
        (until > now).then_some(until)
    }

    /// Takes on record that there is drift. After a budget's window without any, it is another one.
    pub fn hear_of_drift(&mut self, limits: &Limits, now: Timestamp) {
        let goes_on = self.streak.take().filter(|streak| now.duration_since(streak.last) < limits.budget.per);
        self.streak = Some(Streak { last: now, ..goes_on.unwrap_or(Streak { since: now, last: now, runs: 0 }) });
    }

    /// The drift that so many runs did not end that no more are started: the circuit is open. A
    /// budget's window after the last run's end it lets one through.
    #[must_use]
    pub fn in_vain(&self, limits: &Limits, now: Timestamp) -> Option<&Streak> {
        let recent = self.ended.is_some_and(|at| now.duration_since(at) < limits.budget.per);
        self.streak.as_ref().filter(|streak| streak.runs >= limits.give_up_after && recent)
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
