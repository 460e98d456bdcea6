//! Pushes, proposals, merges, deletions and the ends of builds in any order, received once or repeatedly, with calls that fail:
//! after each step the services hold exactly the model's state.

mod model;

use jiff::SignedDuration;
use proptest::prelude::*;
use trimtab_core::name::PullRequestId;

use self::model::{Branch, Event, Model, Of, Rules};
use super::pipeline::ended as execution_ended;
use super::pull_request_build::proposed;
use super::reconcile::asked;
use super::*;

/// What happens next. Numbers choose among what is there; small ones, so that a failing case is soon made small.
#[derive(Debug, Clone, Copy)]
enum Step {
    Push(Branch),
    Delete(Branch),
    Propose,
    Amend(usize),
    /// Fast-forward: the merge is the proposed commit itself.
    Merge {
        pull: usize,
        fast_forward: bool,
    },
    Close(usize),
    End {
        build: usize,
        well: bool,
        is_anonymous: bool,
    },
    Receive {
        event: usize,
        again: bool,
        fault: Option<(usize, Fault)>,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let branch = prop_oneof![4 => Just(Branch::Main), 2 => Just(Branch::Release), 1 => Just(Branch::Feature)];
    let fault = prop_oneof![Just(Fault::Throttled), Just(Fault::Lost)];
    let step = prop_oneof![
        4 => branch.clone().prop_map(Step::Push),
        1 => branch.prop_map(Step::Delete),
        2 => Just(Step::Propose),
        1 => (0..8usize).prop_map(Step::Amend),
        2 => (0..8usize, any::<bool>()).prop_map(|(pull, fast_forward)| Step::Merge { pull, fast_forward }),
        1 => (0..8usize).prop_map(Step::Close),
        5 => ((0..8usize, any::<bool>()), prop::bool::weighted(0.2))
            .prop_map(|((build, well), is_anonymous)| Step::End { build, well, is_anonymous }),
        12 => (0..8usize, prop::bool::weighted(0.3), prop::option::weighted(0.3, (0..7usize, fault)))
            .prop_map(|(event, again, fault)| Step::Receive { event, again, fault }),
    ];
    prop::collection::vec(step, 1..40)
}

fn commit(number: u32) -> CommitId {
    CommitId::parse(&format!("{number:08x}{}", "c".repeat(32))).unwrap()
}

fn name(branch: Branch) -> &'static str {
    match branch {
        Branch::Main => "main",
        Branch::Release => "release",
        Branch::Feature => "feature/x",
    }
}

/// The function and the model, side by side.
struct Pair {
    stage: Rig,
    model: Model,
    /// The events that were not received yet.
    events: Vec<Event>,
}

