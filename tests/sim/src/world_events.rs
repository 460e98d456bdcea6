//! What happens in the world without a call of Trimtab: work that ends, verdicts, alarms, pushes, operators' requests.

use trimtab_core::event::{Approval, EndpointStatus};
use trimtab_core::name::CommitId;

use crate::events;
use crate::journal::Happening;
use crate::outcomes::Work;
use crate::rules::policy_text::slot;
use crate::services::{Ending, Function, Item, Services};

impl Services {
    /// Applies an item of the queue to the services, and emits its events.
    pub(crate) fn happen(&mut self, item: Item) {
        match item {
            Item::ApplyLate(number) => self.apply_unanswered(number),
            Item::EndpointStable => self.endpoint_is_stable(),
            Item::RunEnds(number) => self.run_ends(number),
            Item::BuildEnds(number) => self.build_ends(number),
            Item::PipelineEnds(number) => self.pipeline_ends(number),
            Item::DeliveryEnds(number) => self.delivery_ends(number),
            Item::TestsEnd => self.tests_end(),
            Item::TransformEnds(job) => self.transform_ends(&job),
            Item::JobEnds => self.job_ends(),
            Item::BaselineEnds(name) => self.baseline_ends(&name),
            Item::ScheduleReady(name) => self.schedule_is_ready(&name),
            Item::StackStable => self.stack_is_stable(),
            Item::StageStable(slot) => self.stage_is_stable(&slot),
            Item::EndpointFails => self.endpoint_fails(),
            Item::EndpointGone => self.endpoint = None,
            Item::Verdict { version, approval } => self.judged(version, approval, false),
            Item::CreatePackage { version, status } => self.create_package(version, status),
            Item::CompletePackage { version } => self.completed(version),
            Item::Register { version } => self.register(version),
            Item::Pause => self.pause(),
            Item::Resume => self.resume(),
            Item::CreateJob => self.create_job(),
            Item::TagJob => self.tag_job(),
            Item::CreateResource(resource) => self.create_resource(resource),
            Item::Alarm { name } => self.alarm_fires(name),
            Item::CompositeAlarm => self.composite_fires(),
            Item::CompositeReleased => self.composite_is_released(),
            Item::LoseAlarmData => self.lose_alarm_data(),
            Item::ReduceMonitoring => self.reduce_monitoring(),
            Item::MonitoringViolation => self.monitoring_violation(),
            Item::UploadObject { number } => self.upload_object(number),
            Item::Push => self.push(),
            Item::PushToPipeline => self.push_to_pipeline(),
            Item::PushImage => self.push_image(),
            Item::OpenPullRequest => self.open_pull_request(),
            Item::Merge => self.merge(),
            Item::DeleteBranch => self.delete_branch(),
            Item::BuiltCommitRequest => {
                self.emit(Function::Retrain, false, &events::training_requested("segments", self.now));
            }
            Item::OperatorRequest { over_budget } => self.operator_requests_run(over_budget),
            Item::Promote { version } => self.operator_promotes(version),
            Item::OperatorRollback => self.operator_rolls_back(),
            Item::Reconcile => self.emit(Function::Reconcile, false, &events::tick(self.now)),
            Item::Malformed => self.emit(Function::Deploy, false, &events::malformed(self.now)),
            // [`crate::flow`] delivers events.
            Item::Deliver { .. } => {}
        }
    }

    fn apply_unanswered(&mut self, number: usize) {
        if let Some(call) = self.unanswered.0.get_mut(number).and_then(Option::take) {
            call(self);
        }
    }

    fn run_ends(&mut self, number: usize) {
        let end = self.ending(Work::Run);
        let Some(run) = self.runs.get_mut(number) else { return };
        run.ended = Some((self.now, end));
        let event = events::run(&run.id, &run.request.display_name, end, self.now);
        if let Some(event) = event {
            self.emit(Function::Retrain, true, &event);
        }
    }

    fn build_ends(&mut self, number: usize) {
        let end = self.ending(Work::Build);
        let Some(build) = self.builds.get_mut(number) else { return };
        build.ended = true;
        let event = events::build(build, end, self.now);
        let (commit, project) = (build.request.commit.to_string(), build.request.project.to_string());
        let proposal = project == "churn-review";
        self.record(Happening::Built { commit, project, succeeded: end == Ending::Succeeded });
        if proposal {
            // An attacker forges the event of a branch's build for the commit of a pull request.
            let forged = events::without_variables(&event);
            self.emit(Function::Integrate, false, &forged);
        }
        self.emit(Function::Integrate, true, &event);
    }

