//! Training engines other than SageMaker Pipelines: their setup, the event at the end of a run, and the number of runs.

use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, PipelineDeclaration, PipelineType,
    PipelineVariableDeclaration, StageDeclaration,
};
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::name::{CodePipelineName, DagId, EnvironmentName, HttpsUrl, KubeflowId, SecretName, StateMachineArn};
use trimtab_core::policy::{Airflow, Engine, Kubeflow, Parameters};

use super::cloud::event;
use super::setup::{reconcile_request, tests_ended, until};
use super::{Environment, Flow};

const ENVIRONMENT: &str = "ml";

/// Creates the engine of this flow; `None` if SageMaker Pipelines trains.
pub(super) async fn engine(env: &Environment, flow: Flow, model: &str) -> Option<(Engine, Parameters)> {
    let named = format!("{model}-training");
    match flow {
        Flow::StepFunctions => {
            let machine = StateMachineArn::parse(&env.machine(&named, &json!({})).await).unwrap();
            Some((Engine::StateMachine(machine), Parameters::default()))
        }
        Flow::Airflow => {
            env.control("airflow", &json!({"environment": ENVIRONMENT, "dag": named})).await;
            let environment = EnvironmentName::parse(ENVIRONMENT).unwrap();
            let dag = DagId::parse(&named).unwrap();
            Some((Engine::Airflow(Airflow { environment, dag }), Parameters::default()))
        }
        Flow::Kubeflow => Some((cluster(env, model, &named).await, Parameters::default())),
        Flow::CodePipelineTraining => {
            make_pipeline(env, &named).await;
            let parameters = Parameters { incident: Some("Incident".to_owned()), ..Parameters::default() };
            Some((Engine::Codepipeline(CodePipelineName::parse(&named).unwrap()), parameters))
        }
        _ => None,
    }
}

/// Kubeflow's token is the model's name, by which the emulator identifies the caller.
async fn cluster(env: &Environment, model: &str, pipeline: &str) -> Engine {
    env.control("kubeflow", &json!({"admit": model, "pipeline": pipeline})).await;
    let secret = format!("trimtab/{model}");
    env.secrets.create_secret().name(&secret).secret_string(model).send().await.unwrap();
    let place = env.control_state("kubeflow").await;
    Engine::Kubeflow(Kubeflow {
        url: HttpsUrl::parse(place["url"].as_str().unwrap()).unwrap(),
        ca: place["ca"].as_str().map(str::to_owned),
        pipeline: KubeflowId::parse(pipeline).unwrap(),
        experiment: None,
        secret: SecretName::parse(&secret).unwrap(),
    })
}

async fn make_pipeline(env: &Environment, name: &str) {
    let action = |category, provider: &str| {
        let kind = ActionTypeId::builder().category(category).owner(ActionOwner::Aws).provider(provider).version("1");
        ActionDeclaration::builder().name(provider).action_type_id(kind.build().unwrap()).build().unwrap()
    };
    let part = |name: &str, action| StageDeclaration::builder().name(name).actions(action).build().unwrap();
    let variable = PipelineVariableDeclaration::builder().name("Incident").default_value("none").build().unwrap();
    let pipeline = PipelineDeclaration::builder()
        .name(name)
        .role_arn(format!("arn:aws:iam::{ACCOUNT}:role/{name}"))
        .pipeline_type(PipelineType::V2)
        .variables(variable)
        .stages(part("Source", action(ActionCategory::Source, "S3")))
        .stages(part("Train", action(ActionCategory::Build, "CodeBuild")))
        .build()
        .unwrap();
    env.codepipeline.create_pipeline().pipeline(pipeline).send().await.unwrap();
}

/// The event after the end of the model's run: an AWS event, or a reconcile request for engines without one.
pub(super) async fn ended(env: &Environment, flow: Flow, model: &str) -> Value {
    match flow {
        Flow::StepFunctions => {
            let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{model}-training");
            tests_ended(env, &machine).await
        }
        Flow::CodePipelineTraining => {
            let id = until("an execution that has ended", async || {
                let runs = executions(env, model).await;
                runs.into_iter().find(|(_, status)| status == "Succeeded").map(|(id, _)| id)
            });
            let detail =
                json!({"pipeline": format!("{model}-training"), "execution-id": id.await, "state": "SUCCEEDED"});
            event("aws.codepipeline", "CodePipeline Pipeline Execution State Change", model, &detail)
        }
        _ => {
            until("a run that has ended", async || {
                let runs = runs(env, flow, model).await;
                let done = |run: &Value| run["state"] == "success" || run["state"] == "SUCCEEDED";
                runs.iter().any(done).then_some(())
            })
            .await;
            reconcile_request(model)
        }
    }
}

async fn executions(env: &Environment, model: &str) -> Vec<(String, String)> {
    let call = env.codepipeline.list_pipeline_executions().pipeline_name(format!("{model}-training"));
    let listed = call.send().await.unwrap().pipeline_execution_summaries.unwrap_or_default();
    let read = |run: aws_sdk_codepipeline::types::PipelineExecutionSummary| {
        Some((run.pipeline_execution_id?, run.status?.as_str().to_owned()))
    };
    listed.into_iter().filter_map(read).collect()
}

/// The model's runs in Airflow or Kubeflow.
async fn runs(env: &Environment, flow: Flow, model: &str) -> Vec<Value> {
    if flow == Flow::Airflow {
        let body = json!({"Path": format!("/dags/{model}-training/dagRuns"), "Method": "GET"});
        let said = env.rest("airflow", &format!("restapi/{ENVIRONMENT}"), &body).await;
        return said["RestApiResponse"]["dag_runs"].as_array().unwrap().clone();
    }
    let said = env.control_state("kubeflow").await;
    let pipeline = format!("{model}-training");
    let ours = |run: &Value| run["pipeline_version_reference"]["pipeline_id"] == pipeline;
    said["runs"].as_array().unwrap().iter().filter(|run| ours(run)).cloned().collect()
}

/// The number of runs of the model.
pub(super) async fn count(env: &Environment, flow: Flow, model: &str) -> usize {
    match flow {
        Flow::StepFunctions => {
            let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{model}-training");
            env.sfn.list_executions().state_machine_arn(machine).send().await.unwrap().executions.len()
        }
        Flow::CodePipelineTraining => executions(env, model).await.len(),
        _ => runs(env, flow, model).await.len(),
    }
}
