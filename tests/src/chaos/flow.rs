//! What happens to a model, step by step, and what must hold at the end.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::name::ModelName;
use trimtab_ledger::Scope;

use super::scene::prepare;
use super::{Case, Model, Played, Stage, engines};

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Drift, a run, its end.
    Drift,
    /// A push, a build, its end.
    Push,
    /// A pull request, its build's end.
    Review,
    /// A push that CodePipeline builds, the execution's end, and the look at its commit.
    PipelineBuild,
    /// A training image is pushed.
    Image,
    /// A first version is approved, and in service.
    FirstVersion,
    /// A second version is approved while the first serves.
    NextVersion,
    /// A version is approved, and a stack is made with it.
    Stack,
    /// A version is approved, a batch transform job asks it, its end.
    Transform,
    /// A version is registered, and its test suite ends.
    Candidate,
    /// A fact for people.
    Notice,
    /// Drift and a run's end, of which nobody hears.
    UnheardDrift,
    /// A push and a build's end, of which nobody hears.
    UnheardPush,
    /// An approval and the end of its rollout, of which nobody hears.
    UnheardVersion,
    /// The clock asks for a look.
    Clock,
    /// A run that began, and its end, are written into the lineage.
    Lineage,
    /// Somebody makes a job that breaks the organization's rules.
    Breach,
    /// Drift, an execution of Step Functions, its end.
    Workflow,
    /// Drift, a run of a DAG, and a look that sees its end.
    Dag,
    /// Drift, a run of Kubeflow, and a look that sees its end.
    Cluster,
    /// Drift, an execution of CodePipeline, its end.
    Piped,
    /// A live version gets its baseline, its schedule and its alarm.
    Watch,
    /// A monitoring run finds violations, a training run, its end.
    Violations,
    /// An object comes, a look starts its run, its end.
    NewData,
    /// A version passes its smoke test, its endpoint fails, and an operator takes it back; all by a role that is assumed.
    ByHand,
}