impl Pair {
    fn new(rules: Rules) -> Self {
        let mut text = CHURN.replace(r#"branches = ["main"]"#, r#"branches = ["main", "release"]"#);
        if rules.by_pipeline {
            let delivery = r#"codepipeline = { name = "churn-integration", source = "Source", variable = "Commit" }"#;
            text = text.replace(r#"project = "churn-build""#, delivery);
        }
        let stage = stage_of(Policy::parse("churn.toml", &text).unwrap());
        stage.set_head(None);
        if !rules.has_definition {
            stage.change_rules(|rules| rules.definition = None);
        }
        Self { stage, model: Model::new(rules), events: Vec::new() }
    }

    fn push(&mut self, branch: Branch, commit: u32) {
        *self.model.head(branch) = Some(commit);
        self.events.push(Event::Pushed { branch, commit });
    }

    fn open_pull(&self, number: usize) -> Option<usize> {
        let open = self.model.pulls.iter().enumerate().filter(|(_, pull)| pull.is_open).map(|(pull, _)| pull);
        let open: Vec<usize> = open.collect();
        open.get(number.checked_rem(open.len())?).copied()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Push(branch) => {
                let commit = self.model.new_commit();
                self.push(branch, commit);
            }
            Step::Delete(branch) => {
                let before = self.model.head(branch).take();
                self.events.extend(before.map(|commit| Event::Deleted { branch, commit }));
            }
            Step::Propose => {
                let (commit, pull) = (self.model.new_commit(), self.model.pulls.len());
                self.model.pulls.push(model::Pull { is_open: true, source: commit, merged: None });
                self.events.push(Event::Proposed { pull, commit });
            }
            Step::Amend(number) => {
                if let Some(pull) = self.open_pull(number) {
                    let commit = self.model.new_commit();
                    self.model.pulls[pull].source = commit;
                    self.events.push(Event::Proposed { pull, commit });
                }
            }
            Step::Merge { pull: number, fast_forward } => {
                if let Some(pull) = self.open_pull(number) {
                    let new = self.model.new_commit();
                    let commit = if fast_forward { self.model.pulls[pull].source } else { new };
                    self.model.pulls[pull].is_open = false;
                    self.model.pulls[pull].merged = Some(commit);
                    self.push(Branch::Main, commit);
                    self.events.push(Event::Merged { pull, commit });
                }
            }
            Step::Close(number) => {
                if let Some(pull) = self.open_pull(number) {
                    self.model.pulls[pull].is_open = false;
                    self.events.push(Event::Closed { pull, commit: self.model.pulls[pull].source });
                }
            }
            Step::End { build: number, well, is_anonymous } => {
                let on: Vec<usize> =
                    (0..self.model.builds.len()).filter(|at| self.model.builds[*at].end.is_none()).collect();
                if let Some(build) = number.checked_rem(on.len()).map(|at| on[at]) {
                    self.model.builds[build].end = Some(well);
                    self.events.push(Event::Ended { build, is_anonymous });
                }
            }
            Step::Receive { event: number, again, fault } => {
                if let Some(at) = number.checked_rem(self.events.len()) {
                    let event = if again { self.events[at] } else { self.events.remove(at) };
                    self.receive(event, fault);
                }
            }
        }
    }

    fn receive(&mut self, event: Event, fault: Option<(usize, Fault)>) {
        self.show();
        let raw = self.event(event);
        let known = self.stage.cloud.facts().len();
        self.stage.cloud.fail_call(fault);
        if self.stage.try_react(&raw).is_err() {
            assert!(fault.is_some(), "{event:?} failed, and no call did");
            // Lambda's first retry.
            self.stage.world.clock.set(self.stage.world.clock.now() + SignedDuration::from_secs(60));
            self.stage.try_react(&raw).unwrap();
        }
        self.stage.cloud.fail_call(None);
        let next = self.model.receive(event);
        let facts = self.stage.cloud.facts().split_off(known);
        let requests = facts.iter().filter(|fact| fact.kind == FactKind::BuildRequested);
        let mut requests: Vec<Event> = requests.map(|fact| self.request(fact)).collect();
        // A request whose response was lost is published again.
        requests.dedup();
        assert_eq!(requests, Vec::from_iter(next), "{event:?} leads to other requests");
        self.events.extend(next);
        self.compare(event);
    }

    /// Gives the services the model's state.
    fn show(&self) {
        let cloud = &self.stage.cloud;
        cloud.codecommit().heads.clear();
        for branch in [Branch::Main, Branch::Release, Branch::Feature] {
            let head = self.model.heads[branch as usize].map(commit);
            cloud.codecommit().heads.extend(head.map(|head| (format!("churn-model {}", name(branch)), head)));
        }
        let pull = |(number, pull): (usize, &model::Pull)| {
            let (source, target) = (Some(commit(pull.source)), Some(commit(0)));
            let destination = BranchName::parse("main").ok();
            let merged = pull.merged.map(commit);
            (number.to_string(), ObservedPullRequest { open: pull.is_open, merged, source, target, destination })
        };
        cloud.codecommit().pulls = self.model.pulls.iter().enumerate().map(pull).collect();
        for number in 0..self.model.builds.len() {
            let Some(well) = self.model.builds[number].end else { continue };
            let status = if well { BuildStatus::Succeeded } else { BuildStatus::Failed };
            let at = self.in_service(number);
            if self.is_execution(number) {
                cloud.codepipeline().builds[at].1 = CodePipelineState::parse(status.as_str());
            } else {
                cloud.codebuild().builds[at].1 = status;
            }
        }
    }

    fn is_execution(&self, build: usize) -> bool {
        self.model.rules.by_pipeline && self.model.builds[build].of == Of::Branch
    }

    /// Which of its service's builds it is.
    fn in_service(&self, build: usize) -> usize {
        let same = |other: &usize| self.is_execution(*other) == self.is_execution(build);
        (0..build).filter(same).count()
    }

    fn compare(&self, event: Event) {
        let (started, executions, all) = (self.stage.builds(), self.stage.executions(), self.stage.cloud.facts());
        let Model { builds, trained, failed, comments, definitions, deletions, .. } = &self.model;
        let built = started.iter().map(|request| (request.project.to_string(), request.commit.clone()));
        let executed = executions.iter().map(|request| (request.pipeline.to_string(), request.commit.clone()));
        let wanted = |is_execution: bool| {
            let ours = (0..builds.len()).filter(move |build| self.is_execution(*build) == is_execution);
            ours.map(|build| (self.builder(build), commit(builds[build].commit))).collect::<Vec<_>>()
        };
        assert_eq!(built.collect::<Vec<_>>(), wanted(false), "{event:?}: each pushed head is built once, exactly");
        assert_eq!(executed.collect::<Vec<_>>(), wanted(true), "{event:?}: each pushed head is built once, exactly");
        let published = |kind: FactKind| {
            let facts = all.iter().filter(move |fact| fact.kind == kind);
            facts.map(|fact| fact.details.text("commit").unwrap().to_owned()).collect::<std::collections::BTreeSet<_>>()
        };
        let ids =
            |commits: &std::collections::BTreeSet<u32>| commits.iter().map(|one| commit(*one).to_string()).collect();
        assert_eq!(
            published(FactKind::TrainingRequested),
            ids(trained),
            "{event:?}: only a branch's build that succeeded trains"
        );
        assert_eq!(published(FactKind::BuildFailed), ids(failed), "{event:?}: a failed build is reported");
        let deleted = deletions.iter().map(|(_, one)| commit(*one).to_string()).collect();
        assert_eq!(published(FactKind::BranchDeleted), deleted, "{event:?}: a deleted branch is reported");
        let defined: Vec<_> = self.stage.cloud.pipelines().definitions.iter().map(|one| one.commit.clone()).collect();
        let wanted: Vec<_> = definitions.iter().map(|one| commit(*one)).collect();
        assert_eq!(defined, wanted, "{event:?}: only a head defines the pipeline, once");
        let posted: Vec<_> = self
            .stage
            .cloud
            .codecommit()
            .comments
            .iter()
            .map(|one| (one.pull_request.to_string(), read_comment(&one.content)))
            .collect();
        let wanted: Vec<_> =
            comments.iter().map(|(pull, of, well)| (pull.to_string(), (format!("{of:08x}"), *well))).collect();
        assert_eq!(posted, wanted, "{event:?}: the pull request has one comment");
    }

    fn builder(&self, build: usize) -> String {
        match self.model.builds[build].of {
            Of::Pull(_) => "churn-review",
            Of::Branch if self.model.rules.by_pipeline => "churn-integration",
            Of::Branch => "churn-build",
        }
        .to_owned()
    }
}

/// The commit that a comment names, and whether it reports a success.
fn read_comment(content: &str) -> (String, bool) {
    let of = content.split([' ', ':']).find(|word| word.len() == 8 && word.starts_with('0')).unwrap();
    (of.to_owned(), content.contains("succeeded"))
}

impl Pair {
    fn event(&self, event: Event) -> Value {
        match event {
            Event::Pushed { branch, commit: of } => push(name(branch), commit(of).as_str()),
            Event::Deleted { branch, commit: of } => {
                let mut event = push(name(branch), commit(of).as_str());
                event["detail"]["event"] = json!("referenceDeleted");
                event["detail"]["oldCommitId"] = json!(commit(of));
                event
            }
            Event::Proposed { pull, commit: of } => pull_event("pullRequestSourceBranchUpdated", pull, of),
            Event::Closed { pull, commit: of } => {
                let mut event = pull_event("pullRequestStatusChanged", pull, of);
                event["detail"]["pullRequestStatus"] = json!("Closed");
                event
            }
            Event::Merged { pull, .. } => {
                let mut event = pull_event("pullRequestMergeStatusUpdated", pull, self.model.pulls[pull].source);
                event["detail"]["pullRequestStatus"] = json!("Closed");
                event["detail"]["isMerged"] = json!("True");
                event
            }
            Event::Ended { build, .. } if self.is_execution(build) => {
                execution_ended("churn-integration", &format!("execution-{}", self.in_service(build)))
            }
            Event::Ended { build, is_anonymous } => self.build_event(build, is_anonymous),
            Event::Requested { commit: of, merged_from, execution } => {
                let mut details = json!({"commit": commit(of)});
                if let Some(execution) = execution {
                    details["execution"] = json!(format!("execution-{}", self.in_service(execution)));
                }
                if let Some(pull) = merged_from {
                    details["merged"] = json!(pull.to_string());
                    details["branch"] = json!("main");
                }
                asked("Build Requested", &details)
            }
        }
    }

