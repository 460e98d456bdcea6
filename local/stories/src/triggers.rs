//! What starts a run, besides a push and an alarm on a metric: violations, data, features, a person, and an
//! alarm on other alarms.

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
use trimtab_eventbridge::EventBus;

use crate::lost::tick;
use crate::stage::{ROLE, SERVING_METRICS, SHORT_COOL_DOWN};
use crate::story::{Story, StoryError, service};

/// Where the team's data is.
const BUCKET: &str = "churn-123456789012";

/// How many objects one delivery of data has.
const OBJECTS: usize = 40;

/// How long no more of it must have come.
const QUIET: SignedDuration = SignedDuration::from_secs(2);

/// What an alarm on latency watches.
const LATENCY: &str = "ModelLatency";

/// The monitoring schedule that the policy names.
const SCHEDULE: &str = "churn-prod-data-quality";

/// From violations that no alarm tells of to an alarm on alarms.
pub(crate) async fn each(story: &mut Story) -> Result<(), StoryError> {
    story.apply(at_the_pace_of_a_story).await?;
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

/// Seconds for the policy's minutes and hours; room for all the runs.
fn at_the_pace_of_a_story(policy: &mut Policy) {
    let Some(retrain) = &mut policy.retrain else { return };
    retrain.cool_down = SHORT_COOL_DOWN;
    retrain.budget.runs = 10;
    if let Some(data) = &mut retrain.data {
        data.debounce = QUIET;
        data.cool_down = false;
    }
}

async fn violations(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A monitoring run finds violations, and there is no alarm on it");
    let violation = json!({"feature_name": "tenure", "constraint_check_type": "baseline_drift_check",
        "description": "Baseline drift distance: 0.31 exceeds threshold: 0.1"});
    let report = json!({"violations": [violation]}).to_string();
    story.put(&format!("{BUCKET}/monitoring/constraint_violations.json"), report).await?;
    let output = format!("s3://{BUCKET}/monitoring");
    watch(&story.aws.sagemaker, SCHEDULE, "churn-prod", &output).await?;
    story.control("monitoring", json!({"schedule": SCHEDULE, "status": "CompletedWithViolations"})).await?;
    let run = trained(story, "drift", 1).await?;
    Story::expect("the run's parameter Features:", &parameter(story, &run, "Features").await?, &Some("tenure".into()))?;
    let words = "tenure: baseline_drift_check (Baseline drift distance: 0.31 exceeds threshold: 0.1)";
    let record = recorded(story, Decision::Acted, words).await?;
    story.saw(format!("one run, and its reason: {}", record.reasons.join("; "))).await
}

async fn data(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Forty objects of new data come to S3");
    for number in 0..OBJECTS {
        story.put(&format!("{BUCKET}/features/2026-11-20/part-{number:05}.csv"), "1,2,3").await?;
    }
    gathered(story).await?;
    trained(story, "data", 1).await?;
    recorded(story, Decision::Acted, &format!("new data in s3://{BUCKET}/features/")).await?;
    let of_objects = story.records().await?.iter().filter(|record| record.source == "aws.s3").count();
    Story::expect("records of single objects:", &of_objects, &0)?;
    story.saw("one run answered them all, once no more came; no object is on record by itself").await
}

async fn features(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Feature Store writes offline data of churn-features");
    let folder = "123456789012/sagemaker/eu-west-1/offline-store/churn-features-1795166530/data/year=2026/month=11";
    story.put(&format!("{BUCKET}/{folder}/20261121T010000Z_4kq1.parquet"), "PAR1").await?;
    gathered(story).await?;
    trained(story, "features", 1).await?;
    recorded(story, Decision::Acted, "new data in feature group churn-features").await?;
    story.saw("one run answered the feature group's new data").await
}

async fn operator(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Maya asks for a run, and asks again to be sure");
    let model = ModelName::parse("churn").map_err(service)?;
    let (by, reason) = ("maya".to_owned(), "new labels".to_owned());
    let asked = retrain::Request { model, by, reason, id: Some("labels-of-november".to_owned()), over_budget: false };
    let bus = EventBus::new(&crate::aws::config(&story.endpoint), "trimtab".to_owned());
    retrain::retrain(&bus, &asked, Timestamp::now()).await?;
    trained(story, "operator", 1).await?;
    retrain::retrain(&bus, &asked, Timestamp::now()).await?;
    recorded(story, Decision::Acted, "requested by maya: new labels").await?;
    recorded(story, Decision::Skipped, "this trigger was handled at").await?;
    trained(story, "operator", 1).await?;
    story.saw("one run for one request, with her name and her reason on record").await
}

async fn composite(story: &mut Story) -> Result<(), StoryError> {
    story.begin("An alarm on other alarms goes off");
    story.until("the end of the cool-down", async |story: &Story| rested(story).await).await?;
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
    story.saw("CloudWatch raised churn-prod-slow from the data, and churn-prod-any-drift from that: one run").await
}

/// Nothing was started twice.
async fn once(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Five things have asked for a run");
    Story::expect("StartPipelineExecution:", &story.calls("StartPipelineExecution").await?, &5)?;
    story.saw("five runs were started, one for each").await
}

/// The new data is in the ledger, and once no more has come the clock ticks until it has its run.
async fn gathered(story: &mut Story) -> Result<(), StoryError> {
    let waits = async |story: &Story| Ok(gathering(story).await?.map(|_| ()));
    story.until("new data gathered in the ledger", waits).await?;
    let taken = async |story: &Story| {
        let Some(gathering) = gathering(story).await? else { return Ok(Some(())) };
        let last = gathering.get("last").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
        if last.is_some_and(|last| Timestamp::now().duration_since(last) >= QUIET) {
            tick(story).await?;
        }
        Ok(None)
    };
    story.until("a look that starts its run", taken).await
}

async fn gathering(story: &Story) -> Result<Option<Value>, StoryError> {
    incident(story, "batch").await
}

/// The last run has ended, and so has the cool-down after it.
async fn rested(story: &Story) -> Result<Option<()>, StoryError> {
    let ended = incident(story, "last_ended").await?;
    let ended = ended.and_then(|at| at.as_str()?.parse::<Timestamp>().ok());
    Ok(ended.filter(|at| Timestamp::now().duration_since(*at) > SHORT_COOL_DOWN).map(|_| ()))
}

/// A field of what `retrain` keeps, where it holds something.
async fn incident(story: &Story, field: &str) -> Result<Option<Value>, StoryError> {
    let id = AggregateId { owner: "churn".to_owned(), name: "incident".to_owned() };
    let state = story.ledger.load(&id).await?.state;
    Ok(state.and_then(|state| state.get(field).cloned()).filter(|value| !value.is_null()))
}

/// So many runs of incidents of this kind have succeeded, and `retrain` has closed the last; gives its ARN.
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
    let run = story.until(&format!("{count} run(s) {prefix}… that succeeded"), ended).await?;
    let incident = run.pipeline_execution_display_name().unwrap_or_default().to_owned();
    let words = format!("the run of {incident} succeeded");
    recorded(story, Decision::Acted, &words).await?;
    story.told("Training Succeeded", &format!("incident/{incident}")).await?;
    Ok(run.pipeline_execution_arn().unwrap_or_default().to_owned())
}

