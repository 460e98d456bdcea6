//! The flows: the events of a model step by step, and the invariants at the end.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::name::ModelName;
use trimtab_ledger::Scope;

use super::setup::prepare;
use super::{Case, CaseResult, Environment, Model, engines};

/// A sequence of events of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Drift, and the end of its run.
    Drift,
    /// A push, and the end of its build.
    Push,
    /// A pull request, and the end of its build.
    Review,
    /// A push that CodePipeline builds, the end of the execution, and the reconcile of its commit.
    PipelineBuild,
    /// A training image is pushed.
    Image,
    /// A first version is approved and in service.
    FirstVersion,
    /// A second version is approved while the first serves.
    NextVersion,
    /// A version is approved, and a stack is created with it.
    Stack,
    /// A version is approved, and its batch transform job ends.
    BatchTransform,
    /// A version is registered, and its tests end.
    Candidate,
    /// A fact that leads to a message.
    Notification,
    /// Drift and the end of its run; all events are lost.
    LostDrift,
    /// A push and the end of its build; all events are lost.
    LostPush,
    /// An approval and the end of its rollout; all events are lost.
    LostVersion,
    /// A scheduled reconcile.
    Schedule,
    /// The start and end of a run are written to the lineage.
    Lineage,
    /// A job that violates the organization's rules.
    GuardViolation,
    /// Drift, and the end of an execution of Step Functions.
    StepFunctions,
    /// Drift, and a reconcile after the end of an Airflow run.
    Airflow,
    /// Drift, and a reconcile after the end of a Kubeflow run.
    Kubeflow,
    /// Drift, and the end of an execution of CodePipeline.
    CodePipelineTraining,
    /// A live version gets a baseline, a monitoring schedule and an alarm.
    Monitoring,
    /// A monitoring run reports violations; the training run ends.
    Violations,
    /// A new object arrives, a reconcile starts a run, the run ends.
    NewData,
    /// A version passes its smoke test, its endpoint fails, and an operator rolls it back, in another account.
    OperatorRollback,
}

impl Flow {
    /// All flows.
    pub const ALL: [Self; 25] = [
        Self::Drift,
        Self::Push,
        Self::Review,
        Self::PipelineBuild,
        Self::Image,
        Self::FirstVersion,
        Self::NextVersion,
        Self::Stack,
        Self::BatchTransform,
        Self::Candidate,
        Self::Notification,
        Self::LostDrift,
        Self::LostPush,
        Self::LostVersion,
        Self::Schedule,
        Self::Lineage,
        Self::GuardViolation,
        Self::StepFunctions,
        Self::Airflow,
        Self::Kubeflow,
        Self::CodePipelineTraining,
        Self::Monitoring,
        Self::Violations,
        Self::NewData,
        Self::OperatorRollback,
    ];

    fn steps(self) -> usize {
        match self {
            Self::Notification | Self::Schedule | Self::GuardViolation | Self::Image => 1,
            Self::LostPush | Self::PipelineBuild | Self::NewData => 3,
            Self::OperatorRollback => 4,
            _ => 2,
        }
    }

