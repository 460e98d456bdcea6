//! Limits of the organization's policy.

use super::super::base::{GUARDED, ORGANIZATION_NOTIFIED};
use super::super::row::{Row, number, pair, set, text, values};
use super::super::text::Edit::{Add, Drop};

const TAG: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html";
const ECR: &str = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html";
const ARN: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html";

pub(super) fn rows() -> Vec<Row> {
    [guard(), notify()].concat()
}

fn guard() -> Vec<Row> {
    let nothing = [set("guard.kms", "false"), Drop("guard.tags")];
    let only = |key: &str, value: &str| vec![set("guard.kms", "false"), Drop("guard.tags"), set(key, value)];
    vec![
        number("version", GUARDED, 1, Some(1)).says("1").own("the only version of the format so far"),
        pair(
            "guard",
            GUARDED,
            "at least one rule",
            &[
                &nothing,
                &only("guard.stop", "[\"training\"]"),
                &only("guard.exempt", "[\"arn:aws:iam::123456789012:role/x\"]"),
            ],
        )
        .fits(&only("guard.kms", "true"))
        .fits(&only("guard.vpc", "true"))
        .fits(&only("guard.network_isolation", "true"))
        .fits(&only("guard.image_digest", "true"))
        .fits(&only("guard.tags", "[\"owner\"]"))
        .fits(&only("guard.instance_types", "[\"ml.m5.*\"]"))
        .fits(&only("guard.registries", "[\"123456789012.dkr.ecr.eu-west-1.amazonaws.com\"]"))
        .own("to disable the guard, leave the table out"),
        text("guard.tags", GUARDED, 1, 128, "[\"#\"]")
            .and("no control characters", &["[\"cost center\", \"ä\"]"], &["[\"a\\nb\"]", "[\"a\", \"\"]"])
            .aws(TAG),
        values(
            "guard.instance_types",
            GUARDED,
            &["[\"ml.*\"]", "[\"ml.m5.large\", \"ml.c5.*\"]", &format!("[\"ml.{}\"]", "a".repeat(61))],
            &["[\"m5.large\"]", "[\"*\"]", "[\"ml.m5.large\", \"m5.*\"]", &format!("[\"ml.{}\"]", "a".repeat(62))],
        )
        .says("at most 64 characters; begins with `ml.`")
        .own("the form of SageMaker's instance types"),
        values(
            "guard.registries",
            GUARDED,
            &[
                "[\"123456789012.dkr.ecr.eu-west-1.amazonaws.com\"]",
                "[\"public.ecr.aws\"]",
                &format!("[\"a.{}\"]", "b".repeat(253)),
            ],
            &[
                "[\"registry\"]",
                "[\"a.b/c\"]",
                "[\"a.b:443\"]",
                "[\"\"]",
                "[\"a.b\", \"a.b/c\"]",
                &format!("[\"a.{}\"]", "b".repeat(254)),
            ],
        )
        .says("hosts of at most 255 letters, digits, `.` and `-`, without a repository")
        .aws(ECR),
        values(
            "guard.stop",
            GUARDED,
            &["[]", "[\"training\"]", "[\"processing\"]", "[\"notebook\"]"],
            &["[\"endpoint\"]", "[\"Training\"]"],
        )
        .own("stopping an endpoint or a model would interrupt production"),
        values(
            "guard.exempt",
            GUARDED,
            &["[\"arn:aws:iam::123456789012:role/trimtab-*\"]", "[\"arn:aws:iam::123456789012:*\"]"],
            &[
                "[\"*\"]",
                "[\"arn:aws:iam::*:role/x\"]",
                "[\"arn:aws:iam::12345678901:role/x\"]",
                "[\"arn:aws:iam::1234567890123:role/x\"]",
                "[\"arn:aws:iam::12345678901a:role/x\"]",
                "[\"123456789012:x:x:x:123456789012:x\"]",
                "[\"arn:aws:iam\"]",
                "[\"arn:aws:iam::123456789012:role/x\", \"*\"]",
            ],
        )
        .says("ARNs with an account; `*` stands for any text after it")
        .aws(ARN),
    ]
}

fn notify() -> Vec<Row> {
    let recipient = |key: &'static str, lines| {
        pair(key, ORGANIZATION_NOTIFIED, "as `notify.recipients` of a model", &[&[Add(lines)]])
            .own("the keys are the same")
    };
    vec![
        pair("notify", ORGANIZATION_NOTIFIED, "`all` or `platform`", &[&[Drop("notify.all"), Add("[notify]")]])
            .fits(&[Drop("notify.all"), Add("[[notify.platform]]\nprotocol = \"email\"\nendpoint = \"a@b\"")])
            .fits(&[Add("[[notify.platform]]\nprotocol = \"email\"\nendpoint = \"a@b\"")])
            .own("an empty table configures nothing"),
        recipient("notify.all", "[[notify.all]]\nprotocol = \"email\"\nendpoint = \"oncall\""),
        recipient("notify.platform", "[[notify.platform]]\nprotocol = \"sms\"\nendpoint = \"a@b\"")
            .named("notify.platform.protocol"),
    ]
}
