//! The local cloud that all cases share. Each case has a model with resource names of its own.

use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};
use aws_sdk_codebuild::types::{
    ArtifactsType, ComputeType, EnvironmentType, ProjectArtifacts, ProjectEnvironment, ProjectSource, SourceType,
};
use aws_sdk_codecommit::primitives::Blob;
use aws_sdk_codecommit::types::{PutFileEntry, Target};
use aws_sdk_sagemaker::types::{
    AlgorithmSpecification, InferenceSpecification, ModelApprovalStatus, ModelPackageContainerDefinition,
    ResourceConfig, StoppingCondition, TrainingInstanceType,
};
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, Cloud, REGION, root};
use trimtab_core::policy::{Engine, OrganizationPolicy, Parameters, Policy};
use trimtab_emulator::FaultKind;
use trimtab_ledger::DynamoLedger;

use super::setup::run_of;
use super::{Case, Flow};

const TABLE: &str = "trimtab-ledger";
const ROLE: &str = "arn:aws:iam::123456789012:role/chaos-endpoint";
const IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/serving:1";

/// The namespace in which Model Monitor publishes drift.
const METRICS: &str = "aws/sagemaker/Endpoints/data-metrics";

/// The debounce time of new data.
pub(super) const DEBOUNCE: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// The local cloud, and the clients for setup and verification.
pub struct Environment {
    cloud: Cloud,
    http: reqwest::Client,
    kills: Mutex<std::collections::BTreeSet<String>>,
    pub(super) ledger: DynamoLedger,
    pub(super) sagemaker: aws_sdk_sagemaker::Client,
    pub(super) codebuild: aws_sdk_codebuild::Client,
    codecommit: aws_sdk_codecommit::Client,
    cloudformation: aws_sdk_cloudformation::Client,
    pub(super) codepipeline: aws_sdk_codepipeline::Client,
    pub(super) ecr: aws_sdk_ecr::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) secrets: aws_sdk_secretsmanager::Client,
    pub(super) sfn: aws_sdk_sfn::Client,
    topic: String,
}

impl Environment {
    /// Starts the cloud with a ledger, Trimtab's bus and its topic.
    ///
    /// # Panics
    /// The cloud does not start.
    pub async fn start() -> Self {
        let cloud = Cloud::start(&root().join("target/tests/chaos"), ([127, 0, 0, 1], 0).into()).await.unwrap();
        let ledger = crate::ledger(&cloud, TABLE).await;
        let config = trimtab_stories::config(&cloud.endpoint());
        let bus = aws_sdk_eventbridge::Client::new(&config);
        bus.create_event_bus().name("trimtab").send().await.unwrap();
        let topic = aws_sdk_sns::Client::new(&config).create_topic().name("trimtab-notices").send().await.unwrap();
        let env = Self {
            http: reqwest::Client::new(),
            kills: Mutex::default(),
            ledger,
            sagemaker: aws_sdk_sagemaker::Client::new(&config),
            codebuild: aws_sdk_codebuild::Client::new(&config),
            codecommit: aws_sdk_codecommit::Client::new(&config),
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            codepipeline: aws_sdk_codepipeline::Client::new(&config),
            ecr: aws_sdk_ecr::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            sfn: aws_sdk_sfn::Client::new(&config),
            topic: topic.topic_arn.unwrap(),
            cloud,
        };
        let suite =
            OrganizationPolicy::parse("organization.toml", include_str!("../../policies/organization.toml")).unwrap();
        env.ledger.apply_organization(&suite).await.unwrap();
        // As on AWS, an update of an endpoint takes longer than all attempts of one call.
        let paces = json!({"builds": 50, "runs": 50, "fleets": 8000, "bakes": 8000, "codepipelines": 50, "jobs": 50, "schedules": 50,
            "stacks": 8000});
        env.control("pace", &paces).await;
        env
    }

    /// Stops the cloud.
    pub async fn stop(self) {
        self.cloud.stop().await;
    }

