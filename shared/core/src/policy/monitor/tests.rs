use super::*;

const CHURN: &str = include_str!("../../../../../models/churn.toml");

fn policy() -> Policy {
    Policy::parse("churn.toml", CHURN).unwrap()
}

#[test]
fn the_alarms_that_monitor_makes_are_the_models_without_being_listed() {
    let policy = policy();
    let name = "churn-prod-data-quality-drift";
    assert!(!policy.retrain.as_ref().unwrap().alarms.iter().any(|alarm| alarm.as_str() == name));
    let key = crate::policy::Key { kind: crate::policy::KeyKind::Alarm, name: name.into() };
    assert!(policy.keys().contains(&key));
    assert!(policy.drift_alarms().iter().any(|alarm| alarm.as_str() == name));
}

#[test]
fn a_metric_of_clarify_is_known_by_all_that_it_is_about() {
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
    assert_eq!([1, 6, 24].map(every), ["cron(0 * ? * * *)", "cron(0 0/6 ? * * *)", "cron(0 0 ? * * *)"]);
}

#[test]
fn what_could_not_be_watched_is_refused() {
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
    let segments = include_str!("../../../../../models/segments.toml");
    let table = CHURN.split_once("[monitor]").unwrap().1;
    let text = format!("{segments}\n[monitor]{table}");
    let text = text.replace("[reconcile] # what AWS does not tell of is looked for\n", "");
    let error = Policy::parse("segments.toml", &text).unwrap_err().to_string();
    assert!(error.contains("monitor: expected a [deploy.endpoint] table"), "{error}");
}
