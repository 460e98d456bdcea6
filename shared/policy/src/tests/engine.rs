//! `[retrain]` names exactly one engine, and each has its limits.

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
fn one_engine_is_named_and_no_more() {
    let expected = "expected exactly one of pipeline, state_machine, airflow, kubeflow and codepipeline";
    assert!(fault(CHURN, "pipeline = \"churn-training\"", "").contains(expected));
    let two = "pipeline = \"churn-training\"\ncodepipeline = \"churn-training\"";
    assert!(fault(CHURN, "pipeline = \"churn-training\"", two).contains(expected));
}

#[test]
fn what_trains_is_told_apart_by_its_name() {
    let message = fault(FORECAST, ":forecast-training\"", ":forecast\"");
    assert!(message.contains("p.toml:9: retrain.state_machine: expected a state machine whose name ends"), "{message}");
    let message = fault(SEGMENTS, "\"segments-training\"", "\"segments\"");
    assert!(message.contains("retrain.codepipeline: expected a pipeline whose name ends"), "{message}");
    let message = fault(SEGMENTS, "\"segments-delivery\"", "\"segments-training\"");
    assert!(message.contains("deploy.pipeline.name: expected a name that does not end"), "{message}");
}

#[test]
fn a_run_of_codepipeline_cannot_be_known_again_without_its_incident() {
    let message = fault(SEGMENTS, "incident = \"Incident\", ", "");
    assert!(message.contains("retrain.parameters: expected the pipeline variable for incident"), "{message}");
}

#[test]
fn of_what_nobody_tells_looking_must() {
    for text in [PRICING, RANKING] {
        let without = text.split("[reconcile]").next().unwrap();
        let message = Policy::parse("p.toml", without).unwrap_err().to_string();
        assert!(message.contains("retrain: expected a [reconcile] table"), "{message}");
    }
}

#[test]
fn a_dag_whose_runs_could_not_be_looked_at_is_refused() {
    let message = fault(PRICING, "pricing_training", &"d".repeat(32));
    assert!(message.contains("retrain.airflow: expected a dag of at most 31 characters"), "{message}");
}

#[test]
fn kubeflow_is_reached_by_tls_with_a_token_from_a_secret_of_the_suites() {
    let message = fault(RANKING, "https://", "http://");
    assert!(message.contains("retrain.kubeflow.url: not a valid URL: expected https://HOST"), "{message}");
    let message = fault(RANKING, "\"trimtab/ranking-kubeflow\"", "\"ranking-kubeflow\"");
    assert!(message.contains("retrain.kubeflow.secret: not a valid secret"), "{message}");
    let message = fault(RANKING, "# ca = \"\"\"…\"\"\" #", "ca = \"nonsense\" #");
    assert!(message.contains("retrain.kubeflow: expected ca to be certificates in PEM"), "{message}");
}

#[test]
fn what_takes_anything_needs_no_names_and_a_definition_needs_a_pipeline_of_sagemaker() {
    let named = "cool_down = \"24h\"\nparameters = { commit = \"Commit\" }";
    assert!(fault(FORECAST, "cool_down = \"24h\"", named).contains("retrain.parameters: expected none"));
    let machine = "state_machine = \"arn:aws:states:eu-west-1:123456789012:stateMachine:churn-training\"";
    let message = fault(CHURN, "pipeline = \"churn-training\"", machine);
    assert!(message.contains("integrate.definition: expected a retrain.pipeline"), "{message}");
}

#[test]
fn the_ends_of_runs_find_their_model() {
    let has = |text: &str, kind, name: &str| {
        Policy::parse("p.toml", text).unwrap().keys().contains(&Key { kind, name: name.to_owned() })
    };
    let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:forecast-training";
    assert!(has(FORECAST, KeyKind::StateMachine, machine));
    assert!(has(SEGMENTS, KeyKind::DeployPipeline, "segments-training"));
    assert!(has(SEGMENTS, KeyKind::DeployPipeline, "segments-delivery"));
    assert!(has(CHURN, KeyKind::Pipeline, "churn-training"));
}
