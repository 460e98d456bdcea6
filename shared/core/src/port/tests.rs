//! What the ports decide by themselves, which is little.

use super::LineageProgress;
use super::{ObservedAlarm, TransformRequest, other_engine};
use crate::event::AlarmState;
use crate::failure::Failure;
use crate::name::{AlarmArn, AlarmName};
use crate::policy::{Policy, Target};

#[test]
fn alarm_with_children_is_a_composite_alarm() {
    let alarm = |children: Vec<AlarmName>| ObservedAlarm {
        name: AlarmName::parse("drift").unwrap(),
        arn: AlarmArn::parse("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:drift").unwrap(),
        state: AlarmState::Ok,
        since: None,
        drift: None,
        features: Vec::new(),
        children,
        suppressed: false,
    };
    assert!(alarm(vec![AlarmName::parse("bias").unwrap()]).is_composite());
    assert!(!alarm(Vec::new()).is_composite());
}

#[test]
fn progress_of_an_action_is_sagemakers_word() {
    let words = [
        (LineageProgress::InProgress, "InProgress"),
        (LineageProgress::Completed, "Completed"),
        (LineageProgress::Failed, "Failed"),
    ];
    for (progress, word) in words {
        assert_eq!((progress.as_str(), serde_json::to_value(progress).unwrap()), (word, word.into()));
    }
}

#[test]
fn run_of_another_engine_is_refused_for_good() {
    let refusal = other_engine("airflow:start");
    assert!(
        matches!(&refusal, Failure::Permanent { operation: "airflow:start", cause } if cause.contains("another engine"))
    );
}

#[test]
fn answers_of_each_transform_job_have_a_folder_of_their_own() {
    let leads = Policy::parse("leads.toml", include_str!("../../../../policies/leads.toml")).unwrap();
    let transform = leads.deploy.unwrap().stages.into_iter().find_map(|stage| match stage.target {
        Target::Transform(transform) => Some(transform),
        _ => None,
    });
    let transform = transform.unwrap();
    let output = transform.output.clone();
    let request = |job: &str| TransformRequest {
        job: job.to_owned(),
        model: "m".to_owned(),
        transform: transform.clone(),
        account: None,
    };
    assert_eq!(request("trimtab-leads-v1-a").output(), format!("{output}trimtab-leads-v1-a/"));
    assert_ne!(request("trimtab-leads-v1-a").output(), request("trimtab-leads-v2-a").output());
}
