//! The requests to SageMaker and CloudWatch for each kind, under `policies/churn.toml`.

use trimtab_core::event::Event;
use trimtab_core::reactor::Preview;

use super::*;
use crate::Monitor;
use crate::kind::owner_of;

const ANALYZER: &str = "sagemaker-model-monitor-analyzer";
const CLARIFY: &str = "sagemaker-clarify-processing";

fn uri(text: &str) -> S3Uri {
    S3Uri::parse(text).unwrap()
}

/// The kinds, the name that schedules and alarms have of each, and the image of its job: Model Monitor's own for the
/// two kinds of quality, Clarify's for the others.
const KINDS: [(DriftKind, &str, &str); 4] = [
    (DriftKind::DataQuality, "data-quality", ANALYZER),
    (DriftKind::ModelQuality, "model-quality", ANALYZER),
    (DriftKind::Bias, "bias", CLARIFY),
    (DriftKind::FeatureAttribution, "attribution", CLARIFY),
];

#[test]
fn definition_of_each_kind_has_the_values_of_the_policy() {
    let stage = stage(true);
    stage.receives(&in_service());
    let state = stage.state();
    for (kind, name, image) in KINDS {
        let made = state.defined.iter().find(|definition| definition.kind == kind).unwrap();
        assert!(made.name.starts_with(&format!("churn-{name}-")), "{}", made.name);
        assert!(made.job.image.contains(image), "{kind}: {}", made.job.image);
        assert_eq!(made.endpoint.as_str(), "churn-prod", "{kind}");
        assert_eq!(made.job.output, uri(&format!("s3://churn-monitoring/reports/reports/{name}")), "{kind}");
        assert_eq!(made.job.role.as_str(), "arn:aws:iam::123456789012:role/churn-monitor", "{kind}");
        assert_eq!(made.job.instance_type, "ml.m5.xlarge", "{kind}");
        assert_eq!(made.job.kms_key.as_ref().map(ToString::to_string).as_deref(), Some("alias/ml"), "{kind}");
        assert!(made.job.network.is_some(), "{kind}: the VPC");
        assert_eq!(made.baseline.constraints, uri("s3://churn-baselines/v7/constraints.json"), "{kind}");
        assert_eq!(made.baseline.statistics, Some(uri("s3://churn-baselines/v7/statistics.json")), "{kind}");
        // Only model quality has a prediction; only it and bias need labels.
        let quality = kind == DriftKind::ModelQuality;
        assert_eq!(
            (made.inference.as_deref(), made.job.problem.is_some()),
            (quality.then_some("0"), quality),
            "{kind}"
        );
        // A label is there 24 h after its request (`label_delay`), and the schedule runs every hour: the job reads
        // the hour that ended 24 h ago. https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-schedule.html
        let labels = made.labels.as_ref().map(|labels| (labels.from.as_str(), labels.until.as_str()));
        let needs = quality || kind == DriftKind::Bias;
        assert_eq!(labels, needs.then_some(("-PT25H", "-PT24H")), "{kind}");
        let places = made.labels.as_ref().map(|labels| labels.ground_truth.clone());
        assert_eq!(places, needs.then(|| uri("s3://churn-monitoring/labels")), "{kind}");
    }
}

#[test]
fn registrys_configuration_precedes_the_policys() {
    let by_policy = stage(true);
    by_policy.receives(&in_service());
    let by_registry = stage(true);
    let own = uri("s3://churn-baselines/v7/analysis_config.json");
    by_registry.state().baselines.values_mut().for_each(|baseline| baseline.config = Some(own.clone()));
    by_registry.receives(&in_service());
    for (kind, name, image) in KINDS {
        let config = |stage: &Rig| {
            let state = stage.state();
            let made = state.defined.iter().find(|definition| definition.kind == kind).unwrap();
            assert_eq!(made.baseline.config, None, "{kind}: it stands in the job alone");
            made.job.config.clone()
        };
        let clarify = image == CLARIFY;
        let file = format!("s3://churn-monitoring/config/{name}.json");
        assert_eq!(config(&by_policy), clarify.then(|| uri(&file)), "{kind}");
        assert_eq!(config(&by_registry), clarify.then(|| own.clone()), "{kind}");
    }
}

