//! The part of the lineage that each kind of fact adds: commit, training run, package, rollout, endpoint, incident and the
//! next run; beside them build, evaluation, and monitoring with its baseline.

use std::collections::BTreeSet;

use trimtab_core::fact::FactKind;
use trimtab_core::port::EntityKind;

use super::*;

// Names of entities: another name would be another entity. Each ends with the first 16 digits of the SHA-256 of its
// source and a zero byte.
const COMMIT: &str = "trimtab-churn-commit-740e12c7a0378723";
const BUILD: &str = "trimtab-churn-build-46863dcef448502e";
const TRAINING: &str = "trimtab-churn-run-d644b123fd366036";
const INCIDENT: &str = "trimtab-churn-incident-dc7769349d89fdfd";
const ENDPOINT: &str = "trimtab-churn-endpoint-2cc0ca0f5a32aa7f";
const VERSION: &str = "trimtab-churn-package-081952fe0c5a0e7c";
const EVALUATION: &str = "trimtab-churn-evaluation-c0beea40f7ed4ac6";
const ROLLOUT: &str = "trimtab-churn-rollout-e64dd5d3f1ffec96";
const MONITORING: &str = "trimtab-churn-monitoring-a8070a6c9d7b08f4";
const BASELINE: &str = "trimtab-churn-baseline-479f164608c9c7a8";

/// The expected action of a kind of fact, its status and its links.
struct Row {
    dedup_key: String,
    action: &'static str,
    progress: &'static str,
    links: &'static [(&'static str, LinkKind, &'static str)],
}

fn row(kind: FactKind) -> Option<Row> {
    use LinkKind::{AssociatedWith, ContributedTo, Produced};
    let commit = "c".repeat(40);
    let build = |progress| Row {
        dedup_key: format!("build/churn/{commit}"),
        action: BUILD,
        progress,
        links: &[(COMMIT, ContributedTo, BUILD)],
    };
    let training = |progress| Row {
        dedup_key: "incident/churn-drift-98d33ea0".to_owned(),
        action: TRAINING,
        progress,
        links: &[
            (COMMIT, ContributedTo, TRAINING),
            (ENDPOINT, AssociatedWith, INCIDENT),
            (INCIDENT, AssociatedWith, TRAINING),
        ],
    };
    let evaluation = |progress| Row {
        dedup_key: "evaluation/churn/3".to_owned(),
        action: EVALUATION,
        progress,
        links: &[(VERSION, ContributedTo, EVALUATION), (TRAINING, Produced, VERSION)],
    };
    let rollout = |progress| Row {
        dedup_key: "rollout/churn/3/1".to_owned(),
        action: ROLLOUT,
        progress,
        links: &[(VERSION, ContributedTo, ROLLOUT), (TRAINING, Produced, VERSION), (ROLLOUT, AssociatedWith, ENDPOINT)],
    };
    let monitoring = |progress| Row {
        dedup_key: "monitoring/churn/bias/1a2b".to_owned(),
        action: MONITORING,
        progress,
        links: &[(BASELINE, ContributedTo, MONITORING), (MONITORING, AssociatedWith, ENDPOINT)],
    };
    Some(match kind {
        FactKind::BuildStarted => build("InProgress"),
        FactKind::TrainingRequested => build("Completed"),
        FactKind::BuildFailed => build("Failed"),
        FactKind::TrainingStarted => training("InProgress"),
        FactKind::TrainingSucceeded => training("Completed"),
        FactKind::TrainingFailed => training("Failed"),
        FactKind::EvaluationStarted => evaluation("InProgress"),
        FactKind::EvaluationPassed | FactKind::ApprovalRequested => evaluation("Completed"),
        FactKind::EvaluationFailed => evaluation("Failed"),
        FactKind::RolloutStarted => rollout("InProgress"),
        FactKind::RolloutSucceeded => rollout("Completed"),
        FactKind::RolloutRolledBack | FactKind::RolloutFailed | FactKind::SmokeTestFailed => rollout("Failed"),
        FactKind::MonitoringStarted => monitoring("Completed"),
        FactKind::MonitoringFailed => monitoring("Failed"),
        _ => return None,
    })
}

