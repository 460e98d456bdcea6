use std::collections::BTreeMap;

use super::*;

const CHURN: &str = include_str!("../../../../policies/churn.toml");

fn policy() -> Policy {
    Policy::parse("churn.toml", CHURN).unwrap()
}

#[test]
fn alarms_of_monitor_belong_to_the_model_unlisted() {
    let policy = policy();
    let name = "churn-prod-data-quality-drift";
    assert!(!policy.retrain.as_ref().unwrap().alarms.iter().any(|alarm| alarm.as_str() == name));
    let key = crate::Key { kind: crate::KeyKind::Alarm, name: name.into() };
    assert!(policy.keys().contains(&key));
    assert!(policy.drift_alarms().iter().any(|alarm| alarm.as_str() == name));
}

#[test]
fn metric_of_clarify_has_all_its_dimensions() {
    let (policy, schedule) = (policy(), "churn-bias");
    let endpoint = policy.endpoint().unwrap().name.clone();
    let measure = policy.monitor.unwrap().measure(DriftKind::Bias, &endpoint, schedule).unwrap();
    assert_eq!(DriftKind::of_namespace(&measure.namespace), Some(DriftKind::Bias));
    assert_eq!(measure.metrics, ["bias_metric_DPPL"]);
    let names: Vec<&str> = measure.dimensions.keys().map(String::as_str).collect();
    let expected = ["BiasStage", "Endpoint", "Facet", "FacetValue", "Label", "LabelValue", "MonitoringSchedule"];
    assert_eq!(names, expected);
}

#[test]
fn hours_are_cron_expressions_that_sagemaker_takes() {
    let every = |hours| Monitor { every: SignedDuration::from_hours(hours), ..policy().monitor.unwrap() }.cron();
    // "[24] hours" is a day: SageMaker has an expression of its own for it.
    assert_eq!([1, 6, 24].map(every), ["cron(0 * ? * * *)", "cron(0 0/6 ? * * *)", "cron(0 0 ? * * *)"]);
    for hours in [2, 3, 4, 6, 8, 12] {
        assert_eq!(every(hours), format!("cron(0 0/{hours} ? * * *)"), "every {hours} hours");
    }
}

