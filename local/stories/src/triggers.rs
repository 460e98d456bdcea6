//! The story `triggers`: monitoring violations, new data, feature groups, an operator request and a composite alarm
//! start training.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::{
    DataQualityAppSpecification, DataQualityJobInput, EndpointInput, MonitoringClusterConfig, MonitoringOutput,
    MonitoringOutputConfig, MonitoringResources, MonitoringS3Output, MonitoringScheduleConfig, MonitoringType,
    PipelineExecutionStatus, ProcessingInstanceType,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_cli::commands::retrain;
use trimtab_cloud::REGION;
use trimtab_core::name::ModelName;
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::{AggregateId, HistoryEntry, Ledger};
use trimtab_core::request::Retrain;
use trimtab_eventbridge::EventBus;

use crate::lost_events::tick;
use crate::setup::{ROLE, SERVING_METRICS, SHORT_COOL_DOWN};
use crate::story::{Story, StoryError, service};

/// The bucket of the team's data.
const BUCKET: &str = "churn-123456789012";

/// The number of objects in one batch of data.
const OBJECTS: usize = 40;

/// The debounce time: the batch is ready when no object arrived for this long.
const DEBOUNCE: SignedDuration = SignedDuration::from_secs(2);

/// The metric of the latency alarm.
const LATENCY: &str = "ModelLatency";

/// The monitoring schedule in the policy.
const SCHEDULE: &str = "churn-prod-data-quality";

/// Triggers one run in each of the five ways.
pub(crate) async fn each(story: &mut Story) -> Result<(), StoryError> {
    story.apply(with_short_durations).await?;
    let here = format!("<LocationConstraint>{REGION}</LocationConstraint>");
    story.put(BUCKET, format!("<CreateBucketConfiguration>{here}</CreateBucketConfiguration>")).await?;
    let on = "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>";
    story.put(&format!("{BUCKET}?notification"), on).await?;
    violations(story).await?;
    data(story).await?;
    features(story).await?;
    operator(story).await?;
    composite(story).await?;
    once(story).await
}

/// Shortens the durations of the policy to seconds, and raises the budget to the runs of this story.
fn with_short_durations(policy: &mut Policy) {
    let Some(retrain) = &mut policy.retrain else { return };
    retrain.cool_down = SHORT_COOL_DOWN;
    retrain.budget.runs = 10;
    if let Some(data) = &mut retrain.data {
        data.debounce = DEBOUNCE;
        data.cool_down = false;
    }
}

async fn violations(story: &mut Story) -> Result<(), StoryError> {
    story.section("A monitoring run reports violations without an alarm");
    let violation = json!({"feature_name": "tenure", "constraint_check_type": "baseline_drift_check",
        "description": "Baseline drift distance: 0.31 exceeds threshold: 0.1"});
    let report = json!({"violations": [violation]}).to_string();
    story.put(&format!("{BUCKET}/monitoring/constraint_violations.json"), report).await?;
    let output = format!("s3://{BUCKET}/monitoring");
    create_monitoring_schedule(&story.aws.sagemaker, SCHEDULE, "churn-prod", &output).await?;
    story.control("monitoring", json!({"schedule": SCHEDULE, "status": "CompletedWithViolations"})).await?;
    let run = trained(story, "drift", 1).await?;
    Story::expect("the run's parameter Features:", &parameter(story, &run, "Features").await?, &Some("tenure".into()))?;
    let words = "tenure: baseline_drift_check (Baseline drift distance: 0.31 exceeds threshold: 0.1)";
    let record = recorded(story, Decision::Acted, words).await?;
    story.observed(format!("one run with the reason: {}", record.reasons.join("; "))).await
}

async fn data(story: &mut Story) -> Result<(), StoryError> {
    story.section("Forty new objects arrive in S3");
    for number in 0..OBJECTS {
        story.put(&format!("{BUCKET}/features/2026-11-20/part-{number:05}.csv"), "1,2,3").await?;
    }
    batch_processed(story).await?;
    trained(story, "data", 1).await?;
    recorded(story, Decision::Acted, &format!("new data in s3://{BUCKET}/features/")).await?;
    let of_objects = story.records().await?.iter().filter(|record| record.source == "aws.s3").count();
    Story::expect("history entries of single objects:", &of_objects, &0)?;
    story.observed("after the last object, one run was started for all; single objects have no history entry").await
}

