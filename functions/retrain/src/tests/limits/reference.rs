//! The limits as the documentation promises them: whole hours, plain numbers, and no code of the function.

use std::collections::{BTreeMap, BTreeSet};

/// Hours since the first step.
pub type Hour = i64;

/// `[retrain]`'s limits, in hours.
#[derive(Debug, Clone)]
pub struct Rules {
    pub cool_down: Hour,
    pub runs: usize,
    pub per: Hour,
    pub circuit_breaker_threshold: u32,
    pub debounce: Hour,
    pub max_wait: Hour,
    pub min_objects: usize,
    pub cool_down_for_data: bool,
    pub every: Option<Hour>,
}

/// The kinds of trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Drift,
    Build,
    Image,
    Operator,
    Data,
    Features,
    Schedule,
}

impl Why {
    /// The word in facts and parameters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Build => "build",
            Self::Image => "image",
            Self::Operator => "operator",
            Self::Data => "data",
            Self::Features => "features",
            Self::Schedule => "schedule",
        }
    }

    /// Whether the trigger changes what is trained: drift after its run is another drift.
    fn needs_own_run(self) -> bool {
        matches!(self, Self::Build | Self::Image | Self::Operator)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    CoolDown,
    Circuit,
    Budget,
}

/// A fact that one event leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// A run was started; with the commit of its trigger.
    Started(Why, Option<u8>),
    /// The trigger was merged into the run in progress, or queued.
    Merged,
    /// A limit refused the trigger.
    Refused(Limit),
    /// A run ended.
    Ended { succeeded: bool },
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The subject: the same for every delivery.
    pub about: String,
    pub why: Why,
    pub commit: Option<u8>,
    pub over_budget: bool,
    /// The alarm, if one reported it: it can be read again.
    pub alarm: Option<usize>,
}

#[derive(Debug, Default, Clone)]
pub struct Alarm {
    pub on: bool,
    pub since: Hour,
}

#[derive(Debug)]
struct Batch {
    why: Why,
    first: Hour,
    last: Hour,
    objects: BTreeSet<(u8, &'static str)>,
}

/// One model's training.
#[derive(Debug)]
pub struct Reference {
    rules: Rules,
    pub now: Hour,
    pub alarms: Vec<Alarm>,
    /// The run in progress, and whether it ended and succeeded, although its event may be missing.
    pub running: Option<Option<bool>>,
    /// The newest image's number.
    pub image: Option<u8>,
    /// The image of each run.
    pub images_of_runs: Vec<Option<u8>>,
    queued: Option<Trigger>,
    handled: BTreeSet<String>,
    /// The last time a run began, or took a trigger in.
    covered: Option<Hour>,
    started: Vec<Hour>,
    ended: Option<Hour>,
    deferred: BTreeMap<usize, String>,
    batch: Option<Batch>,
    schedule_from: Option<Hour>,
    budget_reported: bool,
    drift_runs: u32,
    last_drift: Option<Hour>,
    /// The number of separate drifts.
    pub drifts: usize,
}

impl Reference {
    pub fn new(rules: Rules, alarms: usize) -> Self {
        Self {
            rules,
            now: 0,
            alarms: vec![Alarm::default(); alarms],
            running: None,
            image: None,
            images_of_runs: Vec::new(),
            queued: None,
            handled: BTreeSet::new(),
            covered: None,
            started: Vec::new(),
            ended: None,
            deferred: BTreeMap::new(),
            batch: None,
            schedule_from: None,
            budget_reported: false,
            drift_runs: 0,
            last_drift: None,
            drifts: 0,
        }
    }

