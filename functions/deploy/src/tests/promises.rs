//! Random events against random worlds: `deploy` makes the calls and publishes the facts of the reference model.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use trimtab_fake::UpdateFault;
use trimtab_fake::sagemaker_endpoints::Outcome;

use super::fleet::{HUB, MODEL, STAGING, accounts, lifecycle, take_effects};
use super::reference::{self, Facts, Gate, Package, Rules};
use super::*;

mod steps;

use steps::Step;

/// The options of a run's policy.
#[derive(Debug, Clone, Copy)]
struct Options {
    staged: bool,
    rollback: bool,
    canary: bool,
    gate: Gate,
    smoke: bool,
}

const STAGES: [&str; 3] = ["dev", "staging", "prod"];

impl Options {
    fn rules(self, at: usize) -> Rules {
        let (account, endpoint, gate) = match (self.staged, at) {
            (false, _) => (HUB, "loans", Gate::Open),
            (true, 0) => (HUB, "loans-dev", Gate::Open),
            (true, 1) => (STAGING, "loans", self.gate),
            (true, _) => (HUB, "loans", Gate::Manual),
        };
        let (rollback, canary) = (self.rollback, self.canary);
        let of = if self.staged { 3 } else { 1 };
        let smoke = self.smoke && self.staged && at == 1;
        Rules { account, endpoint, gate, rollback, canary, smoke, scales: at + 1 == of, at, of }
    }

    fn endpoint(self, at: usize, table: &str) -> String {
        let Rules { account, endpoint, canary, scales, .. } = self.rules(at);
        let canary = if canary {
            format!("[{table}.canary]\npercent = 10\nbake_time = \"10m\"\nalarms = [\"loans-5xx\"]\n")
        } else {
            String::new()
        };
        let scaling = if scales {
            format!("[{table}.autoscaling]\nmin = 1\nmax = 4\ninvocations_per_instance = 100\n")
        } else {
            String::new()
        };
        format!(
            "[{table}]\nname = \"{endpoint}\"\nrole = \"arn:aws:iam::{account}:role/loans-endpoint\"\n\
             instance_type = \"ml.m5.large\"\ninstances = 2\n{canary}{scaling}"
        )
    }

    fn stage(self, at: usize) -> String {
        let rules = self.rules(at);
        let gate = match rules.gate {
            Gate::Open => "\"none\"",
            Gate::Manual => "\"manual\"",
            Gate::Lifecycle => "{ lifecycle = \"Staging\" }",
        };
        let account = match rules.account {
            HUB => String::new(),
            other => format!("account = {{ role = \"arn:aws:iam::{other}:role/trimtab-stage-loans\" }}\n"),
        };
        let smoke = if rules.smoke { "smoke_test = { body = \"1\" }\n" } else { "" };
        let endpoint = self.endpoint(at, "deploy.stages.endpoint");
        format!("[[deploy.stages]]\nname = \"{}\"\ngate = {gate}\n{account}{smoke}{endpoint}", STAGES[at])
    }

    fn policy(self) -> Policy {
        let answer = if self.rollback { "rollback" } else { "notify" };
        let target = match self.staged {
            true => (0..3).map(|at| self.stage(at)).collect(),
            false => self.endpoint(0, "deploy.endpoint"),
        };
        parse(&format!(
            "version = 1\nmodel = \"{MODEL}\"\nowner = \"a@example.com\"\npackage_group = \"{MODEL}\"\n\
             [deploy]\non_rejected = \"{answer}\"\n{target}[reconcile]\n"
        ))
    }
}

/// `deploy` and the reference, side by side.
struct Run {
    options: Options,
    rig: Rig,
    facts: Facts,
    stages: Vec<reference::Stage>,
    /// Requests of stages on the bus: it may deliver them with a delay, repeatedly, and in any order.
    mail: Vec<trimtab_core::fact::Fact>,
    published: usize,
    /// The facts that were published already, by kind and dedup key.
    turns: BTreeSet<(FactKind, String)>,
}

