//! The ports to alarms and training runs. The engines differ in how they treat a second start.

use jiff::{SignedDuration, Timestamp};
use trimtab_core::event::{AlarmState, DriftKind, RunStatus};
use trimtab_core::failure::Failure;
use trimtab_core::name::{AlarmArn, AlarmName, CodePipelineRunId, DagRunId, KubeflowId, NameError, RunArn, RunId};
use trimtab_core::policy::Engine;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Alarms, ObservedAlarm, RunRequest, Runs};

use crate::Site;
use crate::composite;
use crate::events;
use crate::journal::Happening;
use crate::script::Flow;
use crate::services::{Item, Run, Services, Sim, TOKEN_MEMORY};

/// The alarm of canaries; all other alarms are about drift.
const CANARY_ALARM: &str = "churn-prod-5xx";

impl Runs for Sim {
    async fn find(&self, request: &RunRequest) -> PortResult<Option<RunId>> {
        let name = request.display_name.clone();
        let list = move |services: &Services, lag: SignedDuration| {
            let old = |run: &&Run| services.now.duration_since(run.created) >= lag && run.request.display_name == name;
            Ok(services.runs.iter().find(old).map(|run| run.id.clone()))
        };
        let lags = list.clone();
        let find = move |services: &mut Services| list(services, SignedDuration::ZERO);
        // SageMaker's list is eventually consistent: it lacks runs that were started within the last minute.
        let lag = i64::from(request.engine.pipeline().is_some());
        let before = move |services: &mut Services| lags(services, SignedDuration::from_mins(lag));
        self.read(Site::RunsFind, find, Some(before)).await
    }

    async fn start(&self, request: &RunRequest) -> PortResult<RunId> {
        let request = request.clone();
        self.services().attempt(Site::RunsStart, request.display_name.clone(), &request.token);
        self.call(Site::RunsStart, move |services| {
            let now = services.now;
            if let Some(known) = services.runs.iter().find(|run| is_same(run, &request, now)) {
                return Ok(known.id.clone());
            }
            let number = services.runs.len();
            let id = named(&request, number).map_err(|error| Failure::permanent("simulated", error.to_string()))?;
            services.note(|| format!("a run of {} starts", request.display_name));
            services.runs.push(Run { request, id: id.clone(), created: now, ended: None });
            services.record(Happening::RunBegan(number));
            let lasts = services.flow.map_or(SignedDuration::ZERO, Flow::run_lasts);
            services.after(lasts, Item::RunEnds(number));
            Ok(id)
        })
        .await
    }

    async fn status(&self, _: &Engine, run: &RunId) -> PortResult<Option<RunStatus>> {
        let id = run.clone();
        self.call(Site::RunsStatus, move |services| {
            let status = |run: &Run| run.ended.map_or(RunStatus::Executing, |(_, end)| end.of_run());
            Ok(services.runs.iter().find(|run| run.id == id).map(status))
        })
        .await
    }
}

/// Whether the engine treats this request as the existing run: SageMaker by a token for a few minutes, Step Functions
/// and Airflow by the name at any time, the others never.
fn is_same(run: &Run, request: &RunRequest, now: Timestamp) -> bool {
    match &request.engine {
        Engine::Pipeline(_) => run.request.token == request.token && now.duration_since(run.created) < TOKEN_MEMORY,
        Engine::StateMachine(_) | Engine::Airflow(_) => run.request.display_name == request.display_name,
        Engine::Kubeflow(_) | Engine::Codepipeline(_) => false,
    }
}

/// The engine's ID of its nth run.
fn named(request: &RunRequest, number: usize) -> Result<RunId, NameError> {
    Ok(match &request.engine {
        Engine::Pipeline(pipeline) => {
            let arn = format!("arn:aws:sagemaker:eu-west-1:123456789012:pipeline/{pipeline}/execution/run{number}");
            RunId::Pipeline(RunArn::parse(&arn)?)
        }
        Engine::StateMachine(machine) => RunId::Execution(machine.execution(&request.display_name)?),
        Engine::Airflow(airflow) => {
            let run = DagRunId::parse(&request.display_name)?;
            RunId::Airflow(airflow.environment.clone(), airflow.dag.clone(), run)
        }
        Engine::Kubeflow(_) => RunId::Kubeflow(KubeflowId::parse(&format!("run{number}"))?),
        Engine::Codepipeline(pipeline) => {
            RunId::CodePipeline(pipeline.clone(), CodePipelineRunId::parse(&format!("run{number}"))?)
        }
    })
}

impl Alarms for Sim {
    async fn describe(&self, alarms: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        let names = alarms.to_vec();
        self.call(Site::AlarmsDescribe, move |services| {
            // If `monitor` creates alarms in this flow, only those and the canary's exist.
            let made = services.monitoring.as_ref().map(|monitoring| monitoring.alarms.clone());
            let there = |name: &AlarmName| {
                made.as_ref().is_none_or(|made| made.contains(name.as_str()) || name.as_str() == CANARY_ALARM)
            };
            let names = names.into_iter().filter(there);
            Ok(names.filter_map(|name| alarm(services, name)).collect())
        })
        .await
    }
}

/// The state of an alarm: the canary's is OK or without data, one is composite, and all others are about drift.
fn alarm(services: &Services, name: AlarmName) -> Option<ObservedAlarm> {
    let watches_canary = name.as_str() == CANARY_ALARM;
    let since = services.alarms.get(name.as_str()).copied();
    let state = match (watches_canary, services.without_alarm_data) {
        (true, true) => AlarmState::InsufficientData,
        (true, false) => AlarmState::Ok,
        (false, _) => since.map_or(AlarmState::Ok, |_| AlarmState::Alarm),
    };
    let arn = AlarmArn::parse(&events::alarm_arn(name.as_str())).ok()?;
    let is_composite = name.as_str() == composite::NAME;
    let says_nothing = watches_canary || is_composite || name.as_str() == composite::OWN;
    let children = composite::CHILDREN.iter().filter(|_| is_composite);
    Some(ObservedAlarm {
        name,
        arn,
        state,
        since,
        drift: (!says_nothing).then_some(DriftKind::DataQuality),
        features: vec![],
        children: children.filter_map(|child| AlarmName::parse(child).ok()).collect(),
        suppressed: is_composite && since.is_some() && services.released.is_none(),
    })
}