#[test]
fn baseline_of_each_kind_is_computed_from_the_policys_data_set() {
    let stage = stage(false);
    stage.receives(&in_service());
    for (kind, name, image) in KINDS {
        let made = stage.state().computed.iter().find(|request| request.kind == kind).unwrap().clone();
        let quality = kind == DriftKind::ModelQuality;
        let dataset = if quality { "validation-with-predictions.csv" } else { "train.csv" };
        assert_eq!(made.dataset, uri(&format!("s3://churn-training/{dataset}")), "{kind}");
        assert_eq!(
            (made.label.as_deref(), made.prediction.as_deref()),
            (quality.then_some("churned"), quality.then_some("predicted")),
            "{kind}"
        );
        assert!(made.job.image.contains(image), "{kind}: {}", made.job.image);
        let output = format!("s3://churn-monitoring/reports/baselines/{name}/{}", made.name);
        assert_eq!(made.job.output, uri(&output), "{kind}");
        assert_eq!(made.job.config.is_some(), image == CLARIFY, "{kind}");
        assert_eq!(
            owner_of(&made.name).map(|(model, kind)| (model.to_string(), kind)),
            Some(("churn".to_owned(), kind))
        );
        // Output of the jobs: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-create-baseline.html
        stage.state().jobs.insert(made.name.clone(), ObservedBaseline::Completed);
        stage.receives(&ended(&made.name));
        let against = stage.state().defined.iter().find(|definition| definition.kind == kind).unwrap().baseline.clone();
        let file = |name: &str| uri(&format!("{output}/{name}"));
        if image == CLARIFY {
            assert_eq!((against.statistics, against.constraints), (None, file("analysis.json")), "{kind}");
        } else {
            assert_eq!(
                (against.statistics, against.constraints),
                (Some(file("statistics.json")), file("constraints.json")),
                "{kind}"
            );
        }
    }
}

#[test]
fn names_of_jobs_and_definitions_change_with_their_content() {
    let named = |change: fn(&str) -> String| {
        let stage = stage(false);
        stage.apply(change);
        stage.receives(&in_service());
        stage.jobs()
    };
    let before = named(str::to_owned);
    assert_eq!(before, named(str::to_owned), "the same request has the same name");
    let changes: [fn(&str) -> String; 3] = [
        |text| text.replace("ml.m5.xlarge", "ml.m5.2xlarge"),
        |text| text.replace("churn-training/", "churn-training-2/"),
        |text| text.replace("role/churn-monitor", "role/churn-other-monitor"),
    ];
    for change in changes {
        assert!(named(change).iter().all(|name| !before.contains(name)), "another request has another name");
    }
}

#[test]
fn schedule_and_alarm_of_each_kind_are_the_policys() {
    let stage = stage(true);
    stage.apply(|text| text.replace("every = \"1h\"", "every = \"6h\""));
    stage.receives(&in_service());
    let (state, put) = (stage.state(), stage.services.cloudwatch().put.clone());
    // The namespaces of monitors of endpoints: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-cloudwatch.html
    let spaces = ["data-metrics", "model-metrics", "bias-metrics", "explainability-metrics"];
    for ((kind, name, _), space) in KINDS.into_iter().zip(spaces) {
        let schedule = &state.schedules[&format!("churn-{name}")];
        assert_eq!(schedule.expression.as_deref(), Some("cron(0 0/6 ? * * *)"), "{kind}");
        let alarm = &put[&format!("churn-prod-{name}-drift")];
        assert_eq!(alarm.period, 6 * 3600, "{kind}: seconds between two reports");
        assert_eq!(alarm.measure.namespace, format!("aws/sagemaker/Endpoints/{space}"), "{kind}");
        let dimension = |name: &str| alarm.measure.dimensions[name].as_str();
        let dimensions = (dimension("Endpoint"), dimension("MonitoringSchedule"));
        assert_eq!(dimensions, ("churn-prod", format!("churn-{name}").as_str()), "{kind}");
        assert!(alarm.description.contains(&format!("{kind} on churn-prod")), "{}", alarm.description);
        let label = state.defined.iter().find(|definition| definition.kind == kind).unwrap().labels.clone();
        assert!(label.is_none_or(|labels| labels.from == "-PT30H"), "{kind}: 24 h and the 6 h of the schedule");
    }
}

#[test]
fn replaced_definition_is_deleted_under_its_own_kind() {
    let stage = stage(true);
    stage.receives(&in_service());
    stage.serves(8);
    stage.registers("v8");
    stage.receives(&in_service());
    let undefined = stage.state().undefined.clone();
    assert_eq!(undefined.len(), 4);
    for (kind, name) in undefined {
        let (_, slug, _) = KINDS.into_iter().find(|(known, ..)| *known == kind).unwrap();
        assert!(name.starts_with(&format!("churn-{slug}-")), "{kind}: {name}");
    }
}

#[test]
fn busy_schedule_is_deferred_to_the_next_reconcile() {
    let stage = stage(true);
    stage.receives(&in_service());
    stage.serves(8);
    stage.registers("v8");
    stage.state().busy = true;
    let (decision, _) = stage.react(&requested("bias")).unwrap();
    assert_eq!(decision, Decision::Deferred);
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 0, "nothing is in place yet");
    stage.state().busy = false;
    stage.receives(&reconcile_request());
    stage.is_monitored();
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 4);
}

