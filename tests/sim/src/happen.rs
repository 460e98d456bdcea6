//! What happens by itself, or by people; and where the suite's own facts go.

use trimtab_core::event::EndpointStatus;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::CommitId;

use crate::events;
use crate::services::{Function, Item, Services};

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
                let Some(run) = self.runs.get_mut(number) else { return };
                run.ended = true;
                let event = events::run(&run.id, &run.request.display_name, self.now);
                if let Some(event) = event {
                    self.emit(Function::Retrain, true, &event);
                }
            }
            Item::BuildEnds(number) => {
                let Some(build) = self.builds.get_mut(number) else { return };
                build.ended = true;
                let event = events::build(build, self.now);
                self.emit(Function::Integrate, true, &event);
            }
            Item::Verdict { version, approval } => {
                self.note(|| format!("a person says {approval} of version {version}"));
                let event = events::package(version, &approval, self.now);
                self.approvals_before.clone_from(&self.approvals);
                self.approvals.insert(version, approval);
                self.emit(Function::Deploy, true, &event);
            }
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
                let Some(delivery) = self.deliveries.get_mut(number) else { return };
                delivery.ended = true;
                let event = events::delivery(&delivery.id, self.now);
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
            Item::Request => self.request(),
            Item::StackRests => self.stack_rests(),
            Item::TransformEnds(job) => self.transform_ends(&job),
            Item::Make => self.make(),
            Item::Tag => self.tag(),
            Item::JobEnds => self.job_ends(),
            Item::BaselineEnds(name) => self.baseline_ends(&name),
            Item::ScheduleSettles(name) => self.schedule_settles(&name),
            Item::AskForLess => {
                self.note(|| "the policy asks for data quality alone".to_owned());
                self.policies = crate::flow::fewer();
            }
            Item::StageRests(slot) => self.stage_rests(&slot),
            Item::Promote { .. } | Item::GoBack => self.person_asks(&item),
            Item::Break => self.endpoint_fails(),
            Item::EndpointGone => self.endpoint = None,
            Item::Malformed => {
                let event = events::malformed(self.now);
                self.emit(Function::Deploy, false, &event);
            }
            Item::Deliver { .. } => {}
        }
    }

    fn endpoint_rests(&mut self) {
        let Some(mut endpoint) = self.endpoint.clone() else { return };
        if let Some(pending) = endpoint.pending.take() {
            let version = self.configs.get(&pending).copied().unwrap_or_default();
            if self.bad.contains(&version) {
                endpoint.failure = Some("an alarm went off".to_owned());
            } else {
                if !self.trials.contains(&pending) {
                    self.lived.push(version);
                }
                endpoint.config = Some(pending);
            }
        } else {
            let first = endpoint.config.as_ref().and_then(|config| self.configs.get(config));
            self.lived.extend(first);
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
        let new = self.told.insert((fact.kind, fact.matter.clone()));
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
            FactKind::WatchRequested => &[Function::Monitor],
            FactKind::LookRequested => {
                &[Function::Integrate, Function::Retrain, Function::Evaluate, Function::Deploy, Function::Notify]
            }
            FactKind::PromotionRequested
            | FactKind::WithdrawalRequested
            | FactKind::RollbackRequested
            | FactKind::StageLookRequested => &[Function::Deploy],
            _ => &[Function::Notify],
        };
        for function in functions {
            self.emit(*function, false, &event);
        }
        // Most flows leave the watch out, too.
        if self.watch.is_some() && fact.kind == FactKind::LookRequested {
            self.emit(Function::Monitor, false, &event);
        }
        // Most flows leave lineage out: it takes no part in them, and its calls would be half of all.
        let of_chain = functions == [Function::Notify] || fact.kind == FactKind::TrainingRequested;
        if self.lineage.is_some() && of_chain {
            self.emit(Function::Lineage, false, &event);
        }
    }
}
