//! The rate limiter as README.md (the table of what starts a run, and the policy's keys) and
//! docs/reliability.md promise it: whole hours, plain numbers, and no code of the function.

use std::collections::{BTreeMap, BTreeSet};

/// Hours since the beginning.
pub type Hour = i64;

/// `[retrain]`'s limits, in hours.
#[derive(Debug, Clone)]
pub struct Rules {
    pub cool_down: Hour,
    pub runs: usize,
    pub per: Hour,
    pub circuit_breaker_threshold: u32,
    pub quiet: Hour,
    pub longest: Hour,
    pub at_least: usize,
    pub data_cools_down: bool,
    pub every: Option<Hour>,
}

/// What starts a run.
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
    /// The word of the README's table; an image's is its policy key's.
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

    /// A person waits for it, and has changed something: the drift after it is another drift.
    fn is_a_persons(self) -> bool {
        matches!(self, Self::Build | Self::Image | Self::Operator)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    CoolDown,
    Circuit,
    Budget,
}

/// What people hear of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A run began; of a commit, where one asked.
    Started(Why, Option<u8>),
    /// The trigger waits for the run that is on, or is answered by it.
    Joined,
    /// A limit keeps the trigger from a run.
    Held(Limit),
    /// A run ended.
    Ended { well: bool },
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What it is about: the same for each delivery of it.
    pub about: String,
    pub why: Why,
    pub commit: Option<u8>,
    pub over_budget: bool,
    /// The alarm, where one tells of it: it can be looked at again.
    pub alarm: Option<usize>,
}

#[derive(Debug, Default, Clone)]
pub struct AlarmIs {
    pub on: bool,
    pub since: Hour,
}

#[derive(Debug)]
struct Gathered {
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
    pub alarms: Vec<AlarmIs>,
    /// Whether the run that is on has ended, and how, though nobody may have heard of it.
    pub running: Option<Option<bool>>,
    /// The newest image's number.
    pub image: Option<u8>,
    /// The image that each run was given.
    pub given: Vec<Option<u8>>,
    waiting: Option<Ask>,
    answered: BTreeSet<String>,
    /// The last time a run began, or took a trigger in.
    covered: Option<Hour>,
    begun: Vec<Hour>,
    ended: Option<Hour>,
    held: BTreeMap<usize, String>,
    gathered: Option<Gathered>,
    counting: Option<Hour>,
    budget_was_told: bool,
    drift_runs: u32,
    drift_heard: Option<Hour>,
    /// How many drifts there were that nothing had ended before the next was heard of.
    pub drifts: usize,
}

impl Reference {
    pub fn new(rules: Rules, alarms: usize) -> Self {
        Self {
            rules,
            now: 0,
            alarms: vec![AlarmIs::default(); alarms],
            running: None,
            image: None,
            given: Vec::new(),
            waiting: None,
            answered: BTreeSet::new(),
            covered: None,
            begun: Vec::new(),
            ended: None,
            held: BTreeMap::new(),
            gathered: None,
            counting: None,
            budget_was_told: false,
            drift_runs: 0,
            drift_heard: None,
            drifts: 0,
        }
    }

