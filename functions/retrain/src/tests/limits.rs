//! The rate limiter: whatever comes in whatever order, people hear of exactly the runs that an
//! independent model of the promises ([`reference`]) allows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use trimtab_core::fact::Fact;

use super::*;
use reference::{Ask, Hour, Incoming, Limit, Reference, Rules, Why};
use steps::{Sent, Step, rules, step};

mod reference;
mod steps;

/// How many sequences are played, and how long one is at most.
const CASES: u32 = 96;
const LONGEST: usize = 70;

/// The seed, unless `LIMITS_SEED` names another.
const SEED: u64 = 14;

const ALARMS: [&str; 2] = ["churn-prod-data-drift-a", "churn-prod-bias-drift"];

fn hours(number: Hour) -> SignedDuration {
    SignedDuration::from_hours(number)
}

/// The function beside the reference.
struct Pair {
    stage: Stage,
    reference: Reference,
    /// What came, to be delivered again.
    past: Vec<(Sent, Value)>,
    names: u32,
    /// The message of each limit's episode.
    dedup_keys: BTreeMap<(Limit, Option<Hour>), String>,
    runs: usize,
}

impl Pair {
    fn new(rules: &Rules) -> Self {
        let stage = stage_with(|retrain| {
            retrain.cool_down = hours(rules.cool_down);
            retrain.budget.runs = u32::try_from(rules.runs).unwrap();
            retrain.budget.per = hours(rules.per);
            retrain.circuit_breaker_threshold = rules.circuit_breaker_threshold;
            retrain.every = rules.every.map(hours);
            retrain.alarms = ALARMS.map(|name| AlarmName::parse(name).unwrap()).into();
            let data = retrain.data.as_mut().unwrap();
            (data.debounce, data.max_wait) = (hours(rules.quiet), hours(rules.longest));
            data.min_objects = u32::try_from(rules.at_least).unwrap();
            data.cool_down = rules.data_cools_down;
        });
        *stage.cloud.alarm.lock().unwrap() = None;
        for policy in stage.world.ledger.contents().policies.values_mut() {
            policy.reconcile.as_mut().unwrap().training = hours(1_000_000);
            // What this function does not read costs time to copy.
            (policy.monitor, policy.deploy, policy.evaluate) = (None, None, None);
        }
        let reference = Reference::new(rules.clone(), ALARMS.len());
        Self { stage, reference, past: vec![], names: 0, dedup_keys: BTreeMap::new(), runs: 0 }
    }

    fn time(&self) -> String {
        let noon: Timestamp = NOON.parse().unwrap();
        (noon + hours(self.reference.now)).to_string()
    }

    fn wait_until(&mut self, hour: Hour) {
        self.reference.now = hour;
        self.stage.world.clock.set(NOON.parse::<Timestamp>().unwrap() + hours(hour));
    }

    fn set_alarm(&mut self, which: usize, on: bool) {
        self.reference.alarms[which].on = on;
        if on {
            self.reference.alarms[which].since = self.reference.now;
        }
        let state = |on: bool| if on { AlarmState::Alarm } else { AlarmState::Ok };
        let drift = [DriftKind::DataQuality, DriftKind::Bias];
        let actuals = self.reference.alarms.iter().enumerate().map(|(which, alarm)| ObservedAlarm {
            since: Some(NOON.parse::<Timestamp>().unwrap() + hours(alarm.since)),
            ..drift::actual(ALARMS[which], Some(drift[which]), state(alarm.on))
        });
        *self.stage.cloud.others.lock().unwrap() = actuals.collect();
    }

    /// A word that no other event of this sequence has.
    fn fresh(&mut self) -> u32 {
        self.names += 1;
        self.names
    }