impl Flow {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::Drift,
        Self::Push,
        Self::Review,
        Self::PipelineBuild,
        Self::Image,
        Self::FirstVersion,
        Self::NextVersion,
        Self::Stack,
        Self::Transform,
        Self::Candidate,
        Self::Notice,
        Self::UnheardDrift,
        Self::UnheardPush,
        Self::UnheardVersion,
        Self::Clock,
        Self::Lineage,
        Self::Breach,
        Self::Workflow,
        Self::Dag,
        Self::Cluster,
        Self::Piped,
        Self::Watch,
        Self::Violations,
        Self::NewData,
        Self::ByHand,
    ];

    fn steps(self) -> usize {
        match self {
            Self::Notice | Self::Clock | Self::Breach | Self::Image => 1,
            Self::UnheardPush | Self::PipelineBuild | Self::NewData => 3,
            Self::ByHand => 4,
            _ => 2,
        }
    }

    /// What the services must have been made to do, once each.
    fn effects(self) -> &'static [&'static str] {
        match self {
            Self::Drift | Self::UnheardDrift | Self::Violations | Self::NewData => &["StartPipelineExecution"],
            // Whoever pushes unheard has no pipeline yet: it is made.
            Self::Push | Self::UnheardPush => &["StartBuild", "UpdatePipeline"],
            Self::Review => &["StartBuild", "PostCommentForPullRequest"],
            Self::PipelineBuild => &["StartBuildPipeline"],
            Self::FirstVersion | Self::UnheardVersion => &["CreateEndpoint"],
            Self::NextVersion => &["CreateEndpoint", "UpdateEndpoint"],
            Self::Stack => &["CreateStack"],
            Self::Transform => &["CreateTransformJob"],
            Self::Candidate => &["StartExecution", "UpdateModelPackage"],
            Self::Breach => &["StopTrainingJob"],
            Self::Workflow | Self::Dag | Self::Cluster | Self::Piped => &["a run"],
            Self::ByHand => &["DeleteEndpoint", "CreateEndpointConfig"],
            Self::Lineage => &["CreateAction", "AddAssociation"],
            Self::Watch => &["CreateProcessingJob", "CreateMonitoringSchedule"],
            Self::Notice | Self::Clock | Self::Image => &[],
        }
    }

    /// What people and other functions must have been told in the end. That something began is told
    /// too, unless the function died before it could, and it is over by the time that it is looked at.
    fn told(self) -> Option<&'static str> {
        match self {
            Self::Drift
            | Self::UnheardDrift
            | Self::Workflow
            | Self::Dag
            | Self::Cluster
            | Self::Piped
            | Self::Violations
            | Self::NewData => Some("Training Succeeded"),
            Self::Push | Self::UnheardPush | Self::PipelineBuild | Self::Image => Some("Training Requested"),
            Self::FirstVersion
            | Self::NextVersion
            | Self::UnheardVersion
            | Self::Stack
            | Self::Transform
            | Self::ByHand => Some("Rollout Succeeded"),
            Self::Candidate => Some("Evaluation Passed"),
            Self::Clock => Some("Reconcile Requested"),
            Self::Breach => Some("Job Stopped"),
            Self::Watch => Some("Monitoring Started"),
            Self::Notice | Self::Review | Self::Lineage => None,
        }
    }

    /// The CodeBuild project that builds.
    pub(super) fn project(self, model: &str) -> String {
        format!("{model}-{}", if self == Self::Review { "review" } else { "build" })
    }

    /// How many terminal records there are at least of so many events, each of which came twice. What
    /// comes by the clock has one where something came of it, and one look may find all there is.
    fn records(self, events: usize) -> usize {
        match self {
            Self::Clock => 0,
            Self::UnheardDrift | Self::UnheardPush | Self::UnheardVersion | Self::Dag | Self::Cluster => 1,
            // Both deliveries of the job's end; what is asked of monitor is on record where something came of it.
            Self::Watch => 2,
            // The look at its commit is by request: it leaves a record where something comes of it.
            Self::PipelineBuild => 2 * (events - 1) + 1,
            // Of what is one of very many, only what comes of it is on record.
            Self::Violations | Self::NewData => 2,
            // The last is a look.
            Self::ByHand => 2 * (events - 1),
            _ => 2 * events,
        }
    }
}

/// How many calls each step makes when nothing goes wrong.
pub(super) async fn calls(stage: &Stage, flow: Flow) -> Vec<usize> {
    let turns = Semaphore::new(1);
    let name = format!("calm-{flow:?}").to_lowercase();
    let mut model = Model { stage, turns: &turns, name, killed: 0 };
    let mut scene = prepare(&mut model, flow).await;
    let mut counted = Vec::new();
    for step in 0..flow.steps() {
        stage.arm(&model.name, None).await;
        let (function, event) = scene.event(&model, flow, step).await;
        model.deliver(function, &event).await.unwrap();
        counted.push(stage.struck(&model.name, Duration::ZERO).await.1);
    }
    counted
}

/// Plays one case to its end, and looks at what came of it.
pub(super) async fn play(stage: &Stage, turns: &Semaphore, stages: &Semaphore, number: usize, case: Case) -> Played {
    let mut model = Model { stage, turns, name: format!("m{number}"), killed: 0 };
    let mut scene = {
        let _stage = stages.acquire().await.unwrap();
        prepare(&mut model, case.flow).await
    };
    let mut played = Played::default();
    let mut heard = Vec::new();
    for step in 0..case.flow.steps() {
        let (function, event) = scene.event(&model, case.flow, step).await;
        if step == case.step {
            stage.arm(&model.name, Some(case)).await;
        }
        if let Err(lost) = model.deliver(function, &event).await {
            played.violations.push(lost);
            return played;
        }
        heard.push((function, event));
    }
    // Everything once more, under other ids.
    for (function, event) in &heard {
        let mut again = event.clone();
        again["id"] = json!(format!("again {}", event["id"].as_str().unwrap_or_default()));
        if let Err(lost) = model.deliver(function, &again).await {
            played.violations.push(lost);
        }
    }
    played.struck = stage.struck(&model.name, Duration::ZERO).await.0 > 0;
    played.killed = model.killed;
    played.violations.extend(look(&model, case.flow, heard.len()).await);
    played
}

