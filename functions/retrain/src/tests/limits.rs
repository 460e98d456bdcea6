//! The limits: for any sequence of events, the published facts are exactly those that an independent model of the
//! promises ([`reference`]) allows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use trimtab_core::fact::Fact;

use super::*;
use reference::{Hour, Limit, Published, Reference, Rules, Trigger, Why};
use steps::{Sent, Step, rules, step};

mod reference;
mod steps;

/// The number of sequences, and the largest number of steps of one.
const CASES: u32 = 96;
const MAX_STEPS: usize = 70;

/// The seed, unless `LIMITS_SEED` names another.
const SEED: u64 = 14;

const ALARMS: [&str; 2] = ["churn-prod-data-drift-a", "churn-prod-bias-drift"];

fn hours(number: Hour) -> SignedDuration {
    SignedDuration::from_hours(number)
}

/// The function beside the reference.
struct Pair {
    stage: Rig,
    reference: Reference,
    /// The past events, to be delivered again.
    past: Vec<(Sent, Value)>,
    names: u32,
    /// The dedup key of each occurrence of a limit.
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
            (data.debounce, data.max_wait) = (hours(rules.debounce), hours(rules.max_wait));
            data.min_objects = u32::try_from(rules.min_objects).unwrap();
            data.cool_down = rules.cool_down_for_data;
        });
        stage.remove_alarm();
        for policy in stage.world.ledger.contents().policies.values_mut() {
            policy.reconcile.as_mut().unwrap().training = hours(1_000_000);
            // Tables that this function does not read take time to copy.
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
        self.stage.set_others(actuals);
    }

    /// A number that no other event of this sequence has.
    fn fresh(&mut self) -> u32 {
        self.names += 1;
        self.names
    }

    /// Plays one step; a step that does not apply does nothing.
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
            Step::End { how, arrives } => self.end(how, arrives)?,
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
            // A reconcile has one finding: the next one finds the next.
            Step::Reconcile => {
                for _ in 0..3 {
                    self.deliver(&Sent::Reconcile, &reconcile::reconcile_request())?;
                }
            }
            Step::Alarm { arrives, .. } => {
                let (sent, event) = self.trigger(step);
                self.send(sent, event, arrives)?;
            }
            _ => {
                let (sent, event) = self.trigger(step);
                self.send(sent, event, true)?;
            }
        }
        Ok(())
    }

    /// The event of a step that triggers a run.
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
                let event = operator_request::requested(Some(&id), over_budget, &time);
                (Sent::Trigger(Trigger { over_budget, ..trigger_of(id, Why::Operator) }), event)
            }
            Step::Object { number, in_feature_group } => {
                let (folder, why) = match in_feature_group {
                    true => ("offline-store/churn-features-1795166530/data", Why::Features),
                    false => ("features", Why::Data),
                };
                let event = data_debounce::object(&format!("{folder}/{number}.parquet"), &time);
                (Sent::Object { number, why, at: self.reference.now }, event)
            }
            _ => {
                let number = u8::try_from(self.fresh()).unwrap();
                let trigger = Trigger { commit: Some(number), ..trigger_of(format!("commit {number}"), Why::Build) };
                (Sent::Trigger(trigger), request_for(&format!("{number:040x}")))
            }
        };
        event["time"] = json!(time);
        (sent, event)
    }

    fn find_violations(&mut self) -> Result<(), TestCaseError> {
        let time = self.time();
        let job = format!("model-monitoring-{}", self.fresh());
        self.stage.services.monitoring().run = Some(MonitoringRun {
            job: ResourceName::parse(&job).unwrap(),
            schedule: ScheduleName::parse("churn-prod-data-quality").unwrap(),
            violated: true,
            ended: Some(time.parse().unwrap()),
            report: None,
        });
        let event = monitored::ended_job_of(&job, "Completed");
        let sent = self.deliver(&Sent::Trigger(trigger_of(job, Why::Drift)), &event);
        self.stage.services.monitoring().run = None;
        sent
    }

    fn end(&mut self, how: u8, arrives: bool) -> Result<(), TestCaseError> {
        let (Some(None), Some((_, run))) = (self.reference.running, self.stage.started().pop()) else { return Ok(()) };
        let (status, word) =
            [(RunStatus::Succeeded, "Succeeded"), (RunStatus::Failed, "Failed"), (RunStatus::Stopped, "Stopped")]
                [usize::from(how)]
            .clone();
        self.reference.running = Some(Some(status == RunStatus::Succeeded));
        self.stage.services.training().ends.insert(run.to_string(), status);
        self.send(Sent::End, ended(&run, word), arrives)
    }

    fn send(&mut self, sent: Sent, event: Value, arrives: bool) -> Result<(), TestCaseError> {
        let outcome = if arrives { self.deliver(&sent, &event) } else { Ok(()) };
        // The end of an earlier run is not delivered again: it is no event of the next run.
        if !matches!(sent, Sent::End) {
            self.past.push((sent, event));
        }
        outcome
    }

    /// Delivers the event to both, and compares what they publish.
    fn deliver(&mut self, sent: &Sent, event: &Value) -> Result<(), TestCaseError> {
        // For an object, the function observes nothing, so it finds no end of a run.
        let mut expected = match sent {
            Sent::Object { .. } => vec![],
            _ => self.reference.observe_end(),
        };
        expected.extend(match sent.clone() {
            Sent::Alarm { which, since } if self.reference.alarms[which].on => {
                self.reference.receive(Trigger::alarm(format!("alarm {which} at {since}"), which))
            }
            Sent::Alarm { .. } | Sent::End => vec![],
            Sent::Trigger(trigger) => self.reference.receive(trigger),
            Sent::Image(number) => self.reference.push_image(number),
            Sent::Object { number, why, at } => {
                self.reference.object(number, why, at);
                vec![]
            }
            Sent::Reconcile => self.reference.reconcile(),
        });
        self.stage.try_react(event).map_err(|failure| TestCaseError::fail(failure.to_string()))?;
        let facts: Vec<Fact> = self.stage.services.take_facts();
        let published: Vec<Published> = facts.iter().map(published).collect();
        if published != expected {
            let promise = broken_promise(&expected, &published);
            return Err(TestCaseError::fail(format!(
                "{promise}\n  model churn, at hour {}, on {sent:?}\n  promised: {expected:?}\n  but: {published:?}",
                self.reference.now
            )));
        }
        self.compare_runs(&expected)?;
        self.compare_dedup_keys(&facts)
    }

    /// Compares the started runs: their reason, their commit and the newest image.
    fn compare_runs(&mut self, expected: &[Published]) -> Result<(), TestCaseError> {
        let runs = self.stage.started().split_off(self.runs);
        self.runs += runs.len();
        let parameter = |request: &RunRequest, name: &str| request.parameters.get(name).cloned();
        let actual: Vec<_> =
            runs.iter().map(|(run, _)| ["Reason", "Commit", "Image"].map(|name| parameter(run, name))).collect();
        let started = expected.iter().filter_map(|published| match published {
            Published::Started(why, commit) => {
                Some((why.word().to_owned(), commit.map(|number| format!("{number:040x}"))))
            }
            _ => None,
        });
        let images =
            self.reference.images_of_runs.split_off(self.reference.images_of_runs.len().min(self.runs - runs.len()));
        let promised = started.zip(&images).map(|((why, commit), image)| [Some(why), commit, image.map(image::uri)]);
        let promised: Vec<_> = promised.collect();
        self.reference.images_of_runs.extend(images);
        prop_assert_eq!(actual, promised, "a run gets its reason, its commit and the newest image");
        Ok(())
    }

    /// Compares the dedup keys: one message for as long as the same limit applies, and another for another limit.
    fn compare_dedup_keys(&mut self, facts: &[Fact]) -> Result<(), TestCaseError> {
        for fact in facts {
            let Published::Refused(limit) = published(fact) else { continue };
            let episode = (limit, self.reference.episode(limit));
            let known = self.dedup_keys.entry(episode).or_insert_with(|| fact.dedup_key());
            prop_assert_eq!(&fact.dedup_key(), known, "one message for as long as the same limit applies");
            let same = |(other, dedup_key): (&(Limit, Option<Hour>), &String)| {
                *other != episode && *dedup_key == fact.dedup_key()
            };
            let reused = limit != Limit::Budget && self.dedup_keys.iter().any(same);
            prop_assert!(!reused, "a limit that applies again is reported again: {} {episode:?}", fact.dedup_key());
        }
        Ok(())
    }
}

