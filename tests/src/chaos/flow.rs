//! What happens to a model, step by step, and what must hold at the end.

use std::time::{Duration, Instant};

use aws_sdk_cloudwatch::types::StateValue;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::name::ModelName;
use trimtab_ledger::Scope;

use super::cloud::event;
use super::{Case, Model, Played, Stage};

/// How long a service may take until it shows what it was asked for.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a service is asked meanwhile: hundreds of cases ask.
const LOOK: Duration = Duration::from_millis(700);

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Drift, a run, its end.
    Drift,
    /// A push, a build, its end.
    Push,
    /// A first version is approved, and in service.
    FirstVersion,
    /// A second version is approved while the first serves.
    NextVersion,
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
}

impl Flow {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Drift,
        Self::Push,
        Self::FirstVersion,
        Self::NextVersion,
        Self::Notice,
        Self::UnheardDrift,
        Self::UnheardPush,
        Self::UnheardVersion,
        Self::Clock,
    ];

    fn steps(self) -> usize {
        match self {
            Self::Notice | Self::Clock => 1,
            Self::UnheardPush => 3,
            _ => 2,
        }
    }

    /// What the services must have been made to do, once each.
    fn effects(self) -> &'static [&'static str] {
        match self {
            Self::Drift | Self::UnheardDrift => &["StartPipelineExecution"],
            Self::Push | Self::UnheardPush => &["StartBuild"],
            Self::FirstVersion | Self::UnheardVersion => &["CreateEndpoint"],
            Self::NextVersion => &["CreateEndpoint", "UpdateEndpoint"],
            Self::Notice | Self::Clock => &[],
        }
    }

    /// What people and other functions must have been told in the end. That something began is told
    /// too, unless the function died before it could, and it is over by the time that it is looked at.
    fn told(self) -> Option<&'static str> {
        match self {
            Self::Drift | Self::UnheardDrift => Some("Training Succeeded"),
            Self::Push | Self::UnheardPush => Some("Training Requested"),
            Self::FirstVersion | Self::NextVersion | Self::UnheardVersion => Some("Rollout Succeeded"),
            Self::Clock => Some("Look Requested"),
            Self::Notice => None,
        }
    }

    /// How many terminal records there are at least of so many events, each of which came twice. What
    /// comes by the clock has one where something came of it, and one look may find all there is.
    fn records(self, events: usize) -> usize {
        match self {
            Self::Clock => 0,
            Self::UnheardDrift | Self::UnheardPush | Self::UnheardVersion => 1,
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

/// What was made for a model, and is needed to tell of it.
#[derive(Default)]
struct Scene {
    commit: String,
    package: String,
}

async fn prepare(model: &mut Model<'_>, flow: Flow) -> Scene {
    let (stage, name) = (model.stage, model.name.clone());
    stage.apply(&name, flow == Flow::Clock).await;
    let mut scene = Scene::default();
    match flow {
        Flow::Drift | Flow::UnheardDrift => {
            stage.pipeline(&name).await;
            stage.alarm(&format!("{name}-prod-data-drift"), StateValue::Alarm).await;
        }
        Flow::UnheardPush => {
            // What is there at the first look is no news.
            model.deliver("integrate", &look_at(&name)).await.unwrap();
            scene.commit = stage.repository(&name).await;
        }
        Flow::UnheardVersion => {
            model.deliver("deploy", &look_at(&name)).await.unwrap();
            scene.package = stage.package(&name, true).await;
        }
        Flow::Push => scene.commit = stage.repository(&name).await,
        Flow::FirstVersion => scene.package = stage.package(&name, true).await,
        Flow::NextVersion => {
            stage.alarm(&format!("{name}-prod-5xx"), StateValue::Ok).await;
            scene.package = stage.package(&name, true).await;
            for step in 0..2 {
                let (function, event) = scene.event(model, Flow::FirstVersion, step).await;
                model.deliver(function, &event).await.unwrap();
            }
            scene.package = stage.package(&name, false).await;
        }
        Flow::Notice | Flow::Clock => {}
    }
    scene
}

impl Scene {
    /// The event of this step, once the services have come to it, and the function that hears it.
    async fn event(&mut self, model: &Model<'_>, flow: Flow, step: usize) -> (&'static str, Value) {
        let (stage, name) = (model.stage, &model.name);
        match (flow, step) {
            (Flow::Drift, 0) => ("retrain", alarm(name)),
            (Flow::Drift, _) => ("retrain", run_ended(stage, name).await),
            (Flow::UnheardDrift, step) => {
                if step > 0 {
                    run_ended(stage, name).await;
                }
                ("retrain", look_at(name))
            }
            (Flow::UnheardPush, 0) => ("integrate", look_at(name)),
            (Flow::UnheardPush, step) => {
                if step > 1 {
                    build_ended(stage, name).await;
                }
                let details = json!({"branch": "main", "commit": self.commit});
                ("integrate", asked("Build Requested", name, &details))
            }
            (Flow::UnheardVersion, step) => {
                if step > 0 {
                    endpoint_rests(stage, name).await;
                }
                ("deploy", look_at(name))
            }
            (Flow::Clock, _) => ("reconcile", event("aws.events", "Scheduled Event", name, &json!({}))),
            (Flow::Push, 0) => {
                let detail = json!({"event": "referenceUpdated", "repositoryName": format!("{name}-model"),
                    "referenceType": "branch", "referenceName": "main", "commitId": self.commit});
                ("integrate", event("aws.codecommit", "CodeCommit Repository State Change", name, &detail))
            }
            (Flow::Push, _) => ("integrate", build_ended(stage, name).await),
            (Flow::FirstVersion | Flow::NextVersion, 0) => {
                let version: u32 = self.package.rsplit('/').next().unwrap().parse().unwrap();
                let detail = json!({"ModelPackageGroupName": name, "ModelPackageVersion": version,
                    "ModelPackageArn": self.package, "ModelApprovalStatus": "Approved", "ModelPackageStatus": "Completed"});
                ("deploy", event("aws.sagemaker", "SageMaker Model Package State Change", &self.package, &detail))
            }
            (Flow::FirstVersion | Flow::NextVersion, _) => {
                endpoint_rests(stage, name).await;
                let detail = json!({"EndpointName": format!("{name}-prod"), "EndpointStatus": "IN_SERVICE"});
                ("deploy", event("aws.sagemaker", "SageMaker Endpoint State Change", name, &detail))
            }
            (Flow::Notice, _) => {
                let detail = json!({"version": 1, "model": name, "matter": format!("rollout/{name}/1/1"),
                    "at": jiff::Timestamp::now().to_string(), "reasons": ["because"], "details": {"version": "1"}});
                ("notify", event("trimtab", "Rollout Succeeded", name, &detail))
            }
        }
    }
}

fn asked(kind: &str, model: &str, details: &Value) -> Value {
    let detail = json!({"version": 1, "model": model, "matter": format!("look/{model}/1"),
        "at": jiff::Timestamp::now().to_string(), "reasons": [], "details": details});
    let mut event = event("trimtab", kind, model, &detail);
    // The same request comes more than once in a model's life.
    event["id"] = json!(format!("{kind} {model} {}", event["time"]));
    event
}

fn look_at(model: &str) -> Value {
    asked("Look Requested", model, &json!({}))
}

fn alarm(model: &str) -> Value {
    let name = format!("{model}-prod-data-drift");
    let metric = json!({"metricStat": {"metric": {"namespace": "aws/sagemaker/Endpoints/data-metrics",
        "name": "feature_baseline_drift_tenure"}, "period": 3600, "stat": "Maximum"}});
    let state = json!({"value": "ALARM", "timestamp": "2026-11-20T03:00:00.000+0000"});
    let detail = json!({"alarmName": name, "configuration": {"metrics": [metric]}, "state": state});
    let arn = format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}");
    event("aws.cloudwatch", "CloudWatch Alarm State Change", &arn, &detail)
}

/// Looks until it is there.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "not seen: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

async fn run_ended(stage: &Stage, model: &str) -> Value {
    let run = until("a run that has ended", async || {
        let call = stage.sagemaker.list_pipeline_executions().pipeline_name(format!("{model}-training"));
        let runs = call.send().await.unwrap().pipeline_execution_summaries.unwrap_or_default();
        let status = |status: &str| status == "Succeeded";
        runs.into_iter().find(|run| run.pipeline_execution_status().is_some_and(|found| status(found.as_str())))
    });
    let run = run.await;
    let detail = json!({"pipelineExecutionDisplayName": run.pipeline_execution_display_name(),
        "currentPipelineExecutionStatus": "Succeeded", "pipelineExecutionArn": run.pipeline_execution_arn()});
    event("aws.sagemaker", "SageMaker Model Building Pipeline Execution Status Change", model, &detail)
}

async fn build_ended(stage: &Stage, model: &str) -> Value {
    let build = until("a build that has ended", async || {
        let listed = stage.codebuild.list_builds_for_project().project_name(format!("{model}-build")).send().await;
        let ids = listed.unwrap().ids.filter(|ids| !ids.is_empty())?;
        let builds = stage.codebuild.batch_get_builds().set_ids(Some(ids)).send().await.unwrap().builds;
        let done = |status: &str| status == "SUCCEEDED";
        builds.unwrap_or_default().into_iter().find(|build| build.build_status().is_some_and(|s| done(s.as_str())))
    });
    let build = build.await;
    let variables = build.environment().map(|environment| environment.environment_variables()).unwrap_or_default();
    let variables: Vec<Value> =
        variables.iter().map(|variable| json!({"name": variable.name(), "value": variable.value()})).collect();
    let detail = json!({"build-status": "SUCCEEDED", "project-name": format!("{model}-build"), "build-id": build.arn(),
        "additional-information": {"source-version": build.source_version(),
            "environment": {"environment-variables": variables}}});
    event("aws.codebuild", "CodeBuild Build State Change", model, &detail)
}

async fn endpoint_rests(stage: &Stage, model: &str) {
    until("an endpoint in service", async || {
        let found = stage.sagemaker.describe_endpoint().endpoint_name(format!("{model}-prod")).send().await.ok()?;
        found.endpoint_status().filter(|status| status.as_str() == "InService").map(|_| ())
    })
    .await;
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
    let suite = flow == Flow::Notice;
    let scope = if suite { Scope::Suite } else { Scope::Model(ModelName::parse(&model.name).unwrap()) };
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
                let call = stage.codebuild.list_builds_for_project().project_name(format!("{name}-build"));
                call.send().await.unwrap().ids.unwrap_or_default().len()
            }
            other => journal(other),
        };
        counted.push((*effect, times));
    }
    counted
}