    fn delivery_ends(&mut self, number: usize) {
        let end = self.ending(Work::CodePipelineExecution);
        let Some(delivery) = self.deliveries.get_mut(number) else { return };
        delivery.ended = true;
        let version = delivery.request.package.version();
        let event = events::delivery(&delivery.id, end, self.now);
        let slot = slot("pipeline", events::ACCOUNT, "segments-delivery");
        self.record(match end {
            Ending::Succeeded => Happening::Serves { slot, version },
            Ending::Failed | Ending::Stopped => Happening::Failed { slot, version },
        });
        self.emit(Function::Deploy, true, &event);
    }

    /// Registers a version that is not complete, with this status.
    fn create_package(&mut self, version: u32, status: &'static str) {
        self.statuses.insert(version, status);
        self.approvals.insert(version, Approval::Pending);
        self.record(Happening::Status { version, status });
    }

    fn pause(&mut self) {
        self.paused = Some(self.now);
        self.record(Happening::Paused);
    }

    fn resume(&mut self) {
        self.paused = None;
        self.record(Happening::Resumed);
    }

    fn alarm_fires(&mut self, name: &'static str) {
        self.alarms.insert(name, self.now);
        let event = events::alarm(name, self.now);
        self.emit(Function::Retrain, false, &event);
    }

    fn lose_alarm_data(&mut self) {
        self.note(|| "the canary's alarm has no data anymore".to_owned());
        self.without_alarm_data = true;
    }

    fn reduce_monitoring(&mut self) {
        self.note(|| "the policy now monitors data quality only".to_owned());
        self.policies = crate::policies::fewer();
    }

    fn push(&mut self) {
        self.head = CommitId::parse(events::COMMIT).ok();
        self.record(Happening::Head(events::COMMIT.to_owned()));
        let event = events::push(self.now);
        self.emit(Function::Integrate, true, &event);
    }

    fn open_pull_request(&mut self) {
        self.proposed = CommitId::parse(events::COMMIT).ok();
        let event = events::pull_request(self.now);
        self.emit(Function::Integrate, true, &event);
    }

    /// A verdict on a version: an operator's, or Trimtab's.
    pub(crate) fn judged(&mut self, version: u32, approval: Approval, by_trimtab: bool) {
        self.note(|| {
            format!("{} sets version {version} to {approval}", if by_trimtab { "Trimtab" } else { "an operator" })
        });
        self.record(Happening::Verdict { version, approval: approval.to_string(), by_trimtab });
        let event = events::package(version, &approval, self.status(version), self.now);
        self.approvals_before.clone_from(&self.approvals);
        self.approvals.insert(version, approval);
        self.emit(Function::Deploy, true, &event);
    }

    /// The status of a version in the Model Registry.
    pub(crate) fn status(&self, version: u32) -> &'static str {
        self.statuses.get(&version).copied().unwrap_or("Completed")
    }

    /// A version becomes complete; the registry's event carries its approval too.
    fn completed(&mut self, version: u32) {
        self.statuses.remove(&version);
        self.record(Happening::Status { version, status: "Completed" });
        let approval = self.approvals.get(&version).cloned().unwrap_or(Approval::Pending);
        let event = events::package(version, &approval, "Completed", self.now);
        self.emit(Function::Deploy, true, &event);
    }

    fn endpoint_is_stable(&mut self) {
        let Some(mut endpoint) = self.endpoint.clone() else { return };
        if let Some(pending) = endpoint.pending.take() {
            let version = self.configs.get(&pending).copied().unwrap_or_default();
            let slot = slot("endpoint", events::ACCOUNT, events::PROD);
            if self.bad.contains(&version) {
                endpoint.failure = Some("an alarm fired".to_owned());
                self.record(Happening::Failed { slot, version });
            } else {
                if !self.shadow_configs.contains(&pending) {
                    self.lived.push(version);
                    self.record(Happening::Serves { slot, version });
                }
                endpoint.config = Some(pending);
            }
        } else {
            let first = endpoint.config.as_ref().and_then(|config| self.configs.get(config)).copied();
            self.lived.extend(first);
            if let Some(version) = first {
                self.record(Happening::Serves { slot: slot("endpoint", events::ACCOUNT, events::PROD), version });
            }
        }
        endpoint.status = EndpointStatus::InService;
        endpoint.modified = Some(self.now);
        self.note(|| format!("the endpoint is stable with {:?}", endpoint.config));
        self.endpoint_before = self.endpoint.replace(endpoint);
        let event = events::endpoint(self.now);
        self.emit(Function::Deploy, true, &event);
        if self.monitoring.is_some() {
            self.emit(Function::Monitor, true, &event);
        }
    }
}
