//! The story `monitor`: Model Monitor and Clarify compare the live version with its baselines, and the drift alarms that
//! `monitor` creates start training.

use aws_sdk_sagemaker::types::{
    DriftCheckBaselines, DriftCheckBias, DriftCheckExplainability, DriftCheckModelDataQuality, DriftCheckModelQuality,
    FileSource, MetricsSource, ModelApprovalStatus,
};
use trimtab_core::plan::Decision;

use crate::main_loop::{ended_run, in_alarm, serving};
use crate::setup::{DATA_METRICS, ERRORS, SERVING_METRICS, SHORT_COOL_DOWN, TENURE, register, register_as};
use crate::story::{Story, StoryError, service};

/// The kinds of drift in the names of schedules and alarms.
const KINDS: [&str; 4] = ["attribution", "bias", "data-quality", "model-quality"];

/// Computed baselines, registered baselines, and a run that drift starts.
pub(crate) async fn live_version(story: &mut Story) -> Result<(), StoryError> {
    computed(story).await?;
    registered(story).await?;
    drift(story).await?;
    once(story).await
}

/// Without baselines in the registry, `monitor` computes them.
async fn computed(story: &mut Story) -> Result<(), StoryError> {
    story.section("The first version goes live without baselines in the registry");
    story.monitoring = true;
    story
        .apply(|policy| {
            if let Some(retrain) = &mut policy.retrain {
                retrain.cool_down = SHORT_COOL_DOWN;
            }
        })
        .await?;
    let package = register(story, "churn").await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    story.until("churn-prod serves version 1", serving(1)).await?;
    Story::expect("percent of captured traffic:", &captured(story).await?, &Some(20))?;
    story.observed("the endpoint's configuration captures 20 % of its traffic").await?;
    story.until("four schedules with status Scheduled", scheduled).await?;
    for kind in KINDS {
        story.received("Baseline Started", &format!("monitoring/churn/{kind}/")).await?;
        story.received("Monitoring Started", &format!("monitoring/churn/{kind}/")).await?;
        let alarm = format!("churn-prod-{kind}-drift");
        let exists = story.alarm(&alarm).await?.is_some();
        Story::expect(&format!("alarm {alarm} exists:"), &exists, &true)?;
    }
    let constraints = constraints(story).await?;
    let computed = constraints.starts_with("s3://churn-monitoring/reports/baselines/data-quality/trimtab-churn-data-");
    Story::expect(&format!("{constraints} is a computed baseline:"), &computed, &true)?;
    story
        .observed("four jobs computed baselines; four schedules compare version 1 with them, and each has an alarm")
        .await
}

/// The next version has registered baselines.
async fn registered(story: &mut Story) -> Result<(), StoryError> {
    story.section("The next version has baselines in the registry");
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 0.0).await?;
    let has_data = async |story: &Story| {
        Ok(story.alarm("churn-prod-5xx").await?.filter(|(state, _)| state.as_str() == "OK").map(|_| ()))
    };
    story.until("data for alarm churn-prod-5xx", has_data).await?;
    let before = definitions(story).await?;
    let package = register_as(story, "churn", Some(baselines())).await?;
    story.judge(&package, ModelApprovalStatus::Approved).await?;
    story.until("churn-prod serves version 2", serving(2)).await?;
    for kind in KINDS {
        story.received("Monitoring Changed", &format!("monitoring/churn/{kind}/")).await?;
    }
    story.until("four schedules with status Scheduled", scheduled).await?;
    Story::expect("constraints:", &constraints(story).await?.as_str(), &"s3://churn-training/v2/constraints.json")?;
    let after = definitions(story).await?;
    Story::expect("job definitions:", &after.len(), &4)?;
    let left: Vec<&String> = after.iter().filter(|name| before.contains(name)).collect();
    Story::expect("remaining old definitions:", &left, &vec![])?;
    story.observed("the four schedules compare version 2 with its own baselines; the old definitions are deleted").await
}

/// A published drift metric fires the alarm that `monitor` created and starts one run.
async fn drift(story: &mut Story) -> Result<(), StoryError> {
    story.section("Model Monitor publishes a drift metric");
    let alarm = "churn-prod-data-quality-drift";
    let dimensions = [("Endpoint", "churn-prod"), ("MonitoringSchedule", "churn-data-quality")];
    story.publish(DATA_METRICS, TENURE, &dimensions, 0.31).await?;
    let reason = in_alarm(story, alarm).await?;
    story.observed(format!("{alarm} is in state ALARM: {reason}")).await?;
    ended_run(story, "churn-drift-").await?;
    let closed = async |story: &Story| story.recorded("retrain", Decision::Acted, "the run of churn-drift-").await;
    story.until("retrain's record of the run's end", closed).await?;
    Story::expect("runs:", &story.runs().await?.len(), &1)?;
    story.observed("no policy lists that alarm; it belongs to the model and started one run").await
}