    fn build_event(&self, build: usize, is_anonymous: bool) -> Value {
        let (of, project) = (self.model.builds[build], self.builder(build));
        let mut variables = vec![json!({"name": "TRIMTAB_MODEL", "value": "churn"})];
        if let Of::Pull(pull) = of.of {
            variables.push(json!({"name": "TRIMTAB_PULL_REQUEST", "value": pull.to_string()}));
        }
        if is_anonymous {
            variables.clear();
        }
        let status = if of.end == Some(true) { "SUCCEEDED" } else { "FAILED" };
        let detail = json!({"build-status": status, "project-name": project,
            "build-id": build_id(&project, self.in_service(build)),
            "additional-information": {"source-version": commit(of.commit),
                "environment": {"environment-variables": variables}}});
        event("aws.codebuild", "CodeBuild Build State Change", &detail)
    }

    /// The event to which a request on the bus leads.
    fn request(&self, fact: &trimtab_core::fact::Fact) -> Event {
        let named = |name: &str| fact.details.text(name);
        let number = |text: &str| text.rsplit('-').next().unwrap().parse::<usize>().unwrap();
        let of = u32::from_str_radix(&named("commit").unwrap()[..8], 16).unwrap();
        let execution = named("execution")
            .map(number)
            .map(|at| (0..self.model.builds.len()).filter(|build| self.is_execution(*build)).nth(at).unwrap());
        let merged_from = named("merged").map(|id| number(PullRequestId::parse(id).unwrap().as_str()));
        Event::Requested { commit: of, merged_from, execution }
    }
}

fn pull_event(happened: &str, pull: usize, of: u32) -> Value {
    let mut event = proposed(happened, "main");
    event["detail"]["pullRequestId"] = json!(pull.to_string());
    event["detail"]["sourceCommit"] = json!(commit(of));
    event
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 600, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_order_of_events_does_what_the_model_does(
        has_definition in any::<bool>(), by_pipeline in any::<bool>(), steps in steps(),
    ) {
        let mut pair = Pair::new(Rules { has_definition, by_pipeline });
        for step in steps {
            pair.step(step);
        }
        // At the end every event is received, and each build succeeds.
        while let Some(event) = pair.events.pop() {
            pair.receive(event, None);
        }
        while pair.model.builds.iter().any(|build| build.end.is_none()) {
            pair.step(Step::End { build: 0, well: true, is_anonymous: false });
            while let Some(event) = pair.events.pop() {
                pair.receive(event, None);
            }
        }
    }
}