    /// When the next limit ends, or wait is over: the moments that dedup key.
    pub fn edges(&self) -> Vec<Hour> {
        let rules = &self.rules;
        let of_the_end = self.ended.iter().flat_map(|ended| [ended + rules.cool_down, ended + rules.per]);
        let of_starts = self.begun.iter().map(|begun| begun + rules.per);
        let of_data = self.gathered.iter().flat_map(|data| [data.last + rules.quiet, data.first + rules.longest]);
        let of_drift = self.drift_heard.map(|heard| heard + rules.per);
        let of_the_calendar = rules.every.and_then(|every| Some(self.begun.last().copied().or(self.counting)? + every));
        let all = of_the_end.chain(of_starts).chain(of_data).chain(of_drift).chain(of_the_calendar);
        let mut edges: Vec<Hour> = all.filter(|edge| *edge > self.now).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    /// Which message a limit's is: one for as long as the same limit holds.
    pub fn episode(&self, limit: Limit) -> Option<Hour> {
        match limit {
            Limit::CoolDown => self.ended,
            Limit::Budget => self.begun.last().copied(),
            Limit::Circuit => Hour::try_from(self.drifts).ok(),
        }
    }

    fn limit(&self, why: Why, over_budget: bool) -> Option<Limit> {
        let since_end = self.ended.map(|ended| self.now - ended);
        let cooling = since_end.is_some_and(|hours| hours < self.rules.cool_down);
        let tried = since_end.is_some_and(|hours| hours < self.rules.per);
        let spent = self.begun.iter().filter(|begun| self.now - **begun < self.rules.per).count() >= self.rules.runs;
        match why {
            Why::Drift if cooling => Some(Limit::CoolDown),
            Why::Drift if self.drift_runs >= self.rules.circuit_breaker_threshold && tried => Some(Limit::Circuit),
            Why::Data | Why::Features if self.rules.data_cools_down && cooling => Some(Limit::CoolDown),
            _ => (spent && !over_budget).then_some(Limit::Budget),
        }
    }

    fn start(&mut self, why: Why, commit: Option<u8>) -> Incoming {
        self.begun.push(self.now);
        self.given.push(self.image);
        self.covered = Some(self.now);
        match why {
            Why::Drift => self.drift_runs += 1,
            _ if why.is_a_persons() => {
                self.drift_runs = 0;
                self.drift_heard = None;
            }
            _ => {}
        }
        self.held.clear();
        self.gathered = None;
        self.budget_was_told = false;
        self.running = Some(None);
        Incoming::Started(why, commit)
    }

    /// A trigger comes: did we already, is a run on, may we.
    pub fn ask(&mut self, ask: Ask) -> Vec<Incoming> {
        if !self.answered.insert(ask.about.clone()) {
            return vec![];
        }
        if ask.why == Why::Drift {
            let goes_on = self.drift_heard.is_some_and(|heard| self.now - heard < self.rules.per);
            if !goes_on {
                self.drift_runs = 0;
                self.drifts += 1;
            }
            self.drift_heard = Some(self.now);
        }
        if self.running.is_some() {
            self.covered = Some(self.now);
            if ask.why.is_a_persons() {
                self.park(ask);
            }
            return vec![Incoming::Joined];
        }
        match self.limit(ask.why, ask.over_budget) {
            None => vec![self.start(ask.why, ask.commit)],
            Some(limit) => {
                self.held.extend(ask.alarm.map(|alarm| (alarm, ask.about)));
                vec![Incoming::Held(limit)]
            }
        }
    }

    /// A commit's run has the newest image and answers a person, too: it is not displaced by them.
    fn park(&mut self, ask: Ask) {
        let before = self.waiting.take();
        let over_budget = ask.over_budget || before.as_ref().is_some_and(|before| before.over_budget);
        let stays = before.filter(|before| before.why == Why::Build && ask.why != Why::Build);
        self.waiting = Some(Ask { over_budget, ..stays.unwrap_or(ask) });
    }

    /// A pushed image asks for a run, unless a newer one is known.
    pub fn push(&mut self, number: u8) -> Vec<Incoming> {
        if self.image.is_some_and(|newest| newest > number) {
            return vec![];
        }
        self.image = Some(number);
        let about = format!("image {number}");
        self.ask(Ask { about, why: Why::Image, commit: None, over_budget: false, alarm: None })
    }

    /// An object of this time is told of: it waits, unless a run has begun since.
    pub fn object(&mut self, number: u8, why: Why, at: Hour) {
        if self.begun.last().is_some_and(|begun| at < *begun) {
            return;
        }
        let now = self.now;
        let data =
            self.gathered.get_or_insert_with(|| Gathered { why, first: now, last: now, objects: BTreeSet::new() });
        data.last = now;
        data.objects.insert((number, why.word()));
    }

    /// The run's end is heard of, or observed: who waited gets the next one, if the budget allows.
    pub fn notice_the_end(&mut self) -> Vec<Incoming> {
        let Some(Some(well)) = self.running else { return vec![] };
        self.running = None;
        self.ended = Some(self.now);
        let mut heard = vec![Incoming::Ended { well }];
        if let Some(ask) = self.waiting.take() {
            heard.push(match self.limit(ask.why, ask.over_budget) {
                None => self.start(ask.why, ask.commit),
                Some(limit) => Incoming::Held(limit),
            });
        }
        heard
    }

    /// One finding of a look, and whether there was any.
    pub fn look(&mut self) -> Vec<Incoming> {
        if !self.held.is_empty() {
            if !self.held.keys().any(|alarm| self.alarms[*alarm].on) {
                self.held.clear();
                return vec![];
            }
            // It has been there all the time: it is the same drift.
            if self.running.is_none() && self.limit(Why::Drift, false).is_none() {
                self.drift_heard = Some(self.now);
                return vec![self.start(Why::Drift, None)];
            }
        }
        let nobody_answered = |alarm: &AlarmIs| alarm.on && self.covered.is_none_or(|covered| covered < alarm.since);
        let about = |alarm: usize| format!("alarm {alarm} at {}", self.alarms[alarm].since);
        let unheard = (0..self.alarms.len())
            .find(|alarm| nobody_answered(&self.alarms[*alarm]) && !self.answered.contains(&about(*alarm)));
        if let Some(alarm) = unheard {
            return self.ask(Ask::alarm(about(alarm), alarm));
        }
        self.look_for_what_waits()
    }

    fn look_for_what_waits(&mut self) -> Vec<Incoming> {
        if self.running.is_some() {
            return vec![];
        }
        let rules = &self.rules;
        let ripe = self.gathered.as_ref().filter(|data| {
            let rests = self.now - data.last >= rules.quiet || self.now - data.first >= rules.longest;
            rests && data.objects.len() >= rules.at_least
        });
        if let Some(why) = ripe.map(|data| data.why) {
            match self.limit(why, false) {
                None => return vec![self.start(why, None)],
                Some(Limit::Budget) if !self.budget_was_told => {
                    self.budget_was_told = true;
                    return vec![Incoming::Held(Limit::Budget)];
                }
                Some(_) => {}
            }
        }
        let Some(every) = rules.every else { return vec![] };
        let Some(from) = self.begun.last().copied().or(self.counting) else {
            self.counting = Some(self.now);
            return vec![];
        };
        if self.now - from < every {
            return vec![];
        }
        match self.limit(Why::Schedule, false) {
            None => vec![self.start(Why::Schedule, None)],
            Some(_) if !self.budget_was_told => {
                self.budget_was_told = true;
                vec![Incoming::Held(Limit::Budget)]
            }
            Some(_) => vec![],
        }
    }
}

impl Ask {
    /// An alarm went off.
    pub fn alarm(about: String, alarm: usize) -> Self {
        Self { about, why: Why::Drift, commit: None, over_budget: false, alarm: Some(alarm) }
    }
}
