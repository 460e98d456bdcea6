//! An event finds its model by one name, and a name belongs to one model.

use super::super::*;
use super::limits::base::{
    BUILT, BY_AIRFLOW, BY_CODEPIPELINE, BY_KUBEFLOW, BY_STATES, DEPLOYED_BY_PIPELINE, IMAGED, MONITORED, PIPED, PLAIN,
    SERVED, STACKED, STAGED_TO_PIPELINE, TESTED, TRANSFORMED,
};
use super::limits::text::{Edit, Text};

fn keys(base: &[&str], edits: &[(&str, &str)]) -> Vec<String> {
    let edits: Vec<Edit> = edits.iter().map(|(key, value)| Edit::Set((*key).to_owned(), (*value).to_owned())).collect();
    let policy = Policy::parse("p.toml", &Text::of(base).with(&edits).text()).unwrap();
    policy.keys().iter().map(ToString::to_string).collect()
}

/// A policy, the changes to it, and the names that find its model.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);

/// The keys are the names that events of this model can contain, and no others.
#[test]
fn every_name_in_a_policy_finds_its_model() {
    const MACHINES: &str = "state-machine#arn:aws:states:eu-west-1:123456789012:stateMachine:";
    let training = format!("{MACHINES}churn-training");
    let tests = format!("{MACHINES}churn-tests");
    let cases: &[Case] = &[
        (PLAIN, &[], &[]),
        (
            BUILT,
            &[("integrate.pull_requests", "\"churn-review\"")],
            &["repository#churn-model", "build-project#churn-build", "build-project#churn-review", "pipeline#churn"],
        ),
        (
            PIPED,
            &[],
            &[
                "repository#churn-model",
                "build-pipeline#churn-integration",
                "pipeline#churn",
                "deploy-pipeline#churn-delivery",
            ],
        ),
        (
            IMAGED,
            &[],
            &[
                "repository#churn-model",
                "build-project#churn-build",
                "image-repository#churn-training",
                "pipeline#churn",
            ],
        ),
        (
            BUILT,
            &[
                ("retrain.alarms", "[\"a b\", \"c\"]"),
                ("retrain.monitors", "[\"Churn-Drift\"]"),
                ("retrain.feature_groups", "[\"Group\"]"),
                ("retrain.data", "{ prefixes = [\"s3://churn/a/\", \"s3://churn/a/b/\"] }"),
                ("reconcile", "{}"),
            ],
            &[
                "repository#churn-model",
                "build-project#churn-build",
                "pipeline#churn",
                "alarm#a b",
                "alarm#c",
                // SageMaker writes the names of schedules in ARNs in lower case.
                "monitoring-schedule#churn-drift",
                "feature-group#Group",
                "data#s3://churn/a/",
                "data#s3://churn/a/b/",
            ],
        ),
        (BY_STATES, &[], &[&training]),
        (BY_CODEPIPELINE, &[], &["deploy-pipeline#churn-training"]),
        // These engines send no events.
        (BY_AIRFLOW, &[], &[]),
        (BY_KUBEFLOW, &[], &[]),
        (TESTED, &[], &[&tests]),
        (SERVED, &[], &["endpoint#churn-prod"]),
        (DEPLOYED_BY_PIPELINE, &[], &["deploy-pipeline#churn-delivery"]),
        (STACKED, &[], &["stack#churn-prod"]),
        (TRANSFORMED, &[], &["transform#churn-prod"]),
        (STAGED_TO_PIPELINE, &[], &["endpoint#churn-dev", "deploy-pipeline#churn-delivery"]),
        (
            MONITORED,
            &[],
            &[
                "endpoint#churn-prod",
                "alarm#churn-prod-data-quality-drift",
                "alarm#churn-prod-model-quality-drift",
                "alarm#churn-prod-bias-drift",
                "alarm#churn-prod-attribution-drift",
            ],
        ),
    ];
    for (base, edits, expected) in cases {
        let mut expected: Vec<String> = expected.iter().map(|key| (*key).to_owned()).collect();
        expected.push("package-group#churn".to_owned());
        let mut found = keys(base, edits);
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "the names by which events find the model");
    }
}

#[test]
fn second_policy_of_a_model_is_refused_with_both_files() {
    let policy = Policy::parse("p.toml", &Text::of(PLAIN).text()).unwrap();
    let mut other = policy.clone();
    other.package_group = GroupName::parse("other").unwrap();
    let fault = check_all(&[("a.toml".into(), policy.clone()), ("b.toml".into(), other)]).unwrap_err();
    assert_eq!(fault.to_string(), "b.toml:1: model: model churn already has a policy in a.toml");
    assert_eq!(check_all(&[("a.toml".into(), policy)]), Ok(()));
    assert_eq!(check_all(&[]), Ok(()));
}