/// The kinds that are published once for each attempt: readers ignore a second fact with the same dedup key.
const ONCE: [FactKind; 5] = [
    FactKind::RolloutStarted,
    FactKind::RolloutSucceeded,
    FactKind::RolloutRolledBack,
    FactKind::SmokeTestFailed,
    FactKind::PackageRejected,
];

impl Run {
    fn new(options: Options) -> Self {
        let count = if options.staged { 3 } else { 1 };
        Self {
            options,
            rig: rig_of([options.policy()]),
            facts: Facts::default(),
            stages: (0..count).map(|at| reference::Stage::new(options.rules(at))).collect(),
            mail: vec![],
            published: 0,
            turns: BTreeSet::new(),
        }
    }

    fn accounts(&self) -> [Services; 2] {
        accounts(&self.rig.services)
    }

    fn tick(&self, seconds: i64) {
        self.rig.wait(SignedDuration::from_secs(seconds));
        self.accounts().iter().for_each(|account| account.endpoints().now = Some(self.rig.now()));
    }

    /// One event, as Lambda delivers it: again after a transient failure.
    fn react(&self, account: &str, kind: &str, source: &str, age: i64, detail: &Value) {
        let time = self.rig.now() - SignedDuration::from_secs(age);
        let event = json!({"version": "0", "id": "e", "source": source, "detail-type": kind, "account": account,
            "region": "eu-west-1", "time": time.to_string(), "resources": [], "detail": detail});
        for _ in 0..3 {
            if self.rig.0.try_react(&event).is_ok() {
                return;
            }
            self.tick(61);
        }
        panic!("an event was given back three times: {event}");
    }

    fn fact(&self, kind: &str, dedup_key: &str, details: &Value) {
        let detail = json!({"version": 1, "model": MODEL, "dedup_key": dedup_key, "at": NOON, "details": details});
        self.react(HUB, kind, "trimtab", 0, &detail);
    }

    fn stage_of(&self, fact: &trimtab_core::fact::Fact) -> usize {
        let named = fact.details.text("stage").filter(|_| self.options.staged);
        named.and_then(|name| STAGES.iter().position(|stage| *stage == name)).unwrap_or_default()
    }

    /// The facts since the last step, without repetitions of a dedup key.
    fn news(&mut self) -> Result<Vec<(FactKind, usize, u32)>, String> {
        let facts = self.rig.world.bus.facts();
        let new: Vec<_> = facts.into_iter().skip(self.published).collect();
        self.published += new.len();
        let mut observed = BTreeSet::new();
        let mut news = vec![];
        for fact in new {
            if !observed.insert((fact.kind, fact.dedup_key())) {
                continue;
            }
            let version = fact.details.text("version").and_then(|version| version.parse().ok());
            let named = fact.kind != FactKind::RollbackRefused;
            news.push((fact.kind, self.stage_of(&fact), version.filter(|_| named).unwrap_or_default()));
            if fact.kind.is_request() {
                self.mail.push(fact);
            } else if ONCE.contains(&fact.kind) && !self.turns.insert((fact.kind, fact.dedup_key())) {
                return Err(format!(
                    "promise: no message is taken for a copy of another\nagain: {} {}",
                    fact.kind.as_str(),
                    fact.dedup_key()
                ));
            }
        }
        news.sort_unstable();
        Ok(news)
    }

    /// One step in both; an error names the promise that broke.
    fn step(&mut self, step: &Step) -> Result<(), String> {
        let before = self.stages.clone();
        self.tick(1);
        let lost = self.facts.luck == Some(UpdateFault::Lost);
        step.play(self);
        let (luck, left) = (self.rig.services.update_fault(), self.facts.luck);
        let mut calls = take_effects(&self.rig.services);
        if lost {
            // What was requested before the response was lost is requested again, and found.
            let mut observed = BTreeSet::new();
            calls.retain(|call| observed.insert(call.clone()));
        }
        let news = self.news()?;
        let expected: Vec<_> = self.stages.iter_mut().flat_map(|stage| std::mem::take(&mut stage.calls)).collect();
        let mut published: Vec<_> =
            self.stages.iter_mut().flat_map(|stage| std::mem::take(&mut stage.published)).collect();
        published.sort_unstable();
        published.dedup();
        if calls != expected {
            let promise = self.promise(&before, &calls, &expected);
            return Err(format!("promise: {promise}\nasked for: {calls:?}\nexpected:  {expected:?}"));
        }
        if news != published {
            let promise = "every change of a rollout is published once, with its kind";
            return Err(format!("promise: {promise}\npublished: {news:?}\nexpected: {published:?}"));
        }
        (luck == left).then_some(()).ok_or_else(|| "the two worlds went apart: the test is wrong".to_owned())
    }

