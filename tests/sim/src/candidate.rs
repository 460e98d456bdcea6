//! A version that waits for a verdict, its tests, and the ports to them.

use jiff::SignedDuration;
use trimtab_core::event::{Approval, ExecutionStatus};
use trimtab_core::name::{EndpointName, ExecutionArn, PackageArn};
use trimtab_core::port::PortResult;
use trimtab_core::port::{Candidates, ObservedCandidate, VerdictRequest};
use trimtab_core::port::{ExecutionRequest, ObservedExecution, StateMachines};

use crate::Site;
use crate::events;
use crate::outcomes::Work;
use crate::services::{Ending, Function, Item, Services, Sim};

/// The duration of the tests.
const TESTING: SignedDuration = SignedDuration::from_mins(11);

/// The output of the tests.
const OUTPUT: &str = r#"{"metrics": {"auc": 0.91, "log_loss": 0.31}, "bias_report": "s3://churn/bias.json"}"#;

/// The state of the candidate and its tests.
#[derive(Debug, Clone, Default)]
pub(crate) struct CandidateState {
    execution: Option<ExecutionArn>,
    over: bool,
    stamp: Option<String>,
    /// The number of started tests, of writes to the registry, and of verdicts among these.
    pub(crate) executions: usize,
    pub(crate) written: usize,
    pub(crate) verdicts: usize,
}

impl Services {
    /// A training run registers a version.
    pub(crate) fn register(&mut self, version: u32) {
        self.approvals.insert(version, Approval::Pending);
        let event = events::package(version, &Approval::Pending, self.status(version), self.now);
        self.emit(Function::Evaluate, true, &event);
    }

    pub(crate) fn tests_end(&mut self) {
        self.candidate.over = true;
        let Some(execution) = self.candidate.execution.clone() else { return };
        let event = events::execution_ended(&execution, self.ending(Work::Tests), self.now);
        self.emit(Function::Evaluate, true, &event);
    }
}

impl Candidates for Sim {
    async fn candidate(&self, package: &PackageArn) -> PortResult<Option<ObservedCandidate>> {
        let version = package.version();
        self.call(Site::CandidatesCandidate, move |services| {
            let approval = services.approvals.get(&version).cloned();
            let stamp = services.candidate.stamp.clone();
            let actual = |approval| ObservedCandidate {
                approval,
                status: services.status(version).to_owned(),
                stamp,
                metrics: std::collections::BTreeMap::new(),
            };
            Ok(approval.map(actual))
        })
        .await
    }

    async fn live(&self, _: &EndpointName) -> PortResult<Option<PackageArn>> {
        self.call(Site::CandidatesLive, |services| {
            let config = services.endpoint.as_ref().and_then(|endpoint| endpoint.config.as_ref());
            let version = config.and_then(|config| services.configs.get(config));
            Ok(version.and_then(|version| PackageArn::parse(&events::package_arn(*version)).ok()))
        })
        .await
    }

    async fn write_verdict(&self, request: &VerdictRequest) -> PortResult<()> {
        let request = request.clone();
        self.services().attempt(Site::CandidatesWriteVerdict, request.package.to_string(), &request.token);
        self.call(Site::CandidatesWriteVerdict, move |services| {
            let version = request.package.version();
            // A repeated token has no effect.
            if services.candidate.stamp.as_ref() == Some(&request.token) {
                return Ok(());
            }
            services.candidate.written += 1;
            services.candidate.stamp = Some(request.token);
            if let Some(yes) = request.approve {
                services.candidate.verdicts += 1;
                let verdict = if yes { Approval::Approved } else { Approval::Rejected };
                services.judged(version, verdict, true);
            }
            Ok(())
        })
        .await
    }
}

impl StateMachines for Sim {
    async fn find(&self, request: &ExecutionRequest) -> PortResult<Option<ExecutionArn>> {
        let name = request.name.clone();
        self.call(Site::StateMachinesFind, move |services| {
            Ok(services.candidate.execution.clone().filter(|execution| execution.name() == name))
        })
        .await
    }

    async fn start(&self, request: &ExecutionRequest) -> PortResult<ExecutionArn> {
        let execution = request.machine.execution(&request.name);
        self.services().attempt(Site::StateMachinesStart, request.input["package"].to_string(), &request.name);
        self.call(Site::StateMachinesStart, move |services| {
            let execution = execution.map_err(|error| {
                trimtab_core::failure::Failure::permanent("states:StartExecution", error.to_string())
            })?;
            if services.candidate.execution.as_ref() != Some(&execution) {
                services.candidate.execution = Some(execution.clone());
                services.candidate.executions += 1;
                services.after(TESTING, Item::TestsEnd);
            }
            Ok(execution)
        })
        .await
    }

    async fn describe(&self, execution: &ExecutionArn) -> PortResult<Option<ObservedExecution>> {
        let execution = execution.clone();
        self.call(Site::StateMachinesDescribe, move |services| {
            let over = services.candidate.over;
            let known = services.candidate.execution.as_ref() == Some(&execution);
            let end = services.ending(Work::Tests);
            let status = if over { end.of_execution() } else { ExecutionStatus::Running };
            let actual = ObservedExecution {
                status,
                output: (over && end == Ending::Succeeded).then(|| OUTPUT.to_owned()),
                cause: None,
            };
            Ok(known.then_some(actual))
        })
        .await
    }
}
