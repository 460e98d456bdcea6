//! The link and the command in a message, for each subject of a fact. The links are those that AWS's
//! console shows for the page; the commands are `trimtab`'s and the AWS CLI's own.

use trimtab_core::event::{Body, Event};
use trimtab_core::policy::Policy;

use super::*;
use crate::console_links::ConsoleLinks;
use crate::templates::message;

const HOST: &str = "https://eu-west-1.console.aws.amazon.com/";
const LOGS: &str = "cloudwatch/home?region=eu-west-1#logsV2:log-groups$3FlogGroupNameFilter$3D$252Ftrimtab";
const COMMIT: &str = "8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190";
const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
const RUN: &str = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-training/execution/abc123def456";

fn policy(model: &str) -> Policy {
    let path = format!("{}/../../policies/{model}.toml", env!("CARGO_MANIFEST_DIR"));
    Policy::parse("policy.toml", &std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The link and the command of the message for this fact.
fn shown(model: &str, kind: &str, subject: &str, details: &Value, region: &str) -> (String, String) {
    let mut event = fact("1", kind, subject);
    event["detail"]["model"] = json!(model);
    event["detail"]["details"] = details.clone();
    event["region"] = json!(region);
    let event = Event::parse(&event).unwrap();
    let Body::Fact(fact) = &event.body else { panic!("{kind} is no fact") };
    let policy = policy(model);
    let body = message(fact, &ConsoleLinks::of(&event, Some(&policy))).unwrap().body;
    let line = |name: &str| body.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap().to_owned();
    (line("Console: "), line("Command: "))
}

#[test]
fn each_subject_links_to_its_page_in_the_console() {
    let image = format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training@{DIGEST}");
    let image_page =
        format!("ecr/repositories/private/123456789012/churn-training/_/image/{DIGEST}/details?region=eu-west-1");
    let commit_page = format!("codesuite/codecommit/repositories/churn-model/commit/{COMMIT}?region=eu-west-1");
    let build_page = "codesuite/codebuild/123456789012/projects/churn-build/build/churn-build%3Ab1/?region=eu-west-1";
    let machine = "states/home?region=eu-west-1#/statemachines/view/arn%3Aaws%3Astates%3Aeu-west-1%3A123456789012%3AstateMachine%3Achurn-tests";
    let (none, build, commit) = (json!({}), json!({"build": "churn-build:b1"}), json!({"commit": COMMIT}));
    let (execution, image) = (json!({"build": "e1"}), json!({"image": image}));
    let (staging, prod) = (json!({"stage": "staging"}), json!({"stage": "prod"}));
    let stuck = "cloudformation/home?region=eu-west-1#/stacks?filteringText=tariffs-prod";
    let pipeline = "codesuite/codepipeline/pipelines/segments-delivery/view?region=eu-west-1";
    let piped = "codesuite/codepipeline/pipelines/demand-integration/executions/e1/timeline?region=eu-west-1";
    let branches = "codesuite/codecommit/repositories/churn-model/branches?region=eu-west-1";
    let churn = "sagemaker/home?region=eu-west-1#/endpoints/churn-prod";
    let (studio, alarms) =
        ("sagemaker/home?region=eu-west-1#/studio-landing", "cloudwatch/home?region=eu-west-1#alarmsV2:");
    let cases = [
        ("churn", "Build Failed", "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190", &build, build_page),
        (
            "churn",
            "Deadline Exceeded",
            "deadline/build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190",
            &build,
            build_page,
        ),
        ("churn", "Build Failed", "build/churn/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190", &commit, &commit_page),
        ("demand", "Build Failed", "build/demand/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190", &execution, piped),
        ("churn", "Branch Deleted", "branch/churn/main", &none, branches),
        ("churn", "Image Adopted", "image/churn/1", &image, &image_page),
        ("churn", "Rollout Failed", "rollout/churn/4/2", &none, churn),
        ("churn", "Deadline Exceeded", "deadline/rollout/churn/4/2", &none, churn),
        (
            "loans",
            "Rollout Failed",
            "rollout/loans/prod/4/2",
            &prod,
            "sagemaker/home?region=eu-west-1#/endpoints/loans",
        ),
        ("loans", "Rollout Failed", "rollout/loans/staging/4/2", &staging, LOGS), // In another account.
        ("segments", "Rollout Failed", "rollout/segments/4/2", &none, pipeline),
        ("leads", "Rollout Failed", "rollout/leads/4/2", &none, "sagemaker/home?region=eu-west-1#/transform-jobs"),
        ("tariffs", "Rollout Failed", "rollout/tariffs/4/2", &none, stuck),
        ("churn", "Approval Requested", "evaluation/churn/4", &none, machine),
        ("churn", "Training Failed", "incident/churn-drift-1", &none, studio),
        ("churn", "Training Skipped", "limit/churn/budget/1", &none, alarms),
        ("churn", "Package Rejected", "finding/churn/4", &none, LOGS),
        ("segments", "Build Failed", "build/segments/8c1f0d5a2b7e4963d1c0a9f8e7b6a5d4c3b2a190", &build, LOGS), // No [integrate] in its policy.
    ];
    for (model, kind, subject, details, page) in cases {
        assert_eq!(shown(model, kind, subject, details, "eu-west-1").0, format!("{HOST}{page}"), "{kind} {subject}");
    }
}

#[test]
fn each_kind_of_resource_links_to_its_own_page() {
    let pages = [
        ("training-job", "jobs"),
        ("processing-job", "processing-jobs"),
        ("model", "models"),
        ("endpoint-config", "endpointConfig"),
        ("endpoint", "endpoints"),
        ("notebook-instance", "notebook-instances"),
    ];
    for (kind, page) in pages {
        let details = json!({"resource": format!("arn:aws:sagemaker:eu-west-1:123456789012:{kind}/by hand")});
        let (link, _) = shown("churn", "Finding Reported", "finding/x/1", &details, "eu-west-1");
        assert_eq!(link, format!("{HOST}sagemaker/home?region=eu-west-1#/{page}/by%20hand"), "{kind}");
    }
    let other = json!({"resource": "arn:aws:sagemaker:eu-west-1:123456789012:domain/d-1"});
    assert_eq!(shown("churn", "Finding Reported", "finding/x/1", &other, "eu-west-1").0, format!("{HOST}{LOGS}"));
}

/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>: each partition has a domain of its own.
#[test]
fn console_is_that_of_the_regions_partition() {
    let hosts = [
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
        ("us-east-1", "https://us-east-1.console.aws.amazon.com/"),
    ];
    for (region, host) in hosts {
        let (link, _) = shown("churn", "Training Failed", "incident/churn-drift-1", &json!({}), region);
        assert_eq!(link, format!("{host}sagemaker/home?region={region}#/studio-landing"));
    }
    let (forged, _) = shown("churn", "Training Failed", "incident/x", &json!({}), "evil.example/eu-west-1");
    assert!(forged.starts_with("https://.console.aws.amazon.com/"), "a region from outside is no host: {forged}");
}

#[test]
fn each_kind_has_its_command() {
    let (none, run) = (json!({}), json!({"run": RUN}));
    let steps = format!("aws sagemaker list-pipeline-execution-steps --pipeline-execution-arn {RUN}");
    let cases = [
        ("churn", "Event Dead-Lettered", "dead-letter/deploy/x", &none, "trimtab dead-letters"),
        ("churn", "Evaluation Stuck", "evaluation-stuck/churn/4/start_refused", &none, "trimtab dead-letters"),
        ("churn", "Stop Failed", "finding/x/1", &none, "trimtab dead-letters"),
        ("churn", "Deadline Exceeded", "deadline/incident/x", &run, "trimtab reconcile churn"),
        ("churn", "Training Failed", "incident/x", &run, &steps),
        ("churn", "Training Failed", "incident/x", &none, "trimtab history churn"),
        (
            "churn",
            "Rollout Failed",
            "rollout/churn/4/2",
            &none,
            "aws sagemaker describe-endpoint --endpoint-name churn-prod",
        ),
        ("churn", "Approval Requested", "evaluation/churn/4", &none, "trimtab history churn"),
        (
            "segments",
            "Rollout Failed",
            "rollout/segments/4/2",
            &none,
            "aws codepipeline get-pipeline-state --name segments-delivery",
        ),
        (
            "leads",
            "Rollout Failed",
            "rollout/leads/4/2",
            &none,
            "aws sagemaker list-transform-jobs --name-contains trimtab-leads-v4",
        ),
        ("tariffs", "Rollout Failed", "rollout/tariffs/4/2", &none, "trimtab history tariffs"),
    ];
    for (model, kind, subject, details, command) in cases {
        let (_, shown) = shown(model, kind, subject, details, "eu-west-1");
        assert!(shown.starts_with(command.trim_end_matches('4')), "{kind} on {subject}: {shown}, not {command}");
    }
    let event = Event::parse(&{
        let mut event = fact("1", "Finding Reported", "finding/x/1");
        event["detail"]["model"] = Value::Null;
        event
    });
    let event = event.unwrap();
    let Body::Fact(fact) = &event.body else { panic!("no fact") };
    assert!(message(fact, &ConsoleLinks::of(&event, None)).unwrap().body.contains("Command: trimtab history\n"));
}
