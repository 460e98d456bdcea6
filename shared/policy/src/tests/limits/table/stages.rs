//! Limits of `[[deploy.stages]]`.

use super::super::base::{STAGED, STAGED_TO_PIPELINE, STAGED_TO_TRANSFORM};
use super::super::row::{Row, pair, set, text, time, values};
use super::super::text::Edit::{Add, Drop};
use super::{NO_ROLES, ROLE};

const LIFE_CYCLE: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelLifeCycle.html";
const ASSUME: &str = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html";
const INVOKE: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html";

const THIRD: &str = "[[deploy.stages]]\nname = \"last\"\n[deploy.stages.pipeline]\nname = \"x\"\nvariable = \"y\"";
const AGAIN: &str = "[[deploy.stages]]\nname = \"dev\"\n[deploy.stages.pipeline]\nname = \"x\"\nvariable = \"y\"";
const A_GATE_FIRST: &str =
    "[[deploy.stages]]\nname = \"dev\"\ngate = \"manual\"\n[deploy.stages.pipeline]\nname = \"x\"\nvariable = \"y\"";

pub(super) fn rows() -> Vec<Row> {
    [stages(), gates(), accounts(), smoke()].concat()
}

fn stages() -> Vec<Row> {
    let nothing = [Drop("deploy.stages"), set("deploy.stages", "[]")];
    vec![
        pair("deploy.stages", STAGED, "at least one", &[&nothing]).fits(&[Add(THIRD)]).own("the last stage is production"),
        text("deploy.stages.name", STAGED, 1, 15, "\"#\"")
            .and("lower-case letters, digits and inner `-`", &["\"a-1\""], &["\"A\"", "\"a_b\"", "\"-a\"", "\"a-\""])
            .own("the session in another account is named `trimtab-<model>-<stage>`, with at most 64 characters"),
        pair("deploy.stages.name", STAGED, "each name once", &[&[Add(AGAIN)]]).own("the name identifies a stage"),
        pair("deploy.stages", STAGED, "each has exactly one of `endpoint`, `pipeline`, `stack`, `transform`", &[
            &[Add("[[deploy.stages]]\nname = \"last\"")],
            &[Add("[[deploy.stages]]\nname = \"last\"\npipeline = { name = \"x\", variable = \"y\" }\n[deploy.stages.endpoint]\nname = \"z\"\nrole = \"arn:aws:iam::123456789012:role/x\"\ninstance_type = \"ml.m5.large\"\ninstances = 1")],
        ])
        .named("deploy")
        .own("a stage has one target"),
        pair("deploy.stages.endpoint", STAGED, "a different endpoint for each stage of one account", &[
            &[set("deploy.stages.endpoint.name", "\"churn-dev\""), Drop("deploy.stages.account"), set("deploy.stages.endpoint.role", OWN_ROLE)],
        ])
        .fits(&[set("deploy.stages.endpoint.name", "\"churn-dev\"")])
        .named("deploy.stages.endpoint.name")
        .own("two stages would overwrite each other's deployments"),
    ]
}

const OWN_ROLE: &str = "\"arn:aws:iam::123456789012:role/churn-endpoint\"";

fn gates() -> Vec<Row> {
    let life_cycle = |length: usize| format!("{{ lifecycle = \"{}\" }}", "a".repeat(length));
    vec![
        values(
            "deploy.stages.gate",
            STAGED,
            &["\"none\"", "\"manual\"", "{ lifecycle = \"Staging\" }"],
            &["\"robot\"", "{ person = \"maya\" }"],
        )
        .own("the gates of a stage"),
        values(
            "deploy.stages.gate",
            STAGED,
            &[&life_cycle(1), &life_cycle(63), "{ lifecycle = \"A-1\" }"],
            &[
                &life_cycle(0),
                &life_cycle(64),
                "{ lifecycle = \"a b\" }",
                "{ lifecycle = \"-a\" }",
                "{ lifecycle = \"a-\" }",
            ],
        )
        .says("a life cycle's stage: 1 to 63 letters, digits and inner `-`")
        .aws(LIFE_CYCLE),
        pair("deploy.stages.gate", STAGED, "none for the first stage", &[&[Drop("deploy.stages"), Add(A_GATE_FIRST)]])
            .own("the gate of the first stage is the approval"),
    ]
}

fn accounts() -> Vec<Row> {
    const ROLE_KEY: &str = "deploy.stages.account.role";
    const ID: &str = "deploy.stages.account.external_id";
    let role = [set("deploy.stages.account", "{ role = \"arn:aws:iam::210987654321:role/x\" }")];
    let own = set("deploy.stages.account", "{ role = \"arn:aws:iam::123456789012:role/x\" }");
    vec![
        values(ROLE_KEY, STAGED, &["\"arn:aws:iam::210987654321:role/x\""], NO_ROLES).says("a role's ARN").aws(ROLE),
        values(ROLE_KEY, STAGED, &["\"arn:aws:iam::210987654321:role/y\""], &["\"arn:aws:iam::333333333333:role/x\""])
            .says("in the account of the endpoint's or transform's role")
            .named("deploy.stages.account")
            .own("the endpoint's role is in the stage's account"),
        pair(
            "deploy.stages.account",
            STAGED_TO_TRANSFORM,
            "in the account of the endpoint's or transform's role",
            &[&role],
        )
        .fits(&[own])
        .own("the transform's role is in the stage's account"),
        pair("deploy.stages.account", STAGED_TO_PIPELINE, "with `endpoint` or `transform`", &[&role])
            .own("a pipeline and a stack reach another account by their own roles"),
        text(ID, STAGED, 2, 1224, "\"#\"")
            .and("letters, digits and `_+=,.@:/-`", &["\"A1_+=,.@:/-\""], &["\"a b\"", "\"a!\"", "\"ä1\""])
            .named("deploy.stages.account")
            .aws(ASSUME),
    ]
}

fn smoke() -> Vec<Row> {
    const TABLE: &str = "deploy.stages.smoke_test";
    let smoke = [set(TABLE, "{ body = \"42\" }")];
    let queued = [set("deploy.stages.endpoint.asynchronous", "{ output = \"s3://a/b\" }")];
    vec![
        text("deploy.stages.smoke_test.body", STAGED, 1, 8192, "\"#\"")
            .named(TABLE)
            .own("the policy is one item of the ledger"),
        text("deploy.stages.smoke_test.content_type", STAGED, 1, 1024, "\"#\"")
            .and("printable ASCII", &["\"text/csv; a=b\""], &["\"a\\nb\"", "\"ä\""])
            .named(TABLE)
            .aws(INVOKE),
        time("deploy.stages.smoke_test.timeout", STAGED, "1s", "15s").named(TABLE).own("the function has 30 seconds"),
        pair(TABLE, STAGED, "with an `endpoint` that is not asynchronous", &[&queued])
            .own("other targets send no response"),
        pair(TABLE, STAGED_TO_TRANSFORM, "with an `endpoint`", &[&smoke]).own("other targets send no response"),
        pair(TABLE, STAGED_TO_PIPELINE, "with an `endpoint`", &[&smoke]).own("other targets send no response"),
    ]
}
