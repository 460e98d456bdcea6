//! What happens by itself, or by people; and where the suite's own facts go.

use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::CommitId;

use crate::endings::Work;
use crate::events;
use crate::journal::Deed;
use crate::rules::promised::slot;
use crate::services::{Ending, Function, Item, Services};

impl Services {
    /// What happens by itself, or by people.
    pub(crate) fn happen(&mut self, item: Item) {
        match item {
            Item::Late(number) => {
                if let Some(call) = self.unanswered.0.get_mut(number).and_then(Option::take) {
                    call(self);
                }
            }
            Item::EndpointRests => self.endpoint_rests(),
            Item::RunEnds(number) => {
                let end = self.ending(Work::Run);
                let Some(run) = self.runs.get_mut(number) else { return };
                run.ended = Some((self.now, end));
                let event = events::run(&run.id, &run.request.display_name, end, self.now);
                if let Some(event) = event {
                    self.emit(Function::Retrain, true, &event);
                }
            }
            Item::BuildEnds(number) => {
                let end = self.ending(Work::Build);
                let Some(build) = self.builds.get_mut(number) else { return };
                build.ended = true;
                let event = events::build(build, end, self.now);
                let (commit, project) = (build.request.commit.to_string(), build.request.project.to_string());
                let proposal = project == "churn-review";
                self.record(Deed::Built { commit, project, well: end == Ending::Succeeded });
                if proposal {
                    // Somebody forges the event of a branch's build.
                    let forged = events::without_variables(&event);
                    self.emit(Function::Integrate, false, &forged);
                }
                self.emit(Function::Integrate, true, &event);
            }
            Item::Verdict { version, approval } => self.judged(version, approval, false),
            Item::Begin { version, status } => {
                self.statuses.insert(version, status);
                self.approvals.insert(version, Approval::Pending);
                self.record(Deed::Status { version, status });
            }
            Item::Complete { version } => self.completed(version),
            Item::Pause => {
                self.paused = Some(self.now);
                self.record(Deed::Paused);
            }
            Item::Resume => {
                self.paused = None;
                self.record(Deed::Resumed);
            }
            Item::MakeThing(thing) => self.make_thing(thing),
            Item::Look => {
                let event = events::tick(self.now);
                self.emit(Function::Reconcile, false, &event);
            }
            Item::Alarm { name } => {
                self.alarms.insert(name, self.now);
                let event = events::alarm(name, self.now);
                self.emit(Function::Retrain, false, &event);
            }
            Item::Composite => self.composite_goes_off(),
            Item::Release => self.composite_is_released(),
            Item::Push => {
                self.head = CommitId::parse(events::COMMIT).ok();
                self.record(Deed::Head(events::COMMIT.to_owned()));
                let event = events::push(self.now);
                self.emit(Function::Integrate, true, &event);
            }
            Item::Ask => {
                let event = events::asked("segments", self.now);
                self.emit(Function::Retrain, false, &event);
            }
            Item::Propose => {
                self.proposed = CommitId::parse(events::COMMIT).ok();
                let event = events::pull_request(self.now);
                self.emit(Function::Integrate, true, &event);
            }
            Item::Merge => self.merge(),
            Item::Delete => self.delete(),
            Item::PushForPipeline => self.push_piped(),
            Item::PipelineEnds(number) => self.pipeline_ends(number),
            Item::PushImage => self.push_image(),
            Item::DeliveryEnds(number) => {
                let end = self.ending(Work::CodePipelineExecution);
                let Some(delivery) = self.deliveries.get_mut(number) else { return };
                delivery.ended = true;
                let version = delivery.request.package.version();
                let event = events::delivery(&delivery.id, end, self.now);
                let slot = slot("pipeline", events::ACCOUNT, "segments-delivery");
                let well = end == Ending::Succeeded;
                self.record(if well { Deed::Serves { slot, version } } else { Deed::Broke { slot, version } });
                self.emit(Function::Deploy, true, &event);
            }
            Item::Silence => {
                self.note(|| "there is no data on the canary's alarm any more".to_owned());
                self.silent = true;
            }
            Item::Register { version } => self.register(version),
            Item::TestsEnd => self.tests_end(),
            Item::Violation => self.violate(),
            Item::Upload { number } => self.upload(number),
            Item::Request { over_budget } => self.request(over_budget),
            Item::StackRests => self.stack_rests(),
            Item::TransformEnds(job) => self.transform_ends(&job),
            Item::Make => self.make(),
            Item::Tag => self.tag(),
            Item::JobEnds => self.job_ends(),
            Item::BaselineEnds(name) => self.baseline_ends(&name),
            Item::ScheduleSettles(name) => self.schedule_settles(&name),
            Item::AskForLess => {
                self.note(|| "the policy asks for data quality alone".to_owned());
                self.policies = crate::policies::fewer();
            }
            Item::StageRests(slot) => self.stage_rests(&slot),
            Item::Promote { version } => {
                self.record(Deed::LetIn(version));
                self.person_asks(&item);
            }
            Item::GoBack => {
                self.record(Deed::AskedBack);
                self.person_asks(&item);
            }
            Item::Break => self.endpoint_fails(),
            Item::EndpointGone => self.endpoint = None,
            Item::Malformed => {
                let event = events::malformed(self.now);
                self.emit(Function::Deploy, false, &event);
            }
            Item::Deliver { .. } => {}
        }
    }