    /// The environment variables of a function; its access key is the model's name.
    pub(super) fn environment(&self, function: &str, principal: &str) -> Vec<(&'static str, String)> {
        let mut environment = self.cloud.environment();
        environment.retain(|(name, _)| *name != "AWS_ACCESS_KEY_ID");
        environment.extend([
            ("AWS_ACCESS_KEY_ID", principal.to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", format!("trimtab-{function}")),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "chaos".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "chaos".to_owned()),
            ("TRIMTAB_TABLE", TABLE.to_owned()),
            ("TRIMTAB_BUS", "trimtab".to_owned()),
            ("TRIMTAB_TOPIC_ARN", self.topic.clone()),
            ("TRIMTAB_LOG", "error".to_owned()),
        ]);
        environment
    }

    /// Reads the state of a control of the emulator.
    pub(super) async fn control_state(&self, what: &str) -> Value {
        let url = format!("{}/_trimtab/{what}", self.cloud.endpoint());
        let said = self.http.get(url).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&said).unwrap()
    }

    /// Calls a service with a REST API by its path.
    pub(super) async fn rest(&self, name: &str, path: &str, body: &Value) -> Value {
        let scope = format!("AWS4-HMAC-SHA256 Credential=chaos/20260101/{REGION}/{name}/aws4_request");
        let call = self.http.post(format!("{}/{path}", self.cloud.endpoint()));
        let call = call.header("authorization", format!("{scope}, SignedHeaders=host, Signature=0"));
        let call = call.header("content-type", "application/json").body(body.to_string());
        let said = call.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&said).unwrap()
    }

    pub(super) async fn control(&self, what: &str, body: &Value) {
        let url = format!("{}/_trimtab/{what}", self.cloud.endpoint());
        let sent = self.http.post(url).header("content-type", "application/json").body(body.to_string()).send().await;
        assert!(sent.unwrap().status().is_success(), "{what}");
    }

    /// Resets the count of this model's calls, and sets the fault of the case.
    pub(super) async fn arm(&self, model: &str, case: Option<Case>) {
        let (call, kind, times) =
            case.map_or((usize::MAX / 2, FaultKind::Reset, 0), |case| (case.call, case.kind, case.times));
        if matches!(kind, FaultKind::KilledBefore | FaultKind::KilledAfter) {
            self.kills.lock().unwrap().insert(model.to_owned());
        }
        self.control("fault", &json!({"principal": model, "call": call, "kind": kind, "times": times})).await;
    }

    /// The numbers of injected faults and of calls since [`Environment::arm`].
    pub(super) async fn injected(&self, model: &str, wait: Duration) -> (usize, usize) {
        let url = format!("{}/_trimtab/injected?principal={model}&wait={}", self.cloud.endpoint(), wait.as_secs());
        let body = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let found: Value = serde_json::from_str(&body).unwrap();
        let number = |name: &str| usize::try_from(found[name].as_u64().unwrap()).unwrap();
        (number("injected"), number("calls"))
    }

    /// Completes when the model's function must be killed: once, and never without such a fault.
    pub(super) async fn time_to_kill(&self, model: &str) {
        if !self.kills.lock().unwrap().contains(model) {
            return std::future::pending().await;
        }
        if self.injected(model, Duration::from_secs(60)).await.0 == 0 {
            return std::future::pending().await;
        }
        self.kills.lock().unwrap().remove(model);
    }

    /// This model's successful calls, in order.
    pub(super) async fn calls(&self, model: &str) -> Vec<Value> {
        let url = format!("{}/_trimtab/calls?principal={model}", self.cloud.endpoint());
        let body = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let found: Value = serde_json::from_str(&body).unwrap();
        found["entries"].as_array().unwrap().iter().filter(|entry| entry["status"] == 200).cloned().collect()
    }

    /// `policies/churn.toml` for a model of this name. A scheduled reconcile lists all models with a `[reconcile]` table, so
    /// only few have one.
    pub(super) async fn apply(&self, model: &str, flow: Flow, engine: Option<(Engine, Parameters)>) {
        let reconciled_models = flow == Flow::Schedule;
        let text = include_str!("../../policies/churn.toml").replace("churn", model);
        let text = text.replace("on_pass = \"manual_approval\"", "on_pass = \"approve\"");
        let delivery =
            format!("codepipeline = {{ name = \"{model}-integration\", source = \"Source\", variable = \"Commit\" }}");
        let text = match flow {
            // Other flows cover the update of the pipeline definition.
            Flow::PipelineBuild => text
                .replace(&format!("project = \"{model}-build\""), &delivery)
                .replace("definition = \"pipeline.json\"", ""),
            _ => text,
        };
        let mut policy = Policy::parse("policy.toml", &text).unwrap();
        policy.reconcile = policy.reconcile.filter(|_| reconciled_models);
        if let (Some(rules), Some((engine, parameters))) = (&mut policy.retrain, engine) {
            (rules.engine, rules.parameters) = (engine, parameters);
        }
        // A short debounce time keeps the flow fast.
        if let Some(data) = policy.retrain.as_mut().and_then(|retrain| retrain.data.as_mut()) {
            data.debounce = DEBOUNCE;
        }
        self.ledger.apply(&policy).await.unwrap();
    }

    /// Runs the model's monitoring schedule with violations; returns the job name.
    pub(super) async fn monitored(&self, model: &str) -> String {
        let (schedule, output) = (format!("{model}-prod-data-quality"), format!("s3://{model}-{ACCOUNT}/monitoring"));
        trimtab_stories::create_monitoring_schedule(&self.sagemaker, &schedule, &format!("{model}-prod"), &output)
            .await
            .unwrap();
        let told = json!({"schedule": schedule, "status": "CompletedWithViolations"});
        let url = format!("{}/_trimtab/monitoring", self.cloud.endpoint());
        let sent = self.http.post(url).header("content-type", "application/json").body(told.to_string()).send().await;
        let found: Value = serde_json::from_str(&sent.unwrap().text().await.unwrap()).unwrap();
        found["ProcessingJobName"].as_str().unwrap().to_owned()
    }

    /// `policies/tariffs.toml` for a model of this name.
    pub(super) async fn apply_stack(&self, model: &str) {
        let text = include_str!("../../policies/tariffs.toml").replace("tariffs", model);
        let mut policy = Policy::parse("policy.toml", &text).unwrap();
        policy.reconcile = None;
        self.ledger.apply(&policy).await.unwrap();
    }

    /// The status of the model's stack.
    pub(super) async fn stack(&self, model: &str) -> Option<String> {
        let found = self.cloudformation.describe_stacks().stack_name(format!("{model}-prod")).send().await.ok()?;
        let stack = found.stacks.unwrap_or_default().into_iter().next()?;
        stack.stack_status.map(|status| status.as_str().to_owned())
    }

    /// `policies/loans.toml` with one stage, which has a cross-account role and a smoke test.
    pub(super) async fn apply_stages(&self, model: &str) {
        let text = include_str!("../../policies/loans.toml").replace("loans", model);
        let (before, stages) = text.split_once("[[deploy.stages]]").unwrap();
        let staging = stages.split("[[deploy.stages]]").nth(1).unwrap().replace("210987654321", ACCOUNT);
        let here = staging.replace(&format!("name = \"{model}\""), &format!("name = \"{model}-prod\""));
        let policy = Policy::parse("policy.toml", &format!("{before}[[deploy.stages]]\n{here}")).unwrap();
        self.ledger.apply(&policy).await.unwrap();
    }

    /// Creates a training job that violates every rule of `policies/organization.toml`.
    pub(super) async fn job(&self, name: &str) {
        let algorithm = AlgorithmSpecification::builder().training_image(IMAGE).build();
        let resources = ResourceConfig::builder().instance_type(TrainingInstanceType::MlP4D24Xlarge).build();
        let call = self.sagemaker.create_training_job().training_job_name(name).role_arn(ROLE);
        let call = call.algorithm_specification(algorithm).resource_config(resources);
        call.stopping_condition(StoppingCondition::builder().build()).send().await.unwrap();
    }

    pub(super) async fn pipeline(&self, model: &str) {
        let call = self.sagemaker.create_pipeline().pipeline_name(format!("{model}-training")).role_arn(ROLE);
        let token = format!("{model}-has-one-pipeline-made-once-for-it");
        call.pipeline_definition(definition()).client_request_token(token).send().await.unwrap();
    }

    pub(super) async fn alarm(&self, name: &str, state: StateValue) {
        let call = self.cloudwatch.put_metric_alarm().alarm_name(name).namespace(METRICS).metric_name(name);
        let call = call.statistic(Statistic::Maximum).period(60).evaluation_periods(1).threshold(1.0);
        call.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.unwrap();
        let set = self.cloudwatch.set_alarm_state().alarm_name(name).state_value(state).state_reason("chaos");
        set.send().await.unwrap();
    }

    /// Creates a repository with one commit, and a build project; returns the commit.
    pub(super) async fn repository(&self, model: &str) -> String {
        let name = format!("{model}-model");
        self.codecommit.create_repository().repository_name(&name).send().await.unwrap();
        let file = PutFileEntry::builder().file_path("a.py").file_content(Blob::new(model)).build().unwrap();
        let call = self.codecommit.create_commit().repository_name(&name).branch_name("main").put_files(file);
        let file = PutFileEntry::builder().file_path("pipeline.json").file_content(Blob::new(definition()));
        let call = call.put_files(file.build().unwrap());
        let commit = call.send().await.unwrap().commit_id.unwrap();
        self.project(&format!("{model}-build")).await;
        commit
    }

    async fn project(&self, name: &str) {
        let source = ProjectSource::builder().r#type(SourceType::Codecommit).location("anywhere").build().unwrap();
        let artifacts = ProjectArtifacts::builder().r#type(ArtifactsType::NoArtifacts).build().unwrap();
        let environment = ProjectEnvironment::builder()
            .r#type(EnvironmentType::LinuxContainer)
            .image("aws/codebuild/amazonlinux-x86_64-standard:5.0")
            .compute_type(ComputeType::BuildGeneral1Small)
            .build()
            .unwrap();
        let call = self.codebuild.create_project().name(name).service_role(ROLE);
        call.source(source).artifacts(artifacts).environment(environment).send().await.unwrap();
    }

    /// Creates a pull request of one commit, and its build project; returns the id and the commit.
    pub(super) async fn pull_request(&self, model: &str) -> (String, String) {
        let name = format!("{model}-model");
        let main = self.codecommit.get_branch().repository_name(&name).branch_name("main").send().await.unwrap();
        let file = PutFileEntry::builder().file_path("b.py").file_content(Blob::new(model)).build().unwrap();
        let call = self.codecommit.create_commit().repository_name(&name).branch_name("proposal").put_files(file);
        let call = call.set_parent_commit_id(main.branch.unwrap().commit_id);
        let commit = call.send().await.unwrap().commit_id.unwrap();
        self.project(&format!("{model}-review")).await;
        let target =
            Target::builder().repository_name(&name).source_reference("proposal").destination_reference("main");
        let call = self.codecommit.create_pull_request().title(model).targets(target.build().unwrap());
        let made = call.send().await.unwrap().pull_request.unwrap();
        (made.pull_request_id.unwrap(), commit)
    }

    /// The number of comments on the model's pull request.
    pub(super) async fn comments(&self, model: &str) -> usize {
        let call = self.codecommit.list_pull_requests().repository_name(format!("{model}-model"));
        let id = call.send().await.unwrap().pull_request_ids.remove(0);
        let found = self.codecommit.get_comments_for_pull_request().pull_request_id(id).send().await.unwrap();
        found.comments_for_pull_request_data.unwrap_or_default().len()
    }

    /// The numbers of lineage actions of the model's run and of associations that lead to them.
    pub(super) async fn tracked(&self, model: &str) -> (usize, usize) {
        let actions = self.sagemaker.list_actions().source_uri(run_of(model)).send().await.unwrap();
        let mut links = 0;
        for action in actions.action_summaries() {
            let call = self.sagemaker.list_associations().set_destination_arn(action.action_arn.clone());
            links += call.send().await.unwrap().association_summaries().len();
        }
        (actions.action_summaries().len(), links)
    }

    /// Whether the model's first version is approved and has a metric.
    pub(super) async fn is_approved(&self, model: &str) -> bool {
        let package = format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{model}/1");
        let found = self.sagemaker.describe_model_package().model_package_name(package).send().await.unwrap();
        let metrics = found.customer_metadata_properties().and_then(|all| all.get("trimtab.metric.auc"));
        found.model_approval_status() == Some(&ModelApprovalStatus::Approved) && metrics.is_some()
    }

    /// The number of baseline jobs of the model.
    pub(super) async fn baselines(&self, model: &str) -> usize {
        let call = self.sagemaker.list_processing_jobs().name_contains(format!("trimtab-{model}-"));
        call.send().await.unwrap().processing_job_summaries.unwrap_or_default().len()
    }

    /// The number of monitoring schedules of the model.
    pub(super) async fn schedules(&self, model: &str) -> usize {
        let call = self.sagemaker.list_monitoring_schedules().endpoint_name(format!("{model}-prod"));
        call.send().await.unwrap().monitoring_schedule_summaries.unwrap_or_default().len()
    }

    /// Creates the state machine that tests the model's versions; returns its ARN.
    pub(super) async fn tests(&self, model: &str) -> String {
        let result = json!({"metrics": {"auc": 0.91, "log_loss": 0.31}, "bias_report": "s3://chaos/bias.json"});
        self.machine(&format!("{model}-tests"), &result).await
    }

    /// Creates a state machine with this result; returns its ARN.
    pub(super) async fn machine(&self, name: &str, result: &Value) -> String {
        let states = json!({"Only": {"Type": "Pass", "Result": result, "End": true}});
        let definition = json!({"StartAt": "Only", "States": states}).to_string();
        let call = self.sfn.create_state_machine().name(name).role_arn(ROLE);
        call.definition(definition).send().await.unwrap().state_machine_arn
    }

    /// Registers a version of the model; returns its ARN.
    pub(super) async fn package(&self, model: &str, first: bool, approval: ModelApprovalStatus) -> String {
        if first {
            let group = self.sagemaker.create_model_package_group().model_package_group_name(model);
            group.send().await.unwrap();
        }
        let container = ModelPackageContainerDefinition::builder()
            .image(IMAGE)
            .model_data_url(format!("s3://{model}-{ACCOUNT}/model.tar.gz"))
            .build();
        let specification = InferenceSpecification::builder()
            .containers(container)
            .supported_content_types("text/csv")
            .supported_response_mime_types("text/csv")
            .build();
        let call = self.sagemaker.create_model_package().model_package_group_name(model);
        let call = call.inference_specification(specification).model_approval_status(approval);
        call.send().await.unwrap().model_package_arn.unwrap()
    }
}

/// An event in the format of AWS.
pub(super) fn event(source: &str, kind: &str, resource: &str, detail: &Value) -> Value {
    json!({"version": "0", "id": format!("{kind} {resource}"), "source": source, "detail-type": kind,
        "account": ACCOUNT, "region": REGION, "time": jiff::Timestamp::now().to_string(),
        "resources": [resource], "detail": detail})
}

/// The definition of a training pipeline.
fn definition() -> String {
    let parameter = |name: &str| json!({"Name": name, "Type": "String", "DefaultValue": "none"});
    let parameters = ["Commit", "Incident", "Reason", "Features", "Experiment", "Trial"].map(parameter);
    json!({"Version": "2020-12-01", "Parameters": parameters, "Steps": []}).to_string()
}