    /// The calls that must take effect exactly once.
    fn effects(self) -> &'static [&'static str] {
        match self {
            Self::Drift | Self::LostDrift | Self::Violations | Self::NewData => &["StartPipelineExecution"],
            Self::Push | Self::LostPush => &["StartBuild", "UpdatePipeline"],
            Self::Review => &["StartBuild", "PostCommentForPullRequest"],
            Self::PipelineBuild => &["StartBuildPipeline"],
            Self::FirstVersion | Self::LostVersion => &["CreateEndpoint"],
            Self::NextVersion => &["CreateEndpoint", "UpdateEndpoint"],
            Self::Stack => &["CreateStack"],
            Self::BatchTransform => &["CreateTransformJob"],
            Self::Candidate => &["StartExecution", "UpdateModelPackage"],
            Self::GuardViolation => &["StopTrainingJob"],
            Self::StepFunctions | Self::Airflow | Self::Kubeflow | Self::CodePipelineTraining => &["a run"],
            Self::OperatorRollback => &["DeleteEndpoint", "CreateEndpointConfig"],
            Self::Lineage => &["CreateAction", "AddAssociation"],
            Self::Monitoring => &["CreateProcessingJob", "CreateMonitoringSchedule"],
            Self::Notification | Self::Schedule | Self::Image => &[],
        }
    }

    /// The fact that must have been published at the end. A start is published too, unless the function was killed before
    /// that and the work had ended at the next reconcile.
    fn published(self) -> Option<&'static str> {
        match self {
            Self::Drift
            | Self::LostDrift
            | Self::StepFunctions
            | Self::Airflow
            | Self::Kubeflow
            | Self::CodePipelineTraining
            | Self::Violations
            | Self::NewData => Some("Training Succeeded"),
            Self::Push | Self::LostPush | Self::PipelineBuild | Self::Image => Some("Training Requested"),
            Self::FirstVersion
            | Self::NextVersion
            | Self::LostVersion
            | Self::Stack
            | Self::BatchTransform
            | Self::OperatorRollback => Some("Rollout Succeeded"),
            Self::Candidate => Some("Evaluation Passed"),
            Self::Schedule => Some("Reconcile Requested"),
            Self::GuardViolation => Some("Job Stopped"),
            Self::Monitoring => Some("Monitoring Started"),
            Self::Notification | Self::Review | Self::Lineage => None,
        }
    }

    /// The CodeBuild project of the flow.
    pub(super) fn project(self, model: &str) -> String {
        format!("{model}-{}", if self == Self::Review { "review" } else { "build" })
    }

    /// The minimum number of terminal records after this many events, each delivered twice. A scheduled event has a record
    /// only if it caused a change, and one reconcile may find all changes.
    fn records(self, events: usize) -> usize {
        match self {
            Self::Schedule => 0,
            Self::LostDrift | Self::LostPush | Self::LostVersion | Self::Airflow | Self::Kubeflow => 1,
            // Both deliveries of the end of the job; requests to monitor have a record only if they cause a change.
            Self::Monitoring => 2,
            // The reconcile of the commit is a request: it has a record only if it causes a change.
            Self::PipelineBuild => 2 * (events - 1) + 1,
            // High-volume events have a record only if they cause a change.
            Self::Violations | Self::NewData => 2,
            // The last event is a reconcile.
            Self::OperatorRollback => 2 * (events - 1),
            _ => 2 * events,
        }
    }
}

/// The number of calls of each step without faults.
pub(super) async fn calls(env: &Environment, flow: Flow) -> Vec<usize> {
    let slots = Semaphore::new(1);
    let name = format!("calm-{flow:?}").to_lowercase();
    let mut model = Model { env, slots: &slots, name, killed: 0 };
    let mut scene = prepare(&mut model, flow).await;
    let mut counted = Vec::new();
    for step in 0..flow.steps() {
        env.arm(&model.name, None).await;
        let (function, event) = scene.event(&model, flow, step).await;
        model.deliver(function, &event).await.unwrap();
        counted.push(env.injected(&model.name, Duration::ZERO).await.1);
    }
    counted
}

/// Runs one case to its end and checks the result.
pub(super) async fn play(
    env: &Environment,
    slots: &Semaphore,
    stages: &Semaphore,
    number: usize,
    case: Case,
) -> CaseResult {
    let mut model = Model { env, slots, name: format!("m{number}"), killed: 0 };
    let mut scene = {
        let _stage = stages.acquire().await.unwrap();
        prepare(&mut model, case.flow).await
    };
    let mut played = CaseResult::default();
    let mut heard = Vec::new();
    for step in 0..case.flow.steps() {
        let (function, event) = scene.event(&model, case.flow, step).await;
        if step == case.step {
            env.arm(&model.name, Some(case)).await;
        }
        if let Err(lost) = model.deliver(function, &event).await {
            played.violations.push(lost);
            return played;
        }
        heard.push((function, event));
    }
    // Deliver all events again, under other ids.
    for (function, event) in &heard {
        let mut again = event.clone();
        again["id"] = json!(format!("again {}", event["id"].as_str().unwrap_or_default()));
        if let Err(lost) = model.deliver(function, &again).await {
            played.violations.push(lost);
        }
    }
    played.injected = env.injected(&model.name, Duration::ZERO).await.0 > 0;
    played.killed = model.killed;
    played.violations.extend(look(&model, case.flow, heard.len()).await);
    played
}