    /// The promise that is broken by a call that is missing or superfluous.
    fn promise(
        &self,
        before: &[reference::Stage],
        calls: &[(String, String)],
        expected: &[(String, String)],
    ) -> String {
        let texts = |of: &[(String, String)]| of.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
        if texts(calls) == texts(expected) {
            return "each call is made in the stage's own account".to_owned();
        }
        let surplus = calls.iter().find(|call| !expected.contains(call));
        let Some((account, text)) = surplus else {
            return "nothing is lost: what is approved, or must be rolled back, is requested".to_owned();
        };
        let version = text.split(" v").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or(0);
        let stage = before
            .iter()
            .find(|stage| stage.rules.account == account && text.split(' ').any(|word| word == stage.rules.endpoint));
        let package = self.facts.get(version);
        let after = stage.map(|stage| &self.stages[stage.rules.at]);
        let newer = after.and_then(reference::Stage::newest).is_some_and(|newest| newest > version);
        let promise = match stage {
            Some(stage) if stage.is_moving() && stage.on.is_some() => "one rollout of a stage at a time",
            Some(stage) if stage.is_rejected(version) => "a rollback never goes to a version that was rejected",
            _ if package.approved != Some(true) => "only what the registry calls Approved goes out",
            _ if !package.completed => "only a Completed package goes out",
            Some(stage) if stage.rules.at > 0 && !stage.offered.contains(&version) => {
                "a version enters a stage only after it was live in the stage before and the gate let it"
            }
            _ if newer => "no older version goes out over a newer approval",
            _ => "each version is deployed once, in order",
        };
        promise.to_owned()
    }
}

fn options(staged: bool) -> impl Strategy<Value = Options> {
    let gate = prop_oneof![Just(Gate::Open), Just(Gate::Manual), Just(Gate::Lifecycle)];
    (prop::bool::weighted(0.8), any::<bool>(), gate, any::<bool>()).prop_map(move |(rollback, canary, gate, smoke)| {
        Options { staged, rollback, canary: canary && !staged, gate, smoke }
    })
}

/// Plays random runs. `PROPTEST_RNG_SEED` and `PROPTEST_CASES` choose others.
fn check(staged: bool, cases: u32, length: usize) {
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(14);
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..Config::default()
    };
    let steps = prop::collection::vec(steps::any_step(staged), 1..length);
    let outcome = TestRunner::new(config).run(&(options(staged), steps), |(options, steps)| {
        let mut run = Run::new(options);
        for (at, step) in steps.iter().enumerate() {
            let answer = run.step(step);
            answer
                .map_err(|why| TestCaseError::fail(format!("{why}\nmodel: {MODEL}\nevent: number {at}, {step:?}")))?;
        }
        Ok(())
    });
    if let Err(TestError::Fail(why, (options, steps))) = outcome {
        let steps: String = steps.iter().map(|step| format!("  {step:?}\n")).collect();
        panic!(
            "{why}\npolicy: {options:?}\nshortest run:\n{steps}seed: {seed}, {cases} cases; to replay: \
             PROPTEST_RNG_SEED={seed} PROPTEST_CASES={cases} cargo nextest run -p deploy --no-default-features promises"
        );
    }
    outcome.unwrap();
}

#[test]
fn rollouts_of_one_stage_follow_the_reference_model() {
    check(false, 600, 24);
}

#[test]
fn stages_and_gates_follow_the_reference_model() {
    check(true, 400, 40);
}