#[test]
fn monitor_that_cannot_work_is_refused() {
    let refused = |from: &str, to: &str| {
        assert!(CHURN.contains(from), "{from}");
        Policy::parse("churn.toml", &CHURN.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(refused("every = \"1h\"", "every = \"5h\"").contains("monitor.every: expected \"1h\""));
    assert!(refused("percent = 20,", "percent = 0,").contains("monitor.capture: expected a percent"));
    assert!(refused("features = [\"tenure\"]", "features = []").contains("monitor.data_quality: expected 1 to 10"));
    assert!(
        refused("at_least = 0.8 #", "at_most = 0.9\nat_least = 0.8 #")
            .contains("monitor.model_quality: expected exactly")
    );
    assert!(refused("s3://churn-monitoring/reports", "churn-monitoring").contains("monitor.output"));
    let segments = include_str!("../../../../policies/segments.toml");
    let table = CHURN.split_once("[monitor]").unwrap().1;
    let text = format!("{segments}\n[monitor]{table}");
    let text = text.replace("[reconcile] # finds what a lost event would have reported\n", "");
    let error = Policy::parse("segments.toml", &text).unwrap_err().to_string();
    assert!(error.contains("monitor: expected a [deploy.endpoint] table"), "{error}");
}

/// A kind of drift: its namespace, metric and dimensions, and the bound of churn's policy.
type Published<'a> = (DriftKind, &'a str, &'a str, &'a [(&'a str, &'a str)], Bound);

/// The names under which SageMaker's monitors of endpoints publish: AWS's pages on CloudWatch metrics of
/// Model Monitor and Clarify.
#[test]
fn alarm_covers_the_metric_that_sagemaker_publishes() {
    let (policy, schedule) = (policy(), "churn-x");
    let endpoint = policy.endpoint().unwrap().name.clone();
    let mut monitor = policy.monitor.unwrap();
    // Different values, so that a mix-up fails.
    let rules = Bias { label_value: "yes".into(), facet_value: "over 60".into(), ..monitor.bias.unwrap() };
    monitor.bias = Some(rules);
    let own = [("Endpoint", "churn-prod"), ("MonitoringSchedule", "churn-x")];
    let bias = [
        ("BiasStage", "Post-Training"),
        ("Label", "churned"),
        ("LabelValue", "yes"),
        ("Facet", "senior"),
        ("FacetValue", "over 60"),
    ];
    let shap = [("ExplainabilityMethod", "KernelShap"), ("Label", "label0"), ("ValueType", "GlobalShapValues")];
    let decimal = |text| Decimal::parse(text).unwrap();
    let cases: [Published; 4] = [
        (DriftKind::DataQuality, "data-metrics", "feature_baseline_drift_tenure", &[], Bound::AtMost(decimal("0.2"))),
        (DriftKind::ModelQuality, "model-metrics", "auc", &[], Bound::AtLeast(decimal("0.8"))),
        (DriftKind::Bias, "bias-metrics", "bias_metric_DPPL", &bias, Bound::AtMost(decimal("0.1"))),
        (
            DriftKind::FeatureAttribution,
            "explainability-metrics",
            "feature_tenure",
            &shap,
            Bound::AtLeast(decimal("0.05")),
        ),
    ];
    assert_eq!(monitor.kinds(), cases.iter().map(|(kind, ..)| *kind).collect());
    for (kind, space, metric, dimensions, bound) in cases {
        let measure = monitor.measure(kind, &endpoint, schedule).unwrap();
        assert_eq!(measure.namespace, format!("aws/sagemaker/Endpoints/{space}"));
        assert_eq!(measure.metrics, [metric]);
        let expected: BTreeMap<String, String> =
            own.iter().chain(dimensions).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(measure.dimensions, expected, "{kind:?}");
        assert_eq!(measure.bound, bound, "{kind:?} is drift from its bound on");
    }
    let before = Bias { stage: BiasStage::PreTraining, ..monitor.bias.clone().unwrap() };
    let measure = Monitor { bias: Some(before), ..monitor }.measure(DriftKind::Bias, &endpoint, schedule).unwrap();
    assert_eq!(measure.dimensions["BiasStage"], "Pre-training");
}

#[test]
fn kind_of_drift_without_table_has_no_alarm() {
    let policy = policy();
    let endpoint = policy.endpoint().unwrap().name.clone();
    let all = policy.monitor.unwrap();
    let none = Monitor { data_quality: None, model_quality: None, bias: None, feature_attribution: None, ..all };
    assert_eq!(none.kinds(), BTreeSet::new());
    for kind in [DriftKind::DataQuality, DriftKind::ModelQuality, DriftKind::Bias, DriftKind::FeatureAttribution] {
        assert_eq!(none.measure(kind, &endpoint, "x"), None);
    }
}

#[test]
fn schedule_and_alarm_of_a_kind_have_documented_names() {
    let (model, endpoint) = (ModelName::parse("churn").unwrap(), EndpointName::parse("churn-prod").unwrap());
    for (kind, word) in [
        (DriftKind::DataQuality, "data-quality"),
        (DriftKind::ModelQuality, "model-quality"),
        (DriftKind::Bias, "bias"),
        (DriftKind::FeatureAttribution, "attribution"),
    ] {
        assert_eq!(slug(kind), word);
        assert_eq!(schedule_name(&model, kind), format!("churn-{word}"));
        assert_eq!(alarm_name(&endpoint, kind), format!("churn-prod-{word}-drift"));
    }
}

#[test]
fn drift_alarms_are_the_listed_and_those_that_monitor_makes() {
    let policy = policy();
    let names: Vec<String> = policy.drift_alarms().iter().map(ToString::to_string).collect();
    let listed = ["any", "attribution", "bias", "data", "quality"].map(|kind| format!("churn-prod-{kind}-drift"));
    let made = ["attribution", "bias", "data-quality", "model-quality"].map(|kind| format!("churn-prod-{kind}-drift"));
    let expected: BTreeSet<String> = listed.into_iter().chain(made).collect();
    assert_eq!(names, expected.into_iter().collect::<Vec<_>>());
}

#[test]
fn problem_type_is_the_word_of_sagemaker() {
    for (problem, word) in [
        (Problem::BinaryClassification, "BinaryClassification"),
        (Problem::MulticlassClassification, "MulticlassClassification"),
        (Problem::Regression, "Regression"),
    ] {
        assert_eq!(problem.as_str(), word);
    }
}