/// Violations in the journal and in the ledger.
async fn look(model: &Model<'_>, flow: Flow, events: usize) -> Vec<String> {
    let mut found = Vec::new();
    let calls = model.env.calls(&model.name).await;
    let counted = effects(model, flow, &calls).await;
    for (effect, times) in counted {
        if times != 1 {
            found.push(format!("{effect} took effect {times} times"));
        }
    }
    let mut told = calls.iter().filter_map(|call| call.pointer("/request/Entries/0/DetailType")?.as_str());
    if let Some(fact) = flow.published()
        && !told.any(|told| told == fact)
    {
        found.push(format!("not published: {fact}"));
    }
    if flow == Flow::Notification {
        let messages = calls.iter().filter(|call| call["service"] == "sns").count();
        // SNS has no idempotency token: a message whose response was lost is sent again, by the SDK and by Lambda.
        if !(1..=4).contains(&messages) {
            found.push(format!("{messages} messages"));
        }
    }
    let suite = matches!(flow, Flow::Notification | Flow::GuardViolation);
    let scope = if suite { Scope::Platform } else { Scope::Model(ModelName::parse(&model.name).unwrap()) };
    let records = model.env.ledger.history(&scope).await.unwrap();
    let word = format!(" {}", model.name);
    let ours = |id: &str| !suite || id.ends_with(&word);
    let records = records.iter().filter(|record| ours(&record.event_id)).count();
    if records < flow.records(events) {
        found.push(format!("{records} terminal records, and {} are due", flow.records(events)));
    }
    found
}

/// The number of times that each effect took place, read from the services if they can be queried.
async fn effects(model: &Model<'_>, flow: Flow, calls: &[Value]) -> Vec<(&'static str, usize)> {
    let (env, name) = (model.env, &model.name);
    let journal = |action: &str| calls.iter().filter(|call| call["action"] == action).count();
    let mut counted = Vec::new();
    for effect in flow.effects() {
        let times = match *effect {
            "StartPipelineExecution" => {
                let call = env.sagemaker.list_pipeline_executions().pipeline_name(format!("{name}-training"));
                call.send().await.unwrap().pipeline_execution_summaries.unwrap_or_default().len()
            }
            "StartBuild" => {
                let call = env.codebuild.list_builds_for_project().project_name(flow.project(name));
                call.send().await.unwrap().ids.unwrap_or_default().len()
            }
            "StartBuildPipeline" => env.executions(name).await.len(),
            // Repeating the same definition has no effect.
            "UpdatePipeline" => {
                let call = env.sagemaker.describe_pipeline().pipeline_name(format!("{name}-training"));
                let found = call.send().await.ok().and_then(|found| found.pipeline_description);
                usize::from(found.is_some_and(|mark| mark.starts_with("Defined by commit ")))
            }
            // The same token reslots the existing comment.
            "PostCommentForPullRequest" => env.comments(name).await,
            "StartExecution" => {
                let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}-tests");
                env.sfn.list_executions().state_machine_arn(machine).send().await.unwrap().executions.len()
            }
            "a run" => engines::count(env, flow, name).await,
            // The same token takes effect once.
            "UpdateModelPackage" => usize::from(env.is_approved(name).await),
            "CreateAction" => env.tracked(name).await.0,
            "CreateTransformJob" => env.transforms(name, None).await.len(),
            "CreateProcessingJob" => env.baselines(name).await,
            "CreateMonitoringSchedule" => env.schedules(name).await,
            // One from the commit, one from the incident.
            "AddAssociation" => env.tracked(name).await.1 / 2,
            other => journal(other),
        };
        counted.push((*effect, times));
    }
    counted
}
