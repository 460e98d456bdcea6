//! `[retrain]` has exactly one engine, and each engine has its rules.

use super::super::*;

const FORECAST: &str = include_str!("../../../../policies/forecast.toml");
const PRICING: &str = include_str!("../../../../policies/pricing.toml");
const RANKING: &str = include_str!("../../../../policies/ranking.toml");
const SEGMENTS: &str = include_str!("../../../../policies/segments.toml");
const CHURN: &str = include_str!("../../../../policies/churn.toml");

#[track_caller]
fn fault(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    Policy::parse("p.toml", &text.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn every_example_is_valid_and_survives_the_ledger() {
    let texts = [CHURN, FORECAST, PRICING, RANKING, SEGMENTS];
    let policies = texts.map(|text| ("p.toml".to_owned(), Policy::parse("p.toml", text).unwrap()));
    assert_eq!(check_all(&policies), Ok(()));
    for (_, policy) in policies {
        let back: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
        assert_eq!(back, policy);
    }
}

#[test]
fn policy_with_none_or_two_engines_is_refused() {
    let expected = "expected exactly one of pipeline, state_machine, airflow, kubeflow and codepipeline";
    assert!(fault(CHURN, "pipeline = \"churn-training\"", "").contains(expected));
    let two = "pipeline = \"churn-training\"\ncodepipeline = \"churn-training\"";
    assert!(fault(CHURN, "pipeline = \"churn-training\"", two).contains(expected));
}

#[test]
fn engine_without_the_training_suffix_is_refused() {
    let message = fault(FORECAST, ":forecast-training\"", ":forecast\"");
    assert!(
        message.contains("p.toml:10: retrain.state_machine: expected a state machine whose name ends"),
        "{message}"
    );
    let message = fault(SEGMENTS, "\"segments-training\"", "\"segments\"");
    assert!(message.contains("retrain.codepipeline: expected a pipeline whose name ends"), "{message}");
    let message = fault(SEGMENTS, "\"segments-delivery\"", "\"segments-training\"");
    assert!(message.contains("deploy.pipeline.name: expected a name that does not end"), "{message}");
}

#[test]
fn codepipeline_without_incident_parameter_is_refused() {
    let message = fault(SEGMENTS, "incident = \"Incident\", ", "");
    assert!(message.contains("retrain.parameters: expected the pipeline variable for incident"), "{message}");
}

#[test]
fn engine_without_events_needs_reconcile() {
    for text in [PRICING, RANKING] {
        let without = text.split("[reconcile]").next().unwrap();
        let message = Policy::parse("p.toml", without).unwrap_err().to_string();
        assert!(message.contains("retrain: expected a [reconcile] table"), "{message}");
    }
}

#[test]
fn dag_too_long_for_paths_of_mwaa_is_refused() {
    let message = fault(PRICING, "pricing_training", &"d".repeat(32));
    assert!(message.contains("retrain.airflow: expected a dag of at most 31 characters"), "{message}");
}

#[test]
fn kubeflow_needs_tls_and_a_secret_of_trimtab() {
    let message = fault(RANKING, "https://", "http://");
    assert!(message.contains("retrain.kubeflow.url: not a valid URL: expected https://HOST"), "{message}");
    let message = fault(RANKING, "\"trimtab/ranking-kubeflow\"", "\"ranking-kubeflow\"");
    assert!(message.contains("retrain.kubeflow.secret: not a valid secret"), "{message}");
    let message = fault(RANKING, "# ca = \"\"\"…\"\"\" #", "ca = \"nonsense\" #");
    assert!(message.contains("retrain.kubeflow: expected ca to be certificates in PEM"), "{message}");
}

#[test]
fn parameters_and_definition_must_fit_the_engine() {
    let named = "cool_down = \"24h\"\nparameters = { commit = \"Commit\" }";
    assert!(fault(FORECAST, "cool_down = \"24h\"", named).contains("retrain.parameters: expected none"));
    let machine = "state_machine = \"arn:aws:states:eu-west-1:123456789012:stateMachine:churn-training\"";
    let message = fault(CHURN, "pipeline = \"churn-training\"", machine);
    assert!(message.contains("integrate.definition: expected retrain.pipeline"), "{message}");
}

#[test]
fn events_at_the_end_of_runs_find_their_model() {
    let has = |text: &str, kind, name: &str| {
        Policy::parse("p.toml", text).unwrap().keys().contains(&Key { kind, name: name.to_owned() })
    };
    let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:forecast-training";
    assert!(has(FORECAST, KeyKind::StateMachine, machine));
    assert!(has(SEGMENTS, KeyKind::DeployPipeline, "segments-training"));
    assert!(has(SEGMENTS, KeyKind::DeployPipeline, "segments-delivery"));
    assert!(has(CHURN, KeyKind::Pipeline, "churn-training"));
}