    /// Plays one step; one that does not apply is none.
    fn play(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Wait(hours) => self.wait_until(self.reference.now + Hour::from(hours)),
            Step::WaitForEdge { which, early } => {
                let edges = self.reference.edges();
                if let Some(edge) = edges.get(usize::from(which) % edges.len().max(1)) {
                    self.wait_until((edge - Hour::from(early)).max(self.reference.now));
                }
            }
            Step::Recover(which) => self.set_alarm(which, false),
            Step::Violations => self.find_violations()?,
            Step::End { how, comes } => self.end(how, comes)?,
            Step::EarlyEnd => {
                if let (Some(None), Some((_, run))) = (self.reference.running, self.stage.started().last()) {
                    self.send(Sent::End, ended(run, "Succeeded"), true)?;
                }
            }
            Step::Again(which) => {
                if let Some((sent, event)) = self.past.get(usize::from(which) % self.past.len().max(1)).cloned() {
                    self.deliver(&sent, &event)?;
                }
            }
            // A look has one finding: the next one finds the next.
            Step::Look => {
                for _ in 0..3 {
                    self.deliver(&Sent::Look, &reconcile::look())?;
                }
            }
            Step::Alarm { comes, .. } => {
                let (sent, event) = self.trigger(step);
                self.send(sent, event, comes)?;
            }
            _ => {
                let (sent, event) = self.trigger(step);
                self.send(sent, event, true)?;
            }
        }
        Ok(())
    }

    /// The event of a step that asks for a run.
    fn trigger(&mut self, step: Step) -> (Sent, Value) {
        let time = self.time();
        let (sent, mut event) = match step {
            Step::Alarm { which, .. } => {
                self.set_alarm(which, true);
                let mut event = alarm_at(&time);
                event["resources"] = json!([drift::arn(ALARMS[which])]);
                event["detail"]["alarmName"] = json!(ALARMS[which]);
                (Sent::Alarm { which, since: self.reference.now }, event)
            }
            Step::Image { newer } => {
                let newest = self.reference.image.unwrap_or(1);
                let number = if newer { newest + 1 } else { newest.saturating_sub(1) };
                (Sent::Image(number), image::image("Training Requested", number, &image::uri(number)))
            }
            Step::Operator { over_budget } => {
                let id = format!("request {}", self.fresh());
                let event = operator_request::asked(Some(&id), over_budget, &time);
                (Sent::Ask(Ask { over_budget, ..ask(id, Why::Operator) }), event)
            }
            Step::Object { number, of_a_group } => {
                let (folder, why) = match of_a_group {
                    true => ("offline-store/churn-features-1795166530/data", Why::Features),
                    false => ("features", Why::Data),
                };
                let event = data_debounce::object(&format!("{folder}/{number}.parquet"), &time);
                (Sent::Object { number, why, at: self.reference.now }, event)
            }
            _ => {
                let number = u8::try_from(self.fresh()).unwrap();
                let ask = Ask { commit: Some(number), ..ask(format!("commit {number}"), Why::Build) };
                (Sent::Ask(ask), request_for(&format!("{number:040x}")))
            }
        };
        event["time"] = json!(time);
        (sent, event)
    }

    fn find_violations(&mut self) -> Result<(), TestCaseError> {
        let time = self.time();
        let job = format!("model-monitoring-{}", self.fresh());
        *self.stage.cloud.monitored.lock().unwrap() = Some(MonitoringRun {
            job: ResourceName::parse(&job).unwrap(),
            schedule: ScheduleName::parse("churn-prod-data-quality").unwrap(),
            violated: true,
            ended: Some(time.parse().unwrap()),
            report: None,
        });
        let event = monitored::ended_job_of(&job, "Completed");
        let sent = self.deliver(&Sent::Ask(ask(job, Why::Drift)), &event);
        *self.stage.cloud.monitored.lock().unwrap() = None;
        sent
    }

    fn end(&mut self, how: u8, comes: bool) -> Result<(), TestCaseError> {
        let (Some(None), Some((_, run))) = (self.reference.running, self.stage.started().pop()) else { return Ok(()) };
        let (status, word) =
            [(RunStatus::Succeeded, "Succeeded"), (RunStatus::Failed, "Failed"), (RunStatus::Stopped, "Stopped")]
                [usize::from(how)]
            .clone();
        self.reference.running = Some(Some(status == RunStatus::Succeeded));
        self.stage.cloud.ends.lock().unwrap().insert(run.to_string(), status);
        self.send(Sent::End, ended(&run, word), comes)
    }

    fn send(&mut self, sent: Sent, event: Value, comes: bool) -> Result<(), TestCaseError> {
        let outcome = if comes { self.deliver(&sent, &event) } else { Ok(()) };
        // The end of a run that is over says nothing about the next.
        if !matches!(sent, Sent::End) {
            self.past.push((sent, event));
        }
        outcome
    }

    /// Both hear of the event; what they come to is compared.
    fn deliver(&mut self, sent: &Sent, event: &Value) -> Result<(), TestCaseError> {
        // Nothing is asked of AWS for an object, so that no end is seen.
        let mut expected = match sent {
            Sent::Object { .. } => vec![],
            _ => self.reference.notice_the_end(),
        };
        expected.extend(match sent.clone() {
            Sent::Alarm { which, since } if self.reference.alarms[which].on => {
                self.reference.ask(Ask::alarm(format!("alarm {which} at {since}"), which))
            }
            Sent::Alarm { .. } | Sent::End => vec![],
            Sent::Ask(ask) => self.reference.ask(ask),
            Sent::Image(number) => self.reference.push(number),
            Sent::Object { number, why, at } => {
                self.reference.object(number, why, at);
                vec![]
            }
            Sent::Look => self.reference.look(),
        });
        self.stage.try_react(event).map_err(|failure| TestCaseError::fail(failure.to_string()))?;
        let facts: Vec<Fact> = std::mem::take(&mut self.stage.world.bus).facts();
        let heard: Vec<Incoming> = facts.iter().map(heard).collect();
        if heard != expected {
            let promise = broken(&expected, &heard);
            return Err(TestCaseError::fail(format!(
                "{promise}\n  model churn, at hour {}, on {sent:?}\n  promised: {expected:?}\n  but: {heard:?}",
                self.reference.now
            )));
        }
        self.compare_runs(&expected)?;
        self.compare_matters(&facts)
    }

    /// What was told to have begun has begun, under its word, with its commit and the newest image.
    fn compare_runs(&mut self, expected: &[Incoming]) -> Result<(), TestCaseError> {
        let runs = self.stage.started().split_off(self.runs);
        self.runs += runs.len();
        let given = |request: &RunRequest, name: &str| request.parameters.get(name).cloned();
        let told: Vec<_> =
            runs.iter().map(|(run, _)| ["Reason", "Commit", "Image"].map(|name| given(run, name))).collect();
        let started = expected.iter().filter_map(|heard| match heard {
            Incoming::Started(why, commit) => {
                Some((why.word().to_owned(), commit.map(|number| format!("{number:040x}"))))
            }
            _ => None,
        });
        let images = self.reference.given.split_off(self.reference.given.len().min(self.runs - runs.len()));
        let promised = started.zip(&images).map(|((why, commit), image)| [Some(why), commit, image.map(image::uri)]);
        let promised: Vec<_> = promised.collect();
        self.reference.given.extend(images);
        prop_assert_eq!(told, promised, "a run is told its reason, its commit and the newest image");
        Ok(())
    }

    /// An alarm that goes off all night is one message, and what another limit holds is another.
    fn compare_matters(&mut self, facts: &[Fact]) -> Result<(), TestCaseError> {
        for fact in facts {
            let Incoming::Held(limit) = heard(fact) else { continue };
            let episode = (limit, self.reference.episode(limit));
            let known = self.dedup_keys.entry(episode).or_insert_with(|| fact.dedup_key.clone());
            prop_assert_eq!(&fact.dedup_key, known, "one message for as long as the same limit holds");
            let same = |(other, dedup_key): (&(Limit, Option<Hour>), &String)| {
                *other != episode && *dedup_key == fact.dedup_key
            };
            let reused = limit != Limit::Budget && self.dedup_keys.iter().any(same);
            prop_assert!(!reused, "a limit that holds anew is told anew: {} {episode:?}", fact.dedup_key);
        }
        Ok(())
    }
}