async fn features(story: &mut Story) -> Result<(), StoryError> {
    story.section("Feature Store writes offline data of churn-features");
    let folder = "123456789012/sagemaker/eu-west-1/offline-store/churn-features-1795166530/data/year=2026/month=11";
    story.put(&format!("{BUCKET}/{folder}/20261121T010000Z_4kq1.parquet"), "PAR1").await?;
    batch_processed(story).await?;
    trained(story, "features", 1).await?;
    recorded(story, Decision::Acted, "new data in feature group churn-features").await?;
    story.observed("the new data of the feature group started one run").await
}

async fn operator(story: &mut Story) -> Result<(), StoryError> {
    story.section("maya requests a run twice with the same idempotency key");
    let model = ModelName::parse("churn").map_err(service)?;
    let (by, reason) = ("maya".to_owned(), Some("new labels".to_owned()));
    let request = Retrain { by, reason, id: Some("labels-of-november".to_owned()), over_budget: false };
    let bus = EventBus::new(&crate::aws::config(&story.endpoint), "trimtab".to_owned());
    retrain::retrain(&bus, &model, request.clone(), Timestamp::now()).await?;
    trained(story, "operator", 1).await?;
    retrain::retrain(&bus, &model, request, Timestamp::now()).await?;
    recorded(story, Decision::Acted, "requested by maya: new labels").await?;
    recorded(story, Decision::Skipped, "this trigger was handled at").await?;
    trained(story, "operator", 1).await?;
    story.observed("one run was started; her name and reason are recorded").await
}

async fn composite(story: &mut Story) -> Result<(), StoryError> {
    story.section("A composite alarm fires");
    story.until("the end of the cool-down", async |story: &Story| cool_down_ended(story).await).await?;
    let cloudwatch = &story.aws.cloudwatch;
    let call =
        cloudwatch.put_metric_alarm().alarm_name("churn-prod-slow").namespace(SERVING_METRICS).metric_name(LATENCY);
    let call = call.statistic(Statistic::Maximum).period(60).evaluation_periods(1).threshold(100.0);
    call.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.map_err(service)?;
    let call = cloudwatch.put_composite_alarm().alarm_name("churn-prod-any-drift");
    let call = call.alarm_rule("ALARM(\"churn-prod-slow\") OR ALARM(churn-prod-data-drift)");
    call.send().await.map_err(service)?;
    story.publish(SERVING_METRICS, LATENCY, &[], 250.0).await?;
    trained(story, "drift", 2).await?;
    recorded(story, Decision::Acted, "composite drift: alarm churn-prod-any-drift").await?;
    story.observed("CloudWatch raised churn-prod-slow from the data and the composite alarm churn-prod-any-drift: one run was started").await
}

/// No trigger started a run twice.
async fn once(story: &mut Story) -> Result<(), StoryError> {
    story.section("Summary of the five triggers");
    Story::expect("StartPipelineExecution:", &story.calls("StartPipelineExecution").await?, &5)?;
    story.observed("five runs were started, one for each trigger").await
}

/// Waits until the new data is in the ledger, then reconciles after the debounce time until its run starts.
async fn batch_processed(story: &mut Story) -> Result<(), StoryError> {
    let collected = async |story: &Story| Ok(batch(story).await?.map(|_| ()));
    story.until("new data in the ledger", collected).await?;
    let started = async |story: &Story| {
        let Some(batch) = batch(story).await? else { return Ok(Some(())) };
        let last = batch.get("last").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
        if last.is_some_and(|last| Timestamp::now().duration_since(last) >= DEBOUNCE) {
            tick(story).await?;
        }
        Ok(None)
    };
    story.until("a reconcile that starts the run", started).await
}

async fn batch(story: &Story) -> Result<Option<Value>, StoryError> {
    incident(story, "batch").await
}

/// Whether the cool-down after the last run has ended.
async fn cool_down_ended(story: &Story) -> Result<Option<()>, StoryError> {
    let ended = incident(story, "last_ended").await?;
    let ended = ended.and_then(|at| at.as_str()?.parse::<Timestamp>().ok());
    Ok(ended.filter(|at| Timestamp::now().duration_since(*at) > SHORT_COOL_DOWN).map(|_| ()))
}