/// A fact with every detail that lineage reads.
fn everything(kind: FactKind, dedup_key: &str) -> Value {
    let details = json!({"commit": "c".repeat(40), "run": RUN, "trigger": "drift", "package": PACKAGE, "version": "3",
        "baseline": "s3://churn-monitoring/b/constraints.json"});
    fact("1", kind.as_str(), dedup_key, &details)
}

/// A training run that a trigger of this kind started.
fn triggered_by(trigger: &str, dedup_key: &str) -> Value {
    let mut event = everything(FactKind::TrainingStarted, dedup_key);
    event["detail"]["details"]["trigger"] = json!(trigger);
    event
}

pub(super) fn lineage_facts() -> impl Iterator<Item = (FactKind, Value)> {
    FactKind::ALL.iter().filter_map(|kind| Some((*kind, everything(*kind, &row(*kind)?.dedup_key))))
}

#[test]
fn each_kind_of_fact_writes_exactly_its_part() {
    for kind in FactKind::ALL {
        let Some(row) = row(*kind) else { continue };
        let rig = with_origin(rig(str::to_owned));
        let event = everything(*kind, &row.dedup_key);
        assert_eq!(rig.react(&event), (Decision::Acted, "written"), "{kind:?}");
        let entities = rig.services.lineage().entities.clone();
        let (action, progress) = entities.get(row.action).unwrap_or_else(|| panic!("{kind:?}: no {}", row.action));
        assert_eq!(progress.as_deref(), Some(row.progress), "{kind:?}: how the action stands");
        assert_eq!(action.kind, EntityKind::Action, "{kind:?}");
        let wanted: Vec<_> =
            row.links.iter().map(|(from, how, to)| (format!("arn:{from}"), format!("arn:{to}"), *how)).collect();
        assert_eq!(rig.services.lineage().links, wanted, "{kind:?}: each association, once");
        let linked = row.links.iter().flat_map(|(from, _, to)| [*from, *to]);
        let wanted: BTreeSet<&str> = linked.chain([row.action]).collect();
        assert_eq!(entities.keys().map(String::as_str).collect::<BTreeSet<_>>(), wanted, "{kind:?}: nothing else");
    }
}

#[test]
fn fact_outside_the_lineage_writes_nothing() {
    for kind in FactKind::ALL.iter().filter(|kind| row(**kind).is_none()) {
        for dedup_key in [
            "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
            "incident/churn-drift-98d33ea0",
            "rollout/churn/3/1",
            "monitoring/churn/bias/1a2b",
        ] {
            let rig = with_origin(rig(str::to_owned));
            let outcome = rig.react(&everything(*kind, dedup_key));
            assert_eq!(outcome, (Decision::Skipped, "not_concerned"), "{kind:?}");
            assert_eq!(rig.services.calls(), [] as [&str; 0], "{kind:?} is no part of the lineage");
        }
    }
}

/// SageMaker has separate APIs for artifacts, actions and contexts.
#[test]
fn each_entity_has_its_type_and_source() {
    let rig = with_origin(rig(str::to_owned));
    for (number, (_, mut event)) in lineage_facts().enumerate() {
        event["id"] = json!(number.to_string());
        rig.try_react(&event).unwrap();
    }
    let commit = format!("codecommit://churn-model/{}", "c".repeat(40));
    let build = format!("trimtab:build/churn/{}", "c".repeat(40));
    let entities = rig.services.lineage().entities.clone();
    let found: Vec<_> = entities
        .values()
        .map(|(entity, _)| (entity.name.as_str(), entity.kind, entity.of_type.as_str(), entity.source.as_str()))
        .collect();
    let mut wanted = [
        (COMMIT, EntityKind::Artifact, "Commit", commit.as_str()),
        (BUILD, EntityKind::Action, "Build", &build),
        (TRAINING, EntityKind::Action, "TrainingRun", RUN),
        (INCIDENT, EntityKind::Context, "Incident", "trimtab:incident/churn-drift-98d33ea0"),
        (ENDPOINT, EntityKind::Context, "Endpoint", "endpoint/churn-prod"),
        (VERSION, EntityKind::Artifact, "ModelPackage", PACKAGE),
        (EVALUATION, EntityKind::Action, "Evaluation", PACKAGE),
        (ROLLOUT, EntityKind::Action, "Rollout", "endpoint/churn-prod"),
        (MONITORING, EntityKind::Action, "Monitoring", "trimtab:monitoring/churn/bias/1a2b"),
        (BASELINE, EntityKind::Artifact, "Baseline", "s3://churn-monitoring/b/constraints.json"),
    ];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    for name in [BUILD, TRAINING, INCIDENT, EVALUATION, ROLLOUT, MONITORING] {
        let said = &entities[name].0.properties;
        assert_eq!(said["reason"], "because", "{name} tells why");
        let dedup_keys = ["build/", "incident/", "evaluation/", "rollout/", "monitoring/"];
        assert!(
            dedup_keys.iter().any(|dedup_key| said["dedup_key"].starts_with(dedup_key)),
            "{name} tells of what: {said:?}"
        );
        assert_eq!(said.len(), 2, "{name}: {said:?}");
    }
    for name in [COMMIT, ENDPOINT, VERSION, BASELINE] {
        assert!(entities[name].0.properties.is_empty(), "{name} is shared by many facts: none of them speaks for it");
    }
}