#[test]
fn changed_alarm_is_put_again_and_reported() {
    let stage = stage(true);
    stage.receives(&in_service());
    stage.apply(|text| text.replace("at_most = 0.2", "at_most = 0.3"));
    assert_eq!(stage.receives(&reconcile_request())[1..], ["applying", "in_place", "in_place", "in_place"]);
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 1);
}

#[test]
fn foreign_definition_in_the_schedule_is_never_deleted() {
    let stage = stage(true);
    stage.receives(&in_service());
    let by_hand = Some("by-hand".to_owned());
    stage.state().schedules.get_mut("churn-bias").unwrap().definition = by_hand;
    stage.receives(&reconcile_request());
    assert!(stage.state().undefined.iter().all(|(_, name)| name != "by-hand"));
}

#[test]
fn facts_name_version_schedule_alarm_and_baseline() {
    let stage = stage(true);
    stage.receives(&in_service());
    let facts = stage.world.bus.facts();
    let started = facts.iter().find(|fact| fact.kind == FactKind::MonitoringStarted).unwrap();
    let expected = [
        ("alarm", "churn-prod-data-quality-drift"),
        ("baseline", "s3://churn-baselines/v7/constraints.json"),
        ("kind", "data-quality"),
        ("schedule", "churn-data-quality"),
        ("version", "7"),
    ];
    let details: Vec<(&str, &str)> = started.details.iter().collect();
    assert_eq!(details, expected);
    assert_eq!(started.model.as_ref().map(ToString::to_string).as_deref(), Some("churn"));
    let asked: Vec<&str> = facts
        .iter()
        .filter(|fact| fact.kind == FactKind::MonitoringRequested)
        .map(|fact| fact.details.text("kind").unwrap())
        .collect();
    assert_eq!(asked, KINDS.map(|(_, name, _)| name));
}

#[test]
fn event_of_an_endpoint_or_a_request_is_assumed_as_it_says() {
    let observed = Monitor::preview(&Event::parse(&in_service()).unwrap());
    assert_eq!(observed.served.map(|served| (served.status, served.captures)), Some((EndpointStatus::InService, true)));
    let mut request = requested("bias");
    request["detail"]["details"]["package"] = json!(package(7));
    let observed = Monitor::preview(&Event::parse(&request).unwrap());
    assert_eq!(observed.served.and_then(|served| served.package), Some(package(7)));
    assert_eq!(Monitor::preview(&Event::parse(&ended("trimtab-churn-bias-1")).unwrap()).served, None);
}

#[test]
fn only_trimtabs_jobs_have_an_owner() {
    let owner = |job: &str| owner_of(job).map(|(model, kind)| (model.to_string(), kind));
    assert_eq!(owner("trimtab-churn-eu-shap-1a2b"), Some(("churn-eu".to_owned(), DriftKind::FeatureAttribution)));
    for other in ["churn-bias-1a2b", "trimtab-churn-other-1a2b", "trimtab-bias-1a2b", "trimtab-bias"] {
        assert_eq!(owner(other), None, "{other}");
    }
}

#[test]
fn refused_deletion_of_a_definition_delays_nothing() {
    let stage = stage(true);
    stage.receives(&in_service());
    stage.services.refuse("monitoring.undefine", Failure::permanent("sagemaker:Delete", "AccessDeniedException"));
    stage.serves(8);
    stage.registers("v8");
    assert_eq!(stage.receives(&in_service())[1..], ["applying"; 4]);
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 4, "version 8 is watched");
    assert_eq!(stage.receives(&reconcile_request())[1..], ["in_place"; 4], "it is not tried again by each look");
    assert_eq!(stage.state().definitions.len(), 8, "the four old ones are left");
    stage.apply(|text| text.split_once("[monitor.bias]").unwrap().0.to_owned());
    assert_eq!(stage.receives(&reconcile_request())[3..], ["no_longer_configured"; 2]);
    assert_eq!(stage.receives(&reconcile_request())[3..], ["not_configured"; 2], "what was taken down is done with");
    assert_eq!(stage.dedup_keys(FactKind::MonitoringChanged).len(), 6);
}

#[test]
fn malformed_request_fails() {
    for (name, value) in [("kind", "weather"), ("pakage", "x")] {
        let stage = stage(true);
        let mut event = requested("data-quality");
        event["detail"]["details"][name] = json!(value);
        assert_eq!(stage.react(&event), Some((Decision::Failed, "malformed_request")), "{name}");
    }
}
