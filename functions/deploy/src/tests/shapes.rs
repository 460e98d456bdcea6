//! Strategies, serving and schedules: the requests to SageMaker have the values of the policy.

use trimtab_core::policy::{Serving, VariantTest};

use super::*;

const CANARY: &str = "[deploy.endpoint.canary]\npercent = 10\nbake_time = \"10m\"";

fn instead_of_canary(other: &str) -> Rig {
    stage_with(|text| {
        assert!(text.contains(CANARY), "{text}");
        text.replace(CANARY, other).replace("instances = 1\n", "instances = 4\n")
    })
}

#[test]
fn linear_rollout_has_the_steps_of_the_policy() {
    let stage = instead_of_canary("[deploy.endpoint.linear]\npercent = 25\nbake_time = \"5m\"");
    stage.approve(1);
    let strategies = stage.strategies();
    assert!(matches!(&strategies[..], [Strategy::Linear(linear)] if linear.percent == 25 && linear.alarms.len() == 1));
}

#[test]
fn rolling_update_has_the_batches_of_the_policy() {
    let stage = instead_of_canary("[deploy.endpoint.rolling]\npercent = 50\nbake_time = \"5m\"");
    stage.approve(1);
    let strategies = stage.strategies();
    assert!(matches!(&strategies[..], [Strategy::Rolling(rolling)] if rolling.percent == 50));
}

#[test]
fn rolling_update_without_alarm_data_is_held() {
    let stage = instead_of_canary("[deploy.endpoint.rolling]\npercent = 50\nbake_time = \"5m\"");
    stage.approve(1);
    stage.becomes_stable(false);
    stage.set_alarm_data(false);
    assert_eq!(stage.approve(2), (Decision::Failed, "no_alarm_data"));
    stage.set_alarm_data(true);
    stage.approve(2);
    stage.set_alarm_data(false);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "no_data_after_update"));
}

#[test]
fn serverless_version_takes_all_traffic_at_once() {
    let stage = stage_with(|text| {
        let start = text.find("instance_type").unwrap();
        let rest = &text[text.find("[evaluate]").unwrap()..text.find("[monitor]").unwrap()];
        format!("{}serverless = {{ memory_mb = 2048, max_concurrency = 20 }}\n\n{rest}", &text[..start])
    });
    stage.approve(1);
    let configs = stage.configs();
    assert!(matches!(&configs[0].serving, Serving::Serverless(serverless) if serverless.memory_mb == 2048));
    assert_eq!(stage.strategies(), [Strategy::AllAtOnce]);
    assert_eq!(stage.becomes_stable(false), (Decision::Acted, "live"));
    assert_eq!(stage.scaled(), 0, "a serverless endpoint scales by itself");
}

#[test]
fn different_shape_has_a_different_name() {
    let name = |change: &dyn Fn(&str) -> String| {
        let stage = stage_with(change);
        stage.approve(1);
        stage.names().remove(0)
    };
    let asynchronous = |text: &str| {
        text.replace("instances = 1\n", "instances = 1\nasynchronous = { output = \"s3://churn/out\" }\n")
            .replace("invocations_per_instance", "backlog_per_instance")
    };
    let elsewhere = |text: &str| asynchronous(text).replace("s3://churn/out", "s3://churn/elsewhere");
    let names = [name(&str::to_owned), name(&asynchronous), name(&elsewhere)];
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "{names:?}");
    assert_eq!(names[0], "churn-v1-6ed9053b", "what is live keeps its name");
}

#[test]
fn schedule_is_put_with_the_scaling_policy() {
    let stage = stage();
    stage.approve(1);
    stage.becomes_stable(false);
    assert_eq!(stage.services.autoscaling().scheduled[ENDPOINT], ["office-hours", "night"]);
}

#[test]
fn ab_test_has_the_share_of_the_policy() {
    let stage = super::variant_test::with_ab_test();
    stage.approve(1);
    stage.becomes_stable(false);
    stage.approve(2);
    let configs = stage.configs();
    let beside = configs.last().and_then(|config| config.second_variant.clone()).unwrap();
    assert!(matches!(beside.test, VariantTest::AbTest(challenger) if challenger.percent == 20));
    assert!(beside.live.starts_with("churn-v1-"), "{}", beside.live);
}