#[test]
fn only_drift_comes_from_the_endpoint() {
    let rig = rig(str::to_owned);
    let event = triggered_by("build", "incident/churn-build-1");
    assert_eq!(rig.react(&event), (Decision::Acted, "written"));
    assert_eq!(
        rig.services.lineage().chain(),
        ["Commit ContributedTo TrainingRun", "Incident AssociatedWith TrainingRun"]
    );
}

/// A model's name may contain the word.
#[test]
fn build_of_a_model_named_drift_has_no_endpoint() {
    let churn = include_str!("../../../../policies/churn.toml");
    let rig = rig_of(&churn.replace("model = \"churn\"", "model = \"x-drift-y\""));
    let mut event = triggered_by("build", "incident/x-drift-y-build-98d33ea0");
    event["detail"]["model"] = json!("x-drift-y");
    assert_eq!(rig.react(&event), (Decision::Acted, "written"));
    assert_eq!(
        rig.services.lineage().chain(),
        ["Commit ContributedTo TrainingRun", "Incident AssociatedWith TrainingRun"]
    );
}

/// The incident's ID is not parsed.
#[test]
fn drift_is_known_by_its_trigger_and_not_by_its_incident() {
    let rig = rig(str::to_owned);
    assert_eq!(rig.react(&triggered_by("drift", "incident/churn-1")), (Decision::Acted, "written"));
    assert!(rig.services.lineage().chain().contains(&"Endpoint AssociatedWith Incident".to_owned()));
}

#[test]
fn endpoint_is_that_of_the_stage_and_account() {
    const LOANS: &str = include_str!("../../../../policies/loans.toml");
    for (stage, name, source) in [
        (Some("dev"), "trimtab-loans-endpoint-4e586dd6c3fb8116", "endpoint/loans-dev"),
        (Some("staging"), "trimtab-loans-endpoint-ea9d3aa31676d5f5", "210987654321/endpoint/loans"),
        (Some("prod"), "trimtab-loans-endpoint-071e930fa66ea16e", "endpoint/loans"),
        (None, "trimtab-loans-endpoint-071e930fa66ea16e", "endpoint/loans"),
    ] {
        let rig = rig_of(LOANS);
        let mut event = rollout("Rollout Started");
        event["detail"]["model"] = json!("loans");
        if let Some(stage) = stage {
            event["detail"]["details"]["stage"] = json!(stage);
        }
        assert_eq!(rig.react(&event), (Decision::Acted, "written"));
        assert_eq!(rig.services.lineage().entities[name].0.source, source, "{stage:?}");
    }
}

#[test]
fn transform_links_its_output_and_a_pipeline_links_nothing() {
    let leads = format!("{}\n[lineage]\n", include_str!("../../../../policies/leads.toml"));
    let segments = format!("{}\n[lineage]\n", include_str!("../../../../policies/segments.toml"));
    for (model, policy, links) in [
        ("leads", leads, vec!["ModelPackage ContributedTo Rollout", "Rollout AssociatedWith BatchTransform"]),
        ("segments", segments, vec!["ModelPackage ContributedTo Rollout"]),
    ] {
        let rig = rig_of(&policy);
        let mut event = rollout("Rollout Started");
        event["detail"]["model"] = json!(model);
        assert_eq!(rig.react(&event), (Decision::Acted, "written"));
        assert_eq!(rig.services.lineage().chain(), links);
        let entities = rig.services.lineage().entities.clone();
        let (rollout, _) = entities.values().find(|(entity, _)| entity.of_type == "Rollout").unwrap();
        let place = if model == "leads" { "s3://leads-123456789012/scores/" } else { PACKAGE };
        assert_eq!(rollout.source, place, "{model}: where a rollout leads to, or what is rolled out");
    }
}