async fn recorded(story: &mut Story, decision: Decision, words: &str) -> Result<HistoryEntry, StoryError> {
    let look = async |story: &Story| story.recorded("retrain", decision, words).await;
    story.until(&format!("retrain's record: {words}"), look).await
}

async fn parameter(story: &Story, run: &str, name: &str) -> Result<Option<String>, StoryError> {
    let call = story.aws.sagemaker.list_pipeline_parameters_for_execution().pipeline_execution_arn(run);
    let found = call.send().await.map_err(service)?.pipeline_parameters.unwrap_or_default();
    let of = found.into_iter().find(|parameter| parameter.name() == Some(name));
    Ok(of.and_then(|parameter| parameter.value))
}

/// A monitoring schedule on data quality, as a team makes one by itself.
///
/// # Errors
/// SageMaker refuses it.
pub async fn watch(sagemaker: &Client, name: &str, endpoint: &str, output: &str) -> Result<(), StoryError> {
    let image = DataQualityAppSpecification::builder().image_uri("analyzer").build();
    let traffic = EndpointInput::builder().endpoint_name(endpoint).local_path("/opt/ml/processing/input").build();
    let place = MonitoringS3Output::builder().s3_uri(output).local_path("/opt/ml/processing/output").build();
    let outputs = MonitoringOutputConfig::builder();
    let outputs = outputs.monitoring_outputs(MonitoringOutput::builder().s3_output(place).build()).build();
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