    /// The hours at which a limit or a wait ends.
    pub fn edges(&self) -> Vec<Hour> {
        let rules = &self.rules;
        let of_the_end = self.ended.iter().flat_map(|ended| [ended + rules.cool_down, ended + rules.per]);
        let of_starts = self.started.iter().map(|started| started + rules.per);
        let of_data = self.batch.iter().flat_map(|data| [data.last + rules.debounce, data.first + rules.max_wait]);
        let of_drift = self.last_drift.map(|last| last + rules.per);
        let of_the_schedule =
            rules.every.and_then(|every| Some(self.started.last().copied().or(self.schedule_from)? + every));
        let all = of_the_end.chain(of_starts).chain(of_data).chain(of_drift).chain(of_the_schedule);
        let mut edges: Vec<Hour> = all.filter(|edge| *edge > self.now).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    /// Identifies the occurrence of a limit: one for as long as the same limit applies.
    pub fn episode(&self, limit: Limit) -> Option<Hour> {
        match limit {
            Limit::CoolDown => self.ended,
            Limit::Budget => self.started.last().copied(),
            Limit::Circuit => Hour::try_from(self.drifts).ok(),
        }
    }

    fn limit(&self, why: Why, over_budget: bool) -> Option<Limit> {
        let since_end = self.ended.map(|ended| self.now - ended);
        let cooling = since_end.is_some_and(|hours| hours < self.rules.cool_down);
        let probed = since_end.is_some_and(|hours| hours < self.rules.per);
        let spent =
            self.started.iter().filter(|started| self.now - **started < self.rules.per).count() >= self.rules.runs;
        match why {
            Why::Drift if cooling => Some(Limit::CoolDown),
            Why::Drift if self.drift_runs >= self.rules.circuit_breaker_threshold && probed => Some(Limit::Circuit),
            Why::Data | Why::Features if self.rules.cool_down_for_data && cooling => Some(Limit::CoolDown),
            _ => (spent && !over_budget).then_some(Limit::Budget),
        }
    }

    fn start(&mut self, why: Why, commit: Option<u8>) -> Published {
        self.started.push(self.now);
        self.images_of_runs.push(self.image);
        self.covered = Some(self.now);
        match why {
            Why::Drift => self.drift_runs += 1,
            _ if why.needs_own_run() => {
                self.drift_runs = 0;
                self.last_drift = None;
            }
            _ => {}
        }
        self.deferred.clear();
        self.batch = None;
        self.budget_reported = false;
        self.running = Some(None);
        Published::Started(why, commit)
    }

    /// A trigger is received.
    pub fn receive(&mut self, trigger: Trigger) -> Vec<Published> {
        if !self.handled.insert(trigger.about.clone()) {
            return vec![];
        }
        if trigger.why == Why::Drift {
            let goes_on = self.last_drift.is_some_and(|last| self.now - last < self.rules.per);
            if !goes_on {
                self.drift_runs = 0;
                self.drifts += 1;
            }
            self.last_drift = Some(self.now);
        }
        if self.running.is_some() {
            self.covered = Some(self.now);
            if trigger.why.needs_own_run() {
                self.queue(trigger);
            }
            return vec![Published::Merged];
        }
        match self.limit(trigger.why, trigger.over_budget) {
            None => vec![self.start(trigger.why, trigger.commit)],
            Some(limit) => {
                self.deferred.extend(trigger.alarm.map(|alarm| (alarm, trigger.about)));
                vec![Published::Refused(limit)]
            }
        }
    }

    /// The run of a commit gets the newest image and serves operators as well: they do not replace it.
    fn queue(&mut self, trigger: Trigger) {
        let before = self.queued.take();
        let over_budget = trigger.over_budget || before.as_ref().is_some_and(|before| before.over_budget);
        let stays = before.filter(|before| before.why == Why::Build && trigger.why != Why::Build);
        self.queued = Some(Trigger { over_budget, ..stays.unwrap_or(trigger) });
    }

    /// A pushed image triggers a run, unless a newer one is recorded.
    pub fn push_image(&mut self, number: u8) -> Vec<Published> {
        if self.image.is_some_and(|newest| newest > number) {
            return vec![];
        }
        self.image = Some(number);
        let about = format!("image {number}");
        self.receive(Trigger { about, why: Why::Image, commit: None, over_budget: false, alarm: None })
    }

    /// An object of this time is received: it waits, unless a run was started since.
    pub fn object(&mut self, number: u8, why: Why, at: Hour) {
        if self.started.last().is_some_and(|started| at < *started) {
            return;
        }
        let now = self.now;
        let data = self.batch.get_or_insert_with(|| Batch { why, first: now, last: now, objects: BTreeSet::new() });
        data.last = now;
        data.objects.insert((number, why.word()));
    }

    /// The end of the run is observed: the queued trigger gets the next run, if the budget allows.
    pub fn observe_end(&mut self) -> Vec<Published> {
        let Some(Some(succeeded)) = self.running else { return vec![] };
        self.running = None;
        self.ended = Some(self.now);
        let mut published = vec![Published::Ended { succeeded }];
        if let Some(trigger) = self.queued.take() {
            published.push(match self.limit(trigger.why, trigger.over_budget) {
                None => self.start(trigger.why, trigger.commit),
                Some(limit) => Published::Refused(limit),
            });
        }
        published
    }

    /// One finding of a reconcile.
    pub fn reconcile(&mut self) -> Vec<Published> {
        if !self.deferred.is_empty() {
            if !self.deferred.keys().any(|alarm| self.alarms[*alarm].on) {
                self.deferred.clear();
                return vec![];
            }
            // The alarm fired all the time: it is the same drift.
            if self.running.is_none() && self.limit(Why::Drift, false).is_none() {
                self.last_drift = Some(self.now);
                return vec![self.start(Why::Drift, None)];
            }
        }
        let is_missed = |alarm: &Alarm| alarm.on && self.covered.is_none_or(|covered| covered < alarm.since);
        let about = |alarm: usize| format!("alarm {alarm} at {}", self.alarms[alarm].since);
        let missed = (0..self.alarms.len())
            .find(|alarm| is_missed(&self.alarms[*alarm]) && !self.handled.contains(&about(*alarm)));
        if let Some(alarm) = missed {
            return self.receive(Trigger::alarm(about(alarm), alarm));
        }
        self.start_waiting()
    }

    fn start_waiting(&mut self) -> Vec<Published> {
        if self.running.is_some() {
            return vec![];
        }
        let rules = &self.rules;
        let ready = self.batch.as_ref().filter(|data| {
            let waited = self.now - data.last >= rules.debounce || self.now - data.first >= rules.max_wait;
            waited && data.objects.len() >= rules.min_objects
        });
        if let Some(why) = ready.map(|data| data.why) {
            match self.limit(why, false) {
                None => return vec![self.start(why, None)],
                Some(Limit::Budget) if !self.budget_reported => {
                    self.budget_reported = true;
                    return vec![Published::Refused(Limit::Budget)];
                }
                Some(_) => {}
            }
        }
        let Some(every) = rules.every else { return vec![] };
        let Some(from) = self.started.last().copied().or(self.schedule_from) else {
            self.schedule_from = Some(self.now);
            return vec![];
        };
        if self.now - from < every {
            return vec![];
        }
        match self.limit(Why::Schedule, false) {
            None => vec![self.start(Why::Schedule, None)],
            Some(_) if !self.budget_reported => {
                self.budget_reported = true;
                vec![Published::Refused(Limit::Budget)]
            }
            Some(_) => vec![],
        }
    }
}

impl Trigger {
    /// The transition of an alarm to ALARM.
    pub fn alarm(about: String, alarm: usize) -> Self {
        Self { about, why: Why::Drift, commit: None, over_budget: false, alarm: Some(alarm) }
    }
}