#[test]
fn commit_without_a_repository_is_no_entity() {
    const LOANS: &str = include_str!("../../../../policies/loans.toml");
    let rig = rig_of(LOANS);
    let mut build = everything(FactKind::BuildStarted, &row(FactKind::BuildStarted).unwrap().dedup_key);
    build["detail"]["model"] = json!("loans");
    assert_eq!(rig.react(&build), (Decision::Skipped, "no_entity"));
}

#[test]
fn fact_that_lacks_its_subject_writes_nothing() {
    for (kind, dedup_key, details) in [
        (FactKind::BuildStarted, "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190", json!({"commit": "HEAD"})),
        (FactKind::TrainingRequested, "image/churn/3", json!({"commit": "c".repeat(40)})),
        (FactKind::TrainingStarted, "incident/churn-drift-1", json!({"commit": "c".repeat(40)})),
        (FactKind::EvaluationStarted, "evaluation/churn/3", json!({"version": "3"})),
        (FactKind::RolloutStarted, "rollout/churn/3/1", json!({"package": "churn/3"})),
    ] {
        let rig = rig(str::to_owned);
        let event = fact("1", kind.as_str(), dedup_key, &details);
        assert_eq!(rig.react(&event), (Decision::Skipped, "no_entity"), "{kind:?} {details}");
        assert_eq!(rig.services.calls(), [] as [&str; 0], "{kind:?}: nothing to ask about");
    }
}

#[test]
fn history_names_both_ends_of_an_association() {
    let rig = with_origin(rig(str::to_owned));
    let report = rig.try_react(&rollout("Rollout Started")).unwrap();
    let link = json!({"action": "AddAssociation", "service": "sagemaker", "from": ROLLOUT, "kind": "AssociatedWith",
        "to": ENDPOINT});
    assert_eq!(report.entry.actions.last(), Some(&link));
}

#[test]
fn action_has_its_final_status_in_any_order_of_facts() {
    use FactKind::*;
    for (begun, ended, progress) in [
        (BuildStarted, TrainingRequested, "Completed"),
        (BuildStarted, BuildFailed, "Failed"),
        (TrainingStarted, TrainingSucceeded, "Completed"),
        (TrainingStarted, TrainingFailed, "Failed"),
        (EvaluationStarted, EvaluationPassed, "Completed"),
        (EvaluationStarted, ApprovalRequested, "Completed"),
        (EvaluationStarted, EvaluationFailed, "Failed"),
        (RolloutStarted, RolloutSucceeded, "Completed"),
        (RolloutStarted, RolloutRolledBack, "Failed"),
        (RolloutStarted, RolloutFailed, "Failed"),
        // Live first, and its smoke test failed later.
        (RolloutSucceeded, SmokeTestFailed, "Failed"),
    ] {
        for order in [[begun, ended], [ended, begun]] {
            // The later of two ends is the status.
            if begun == RolloutSucceeded && order[0] == ended {
                continue;
            }
            let rig = with_origin(rig(str::to_owned));
            for (number, kind) in order.into_iter().enumerate() {
                let row = row(kind).unwrap();
                let mut event = everything(kind, &row.dedup_key);
                event["id"] = json!(number.to_string());
                assert_eq!(rig.react(&event), (Decision::Acted, "written"), "{order:?}");
            }
            let action = row(ended).unwrap().action;
            let stands = rig.services.lineage().entities[action].1.clone();
            assert_eq!(stands.as_deref(), Some(progress), "{order:?}: how {action} stands");
            let sets = rig.services.calls().iter().filter(|call| call.starts_with("lineage.set_progress")).count();
            assert_eq!(
                sets,
                usize::from(order[1] == ended),
                "{order:?}: progress is set when it changes, and only then"
            );
        }
    }
}