fn trigger_of(about: String, why: Why) -> Trigger {
    Trigger { about, why, commit: None, over_budget: false, alarm: None }
}

/// The fact as the reference expects it.
fn published(fact: &Fact) -> Published {
    let detail = |name: &str| fact.details.text(name);
    let all = [Why::Drift, Why::Build, Why::Image, Why::Operator, Why::Data, Why::Features, Why::Schedule];
    match (fact.kind, detail("limit")) {
        (FactKind::TrainingStarted, _) => {
            let why = all.into_iter().find(|why| Some(why.word()) == detail("trigger")).unwrap();
            Published::Started(why, detail("commit").map(|commit| u8::from_str_radix(&commit[38..], 16).unwrap()))
        }
        (FactKind::TrainingTriggerMerged, _) => Published::Merged,
        (FactKind::CircuitOpened, Some("circuit_open")) => Published::Refused(Limit::Circuit),
        (FactKind::TrainingSkipped, Some("cool_down")) => Published::Refused(Limit::CoolDown),
        (FactKind::TrainingSkipped, Some("budget")) => Published::Refused(Limit::Budget),
        (FactKind::TrainingSucceeded, _) => Published::Ended { succeeded: true },
        (FactKind::TrainingFailed, _) => Published::Ended { succeeded: false },
        other => panic!("an unexpected fact {other:?}: {fact:?}"),
    }
}

/// The promise that the first difference breaks.
fn broken_promise(expected: &[Published], published: &[Published]) -> &'static str {
    let at = expected.iter().zip(published).take_while(|(one, other)| one == other).count();
    match (expected.get(at), published.get(at)) {
        (Some(Published::Refused(Limit::CoolDown)), _) => {
            "cool-down: after the end of any run, drift starts none for as long"
        }
        (Some(Published::Refused(Limit::Circuit)), _) => {
            "circuit breaker: after circuit_breaker_threshold runs for one drift, one per window"
        }
        (Some(Published::Refused(Limit::Budget)), _) => {
            "budget: no more runs within the window, whatever triggers them"
        }
        (Some(Published::Merged), _) => "one run at a time: a trigger during a run is merged or queued",
        (Some(Published::Ended { .. }), _) => "the end of a run closes the incident, and its outcome is reported",
        (Some(Published::Started(..)), Some(Published::Refused(_))) => {
            "a limit applies only while it lasts, and only to its triggers"
        }
        (Some(Published::Started(..)), _) => {
            "a trigger that waited for a limit, for the end of a run or for more data gets its run"
        }
        (None, _) => "one run per incident: a handled or undue trigger starts no run and is not reported",
    }
}

#[test]
fn limiter_agrees_with_reference_for_any_sequence() {
    let seed = std::env::var("LIMITS_SEED").map_or(SEED, |text| text.parse().unwrap());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let sequences = (rules(), prop::collection::vec(step(), 1..MAX_STEPS));
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