/// Duplicate events had no further effect.
async fn once(story: &mut Story) -> Result<(), StoryError> {
    story.section("Each resource was created once");
    let made = [
        ("CreateProcessingJob", 4),
        ("CreateMonitoringSchedule", 4),
        ("UpdateMonitoringSchedule", 4),
        ("CreateDataQualityJobDefinition", 2),
        ("DeleteDataQualityJobDefinition", 1),
    ];
    for (call, times) in made {
        Story::expect(&format!("{call}:"), &story.calls(call).await?, &times)?;
    }
    story
        .observed("four baseline jobs, four schedules created once and updated once, two definitions of each kind")
        .await
}

async fn captured(story: &Story) -> Result<Option<i32>, StoryError> {
    let Some(endpoint) = story.endpoint().await? else { return Ok(None) };
    let call = story.aws.sagemaker.describe_endpoint_config();
    let name = endpoint.endpoint_config_name.unwrap_or_default();
    let found = call.endpoint_config_name(name).send().await.map_err(service)?;
    Ok(found.data_capture_config().and_then(|capture| capture.initial_sampling_percentage()))
}

async fn scheduled(story: &Story) -> Result<Option<()>, StoryError> {
    let call = story.aws.sagemaker.list_monitoring_schedules().endpoint_name("churn-prod");
    let listed = call.send().await.map_err(service)?.monitoring_schedule_summaries.unwrap_or_default();
    let is_scheduled = |kind: &&str| {
        let name = format!("churn-{kind}");
        let mut of_name = listed.iter().filter(|one| one.monitoring_schedule_name() == Some(name.as_str()));
        of_name.any(|one| one.monitoring_schedule_status().is_some_and(|status| status.as_str() == "Scheduled"))
    };
    Ok((listed.len() == KINDS.len() && KINDS.iter().all(is_scheduled)).then_some(()))
}

/// The constraints file of the data quality schedule.
async fn constraints(story: &Story) -> Result<String, StoryError> {
    let sagemaker = &story.aws.sagemaker;
    let call = sagemaker.describe_monitoring_schedule().monitoring_schedule_name("churn-data-quality");
    let config = call.send().await.map_err(service)?.monitoring_schedule_config;
    let name = config.and_then(|config| config.monitoring_job_definition_name).unwrap_or_default();
    let call = sagemaker.describe_data_quality_job_definition().job_definition_name(name);
    let found = call.send().await.map_err(service)?;
    let baseline = found.data_quality_baseline_config().and_then(|config| config.constraints_resource());
    Ok(baseline.and_then(|resource| resource.s3_uri()).unwrap_or_default().to_owned())
}

/// The names of all job definitions.
async fn definitions(story: &Story) -> Result<Vec<String>, StoryError> {
    let sagemaker = &story.aws.sagemaker;
    let data = sagemaker.list_data_quality_job_definitions().send().await.map_err(service)?;
    let model = sagemaker.list_model_quality_job_definitions().send().await.map_err(service)?;
    let bias = sagemaker.list_model_bias_job_definitions().send().await.map_err(service)?;
    let attribution = sagemaker.list_model_explainability_job_definitions().send().await.map_err(service)?;
    let lists = [
        data.job_definition_summaries,
        model.job_definition_summaries,
        bias.job_definition_summaries,
        attribution.job_definition_summaries,
    ];
    let all = lists.into_iter().flatten().flatten();
    Ok(all.filter_map(|summary| summary.monitoring_job_definition_name).collect())
}

/// The baselines that the training pipeline registers with a version.
fn baselines() -> DriftCheckBaselines {
    let source = |name: &str| {
        let uri = format!("s3://churn-training/v2/{name}.json");
        MetricsSource::builder().content_type("application/json").s3_uri(uri).build()
    };
    let config = |name: &str| FileSource::builder().s3_uri(format!("s3://churn-training/v2/{name}.json")).build();
    let data =
        DriftCheckModelDataQuality::builder().statistics(source("statistics")).constraints(source("constraints"));
    let model = DriftCheckModelQuality::builder().constraints(source("quality"));
    let bias = DriftCheckBias::builder().config_file(config("bias-config")).post_training_constraints(source("bias"));
    let shap = DriftCheckExplainability::builder().config_file(config("shap-config")).constraints(source("shap"));
    DriftCheckBaselines::builder()
        .model_data_quality(data.build())
        .model_quality(model.build())
        .bias(bias.build())
        .explainability(shap.build())
        .build()
}