/// A field of `retrain`'s incident state in the ledger; `None` if it is null or missing.
async fn incident(story: &Story, field: &str) -> Result<Option<Value>, StoryError> {
    let id = AggregateId { owner: "churn".to_owned(), name: "incident".to_owned() };
    let state = story.ledger.load(&id).await?.state;
    Ok(state.and_then(|state| state.get(field).cloned()).filter(|value| !value.is_null()))
}

/// Waits until `count` runs of incidents of this kind succeeded and `retrain` closed the last; returns its ARN.
async fn trained(story: &mut Story, kind: &str, count: usize) -> Result<String, StoryError> {
    let prefix = format!("churn-{kind}-");
    let ended = async |story: &Story| {
        let runs = story.runs().await?;
        let mut ours = runs.iter().filter(|run| {
            run.pipeline_execution_display_name().is_some_and(|name| name.starts_with(&prefix))
                && run.pipeline_execution_status() == Some(&PipelineExecutionStatus::Succeeded)
        });
        let newest = ours.next().cloned();
        Ok(newest.filter(|_| ours.count() + 1 == count))
    };
    let run = story.until(&format!("{count} successful run(s) {prefix}…"), ended).await?;
    let incident = run.pipeline_execution_display_name().unwrap_or_default().to_owned();
    let words = format!("the run of {incident} succeeded");
    recorded(story, Decision::Acted, &words).await?;
    story.received("Training Succeeded", &format!("incident/{incident}")).await?;
    Ok(run.pipeline_execution_arn().unwrap_or_default().to_owned())
}

async fn recorded(story: &mut Story, decision: Decision, words: &str) -> Result<HistoryEntry, StoryError> {
    let probe = async |story: &Story| story.recorded("retrain", decision, words).await;
    story.until(&format!("retrain's record: {words}"), probe).await
}

async fn parameter(story: &Story, run: &str, name: &str) -> Result<Option<String>, StoryError> {
    let call = story.aws.sagemaker.list_pipeline_parameters_for_execution().pipeline_execution_arn(run);
    let found = call.send().await.map_err(service)?.pipeline_parameters.unwrap_or_default();
    let of = found.into_iter().find(|parameter| parameter.name() == Some(name));
    Ok(of.and_then(|parameter| parameter.value))
}

/// Creates a data quality monitoring schedule, as a team does without Trimtab.
///
/// # Errors
/// SageMaker rejects the definition or the schedule.
pub async fn create_monitoring_schedule(
    sagemaker: &Client,
    name: &str,
    endpoint: &str,
    output: &str,
) -> Result<(), StoryError> {
    let image = DataQualityAppSpecification::builder().image_uri("analyzer").build();
    let traffic = EndpointInput::builder().endpoint_name(endpoint).local_path("/opt/ml/processing/input").build();
    let target = MonitoringS3Output::builder().s3_uri(output).local_path("/opt/ml/processing/output").build();
    let outputs = MonitoringOutputConfig::builder();
    let outputs = outputs.monitoring_outputs(MonitoringOutput::builder().s3_output(target).build()).build();
    let cluster = MonitoringClusterConfig::builder();
    let cluster = cluster.instance_count(1).instance_type(ProcessingInstanceType::MlM5Xlarge).volume_size_in_gb(30);
    let made = sagemaker
        .create_data_quality_job_definition()
        .job_definition_name(name)
        .data_quality_app_specification(image)
        .data_quality_job_input(DataQualityJobInput::builder().endpoint_input(traffic).build())
        .data_quality_job_output_config(outputs)
        .job_resources(MonitoringResources::builder().cluster_config(cluster.build()).build())
        .role_arn(ROLE);
    made.send().await.map_err(service)?;
    let config = MonitoringScheduleConfig::builder().monitoring_job_definition_name(name);
    let config = config.monitoring_type(MonitoringType::DataQuality).build();
    let made = sagemaker.create_monitoring_schedule().monitoring_schedule_name(name).monitoring_schedule_config(config);
    made.send().await.map(drop).map_err(service)
}