    /// A verdict on a version: a person's, or the suite's.
    pub(crate) fn judged(&mut self, version: u32, approval: Approval, by_suite: bool) {
        self.note(|| {
            format!("{} says {approval} of version {version}", if by_suite { "the suite" } else { "a person" })
        });
        self.record(Deed::Judged { version, approval: approval.to_string(), by_suite });
        let event = events::package(version, &approval, self.status(version), self.now);
        self.approvals_before.clone_from(&self.approvals);
        self.approvals.insert(version, approval);
        self.emit(Function::Deploy, true, &event);
    }

    /// What the registry says of a version besides its approval.
    pub(crate) fn status(&self, version: u32) -> &'static str {
        self.statuses.get(&version).copied().unwrap_or("Completed")
    }

    /// A version is complete: the registry tells of it with its approval.
    fn completed(&mut self, version: u32) {
        self.statuses.remove(&version);
        self.record(Deed::Status { version, status: "Completed" });
        let approval = self.approvals.get(&version).cloned().unwrap_or(Approval::Pending);
        let event = events::package(version, &approval, "Completed", self.now);
        self.emit(Function::Deploy, true, &event);
    }

    fn endpoint_rests(&mut self) {
        let Some(mut endpoint) = self.endpoint.clone() else { return };
        if let Some(pending) = endpoint.pending.take() {
            let version = self.configs.get(&pending).copied().unwrap_or_default();
            let slot = slot("endpoint", events::ACCOUNT, events::PROD);
            if self.bad.contains(&version) {
                endpoint.failure = Some("an alarm went off".to_owned());
                self.record(Deed::Broke { slot, version });
            } else {
                if !self.variant_tests.contains(&pending) {
                    self.lived.push(version);
                    self.record(Deed::Serves { slot, version });
                }
                endpoint.config = Some(pending);
            }
        } else {
            let first = endpoint.config.as_ref().and_then(|config| self.configs.get(config)).copied();
            self.lived.extend(first);
            if let Some(version) = first {
                self.record(Deed::Serves { slot: slot("endpoint", events::ACCOUNT, events::PROD), version });
            }
        }
        endpoint.status = EndpointStatus::InService;
        endpoint.modified = Some(self.now);
        self.note(|| format!("the endpoint rests with {:?}", endpoint.config));
        self.endpoint_before = self.endpoint.replace(endpoint);
        let event = events::endpoint(self.now);
        self.emit(Function::Deploy, true, &event);
        if self.watch.is_some() {
            self.emit(Function::Monitor, true, &event);
        }
    }

    /// The suite's bus: a fact reaches the function that its rule names.
    pub(crate) fn publish(&mut self, fact: &Fact) {
        let new = self.told.insert((fact.kind, fact.dedup_key.clone()));
        self.record(Deed::Fact {
            kind: fact.kind.as_str(),
            model: fact.model.as_ref().map(ToString::to_string),
            dedup_key: fact.dedup_key.clone(),
            commit: fact.details.get("commit").cloned(),
        });
        self.read_by_a_person(fact, new);
        if self.trace.is_some() {
            self.facts.push(fact.clone());
        }
        let event = events::fact(fact, self.now);
        let functions: &[Function] = match fact.kind {
            FactKind::TrainingRequested => &[Function::Retrain],
            FactKind::BuildRequested | FactKind::ImageRequested => &[Function::Integrate],
            FactKind::ImageAdopted => &[Function::Retrain, Function::Notify],
            FactKind::EvaluationRequested => &[Function::Evaluate],
            FactKind::MonitoringRequested => &[Function::Monitor],
            FactKind::ReconcileRequested => {
                &[Function::Integrate, Function::Retrain, Function::Evaluate, Function::Deploy, Function::Notify]
            }
            FactKind::PromotionRequested
            | FactKind::WithdrawalRequested
            | FactKind::RollbackRequested
            | FactKind::StageReconcileRequested => &[Function::Deploy],
            _ => &[Function::Notify],
        };
        for function in functions {
            self.emit(*function, false, &event);
        }
        // Most flows leave the watch out, too.
        if self.watch.is_some() && fact.kind == FactKind::ReconcileRequested {
            self.emit(Function::Monitor, false, &event);
        }
        // Most flows leave lineage out: it takes no part in them, and its calls would be half of all.
        let of_chain = functions == [Function::Notify] || fact.kind == FactKind::TrainingRequested;
        if self.lineage.is_some() && of_chain {
            self.emit(Function::Lineage, false, &event);
        }
    }
}