/// What the journal and the ledger say.
async fn look(model: &Model<'_>, flow: Flow, events: usize) -> Vec<String> {
    let mut found = Vec::new();
    let calls = model.stage.calls(&model.name).await;
    let counted = effects(model, flow, &calls).await;
    for (effect, times) in counted {
        if times != 1 {
            found.push(format!("{effect} took effect {times} times"));
        }
    }
    let mut told = calls.iter().filter_map(|call| call.pointer("/request/Entries/0/DetailType")?.as_str());
    if let Some(fact) = flow.told()
        && !told.any(|told| told == fact)
    {
        found.push(format!("nobody was told: {fact}"));
    }
    if flow == Flow::Notice {
        let messages = calls.iter().filter(|call| call["service"] == "sns").count();
        // SNS takes no token: a message whose answer was lost is sent again, by the SDK and by Lambda.
        if !(1..=4).contains(&messages) {
            found.push(format!("{messages} messages"));
        }
    }
    let suite = matches!(flow, Flow::Notice | Flow::Breach);
    let scope = if suite { Scope::Platform } else { Scope::Model(ModelName::parse(&model.name).unwrap()) };
    let records = model.stage.ledger.history(&scope).await.unwrap();
    let word = format!(" {}", model.name);
    let ours = |id: &str| !suite || id.ends_with(&word);
    let records = records.iter().filter(|record| ours(&record.event_id)).count();
    if records < flow.records(events) {
        found.push(format!("{records} terminal records, and {} are due", flow.records(events)));
    }
    found
}

/// How often each effect is there, in the services themselves where they can be asked.
async fn effects(model: &Model<'_>, flow: Flow, calls: &[Value]) -> Vec<(&'static str, usize)> {
    let (stage, name) = (model.stage, &model.name);
    let journal = |action: &str| calls.iter().filter(|call| call["action"] == action).count();
    let mut counted = Vec::new();
    for effect in flow.effects() {
        let times = match *effect {
            "StartPipelineExecution" => {
                let call = stage.sagemaker.list_pipeline_executions().pipeline_name(format!("{name}-training"));
                call.send().await.unwrap().pipeline_execution_summaries.unwrap_or_default().len()
            }
            "StartBuild" => {
                let call = stage.codebuild.list_builds_for_project().project_name(flow.project(name));
                call.send().await.unwrap().ids.unwrap_or_default().len()
            }
            "StartBuildPipeline" => stage.executions(name).await.len(),
            // To give it the same definition again changes nothing.
            "UpdatePipeline" => {
                let call = stage.sagemaker.describe_pipeline().pipeline_name(format!("{name}-training"));
                let found = call.send().await.ok().and_then(|found| found.pipeline_description);
                usize::from(found.is_some_and(|mark| mark.starts_with("Defined by commit ")))
            }
            // The same token gives the comment that is there.
            "PostCommentForPullRequest" => stage.comments(name).await,
            "StartExecution" => {
                let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}-tests");
                stage.sfn.list_executions().state_machine_arn(machine).send().await.unwrap().executions.len()
            }
            "a run" => engines::count(stage, flow, name).await,
            // The same token takes effect once.
            "UpdateModelPackage" => usize::from(stage.is_approved(name).await),
            "CreateAction" => stage.tracked(name).await.0,
            "CreateTransformJob" => stage.transforms(name, None).await.len(),
            "CreateProcessingJob" => stage.baselines(name).await,
            "CreateMonitoringSchedule" => stage.schedules(name).await,
            // One from the commit, one from the incident.
            "AddAssociation" => stage.tracked(name).await.1 / 2,
            other => journal(other),
        };
        counted.push((*effect, times));
    }
    counted
}