fn ask(about: String, why: Why) -> Ask {
    Ask { about, why, commit: None, over_budget: false, alarm: None }
}

/// What people hear by this fact.
fn heard(fact: &Fact) -> Incoming {
    let detail = |name: &str| fact.details.get(name).map(String::as_str);
    let all = [Why::Drift, Why::Build, Why::Image, Why::Operator, Why::Data, Why::Features, Why::Schedule];
    match (fact.kind, detail("limit")) {
        (FactKind::TrainingStarted, _) => {
            let why = all.into_iter().find(|why| Some(why.word()) == detail("trigger")).unwrap();
            Incoming::Started(why, detail("commit").map(|commit| u8::from_str_radix(&commit[38..], 16).unwrap()))
        }
        (FactKind::TrainingTriggerMerged, _) => Incoming::Joined,
        (FactKind::CircuitOpened, Some("circuit_open")) => Incoming::Held(Limit::Circuit),
        (FactKind::TrainingSkipped, Some("cool_down")) => Incoming::Held(Limit::CoolDown),
        (FactKind::TrainingSkipped, Some("budget")) => Incoming::Held(Limit::Budget),
        (FactKind::TrainingSucceeded, _) => Incoming::Ended { well: true },
        (FactKind::TrainingFailed, _) => Incoming::Ended { well: false },
        other => panic!("nobody is to hear of {other:?}: {fact:?}"),
    }
}

/// The promise that the first difference breaks.
fn broken(expected: &[Incoming], heard: &[Incoming]) -> &'static str {
    let at = expected.iter().zip(heard).take_while(|(one, other)| one == other).count();
    match (expected.get(at), heard.get(at)) {
        (Some(Incoming::Held(Limit::CoolDown)), _) => "cool-down: for so long after any run's end nothing is started",
        (Some(Incoming::Held(Limit::Circuit)), _) => {
            "circuit: after circuit_breaker_threshold drift runs in vain, one per window"
        }
        (Some(Incoming::Held(Limit::Budget)), _) => "budget: no more runs within the window, whoever asks",
        (Some(Incoming::Joined), _) => "coalescing: one run at a time, and what comes during it is told so",
        (Some(Incoming::Ended { .. }), _) => "an end closes the incident, and is told as what it was",
        (Some(Incoming::Started(..)), Some(Incoming::Held(_))) => {
            "a limit holds only while it lasts, and for what it is for"
        }
        (Some(Incoming::Started(..)), _) => "what waited for a limit, for a run's end or for more data gets its run",
        (None, _) => "one run per incident: what was answered, or is not due, starts nothing and is not told",
    }
}

#[test]
fn limiter_agrees_with_reference_for_any_sequence() {
    let seed = std::env::var("LIMITS_SEED").map_or(SEED, |text| text.parse().unwrap());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let sequences = (rules(), prop::collection::vec(step(), 1..LONGEST));
    let outcome = runner.run(&sequences, |(rules, steps)| {
        let mut pair = Pair::new(&rules);
        steps.into_iter().try_for_each(|step| pair.play(step))
    });
    let replay =
        format!("replay: LIMITS_SEED={seed} cargo nextest run -p retrain --no-default-features limiter_agrees");
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, sequence)) => panic!("{reason}\n  {replay}\n  shortest sequence: {sequence:#?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}\n  {replay}"),
    }
}
