//! Limits of `[deploy]` and of the targets other than endpoints.

use super::super::base::{DEPLOYED_BY_PIPELINE, SERVED, STACKED, STAGED, TRANSFORMED};
use super::super::row::{Row, number, pair, set, text, values};
use super::super::text::Edit::{Add, Drop};
use super::{KEYS, NO_KEYS, NO_LOCATIONS, NO_ROLES, ROLE, ROLES};

const DELIVERY: &str = "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html";
const VARIABLE: &str = "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineVariable.html";
const STACK: &str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html";
const QUOTAS: &str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html";
const PARAMETERS: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html";
const JOB: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html";
const INSTANCES: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformResources.html";
const INPUT: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html";
const OUTPUT: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformOutput.html";
const JOIN: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataProcessing.html";

const ONE_TARGET: &str = "exactly one of `endpoint`, `pipeline`, `stack`, `transform`, `stages`";

const A_PIPELINE: &str = "[deploy.pipeline]\nname = \"x\"\nvariable = \"y\"";

pub(super) fn rows() -> Vec<Row> {
    [deploy(), pipeline(), stack(), parameters(), transform(), amounts()].concat()
}

fn deploy() -> Vec<Row> {
    vec![
        values("deploy.on_rejected", SERVED, &["\"notify\"", "\"rollback\""], &["\"roll-back\"", "\"Notice\"", "true"])
            .own("the reactions to a rejection of the live version"),
        pair("deploy.on_rejected", SERVED, "required", &[&[Drop("deploy.on_rejected")]])
            .named("deploy")
            .own("the policy states what happens to a live version that is rejected"),
        pair("deploy", SERVED, ONE_TARGET, &[&[Drop("deploy.endpoint")], &[Add(A_PIPELINE)]])
            .own("a stage has one target"),
        pair("deploy", STACKED, ONE_TARGET, &[&[Add(A_PIPELINE)]]).own("a stage has one target"),
        pair("deploy", TRANSFORMED, ONE_TARGET, &[&[Add(A_PIPELINE)]]).own("a stage has one target"),
        pair("deploy", STAGED, "no other target beside `stages`", &[&[Add(A_PIPELINE)]]).own("a stage has one target"),
    ]
}

fn pipeline() -> Vec<Row> {
    vec![
        text("deploy.pipeline.name", DEPLOYED_BY_PIPELINE, 1, 100, "\"#\"")
            .and("letters, digits, `.`, `@`, `_` and `-`", &["\"a.B@c_d-1\""], &["\"a b\"", "\"a/b\""])
            .aws(DELIVERY),
        values(
            "deploy.pipeline.name",
            DEPLOYED_BY_PIPELINE,
            &["\"training\""],
            &["\"churn-training\"", "\"-training\""],
        )
        .says("does not end with `-training`")
        .own("Trimtab treats a pipeline with this ending as training"),
        text("deploy.pipeline.variable", DEPLOYED_BY_PIPELINE, 1, 128, "\"#\"")
            .and("letters, digits, `@`, `_` and `-`", &["\"A@b_c-1\""], &["\"a b\"", "\"a.b\""])
            .aws(VARIABLE),
    ]
}

fn stack() -> Vec<Row> {
    let url = |length: usize| format!("\"https://s3.amazonaws.com/{}\"", "a".repeat(length));
    vec![
        text("deploy.stack.name", STACKED, 1, 128, "\"#\"")
            .and("letters, digits and `-`, a letter as first character", &["\"A-1\""], &["\"1a\"", "\"-a\"", "\"a_b\""])
            .aws(STACK),
        values(
            "deploy.stack.template",
            STACKED,
            &[
                "\"https://b.s3.eu-west-1.amazonaws.com/a/b.yaml\"",
                "\"https://s3.eu-west-1.amazonaws.com/b/c\"",
                "\"https://b.s3.cn-north-1.amazonaws.com.cn/a\"",
            ],
            &[
                "\"http://b.s3.amazonaws.com/a\"",
                "\"https://example.com/a\"",
                "\"s3://b/a\"",
                "\"https://b.s3.amazonaws.com/\"",
                "\"https://b.s3.amazonaws.com/../a\"",
            ],
        )
        .says("a template in S3, by its URL")
        .aws(STACK),
        values("deploy.stack.template", STACKED, &[&url(1), &url(1024)], &[&url(0), &url(1025)])
            .says("a key of 1 to 1024 characters")
            .aws("https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"),
        values("deploy.stack.role", STACKED, ROLES, NO_ROLES).says("a role's ARN").aws(ROLE),
        text("deploy.stack.parameter", STACKED, 1, 255, "\"#\"")
            .and("letters and digits", &["\"Ab1\""], &["\"a-b\"", "\"a b\""])
            .aws(PARAMETERS),
        values(
            "deploy.stack.capabilities",
            STACKED,
            &["[]", "[\"CAPABILITY_IAM\"]", "[\"CAPABILITY_NAMED_IAM\"]"],
            &["[\"CAPABILITY_AUTO_EXPAND\"]", "[\"IAM\"]"],
        )
        .own("macros could change a template after its review"),
    ]
}

fn parameters() -> Vec<Row> {
    const KEY: &str = "deploy.stack.parameters";
    let many = |count: usize| {
        let all: Vec<String> = (0..count).map(|number| format!("P{number} = \"x\"")).collect();
        format!("{{ {} }}", all.join(", "))
    };
    let name = |length: usize| format!("{{ {} = \"x\" }}", "a".repeat(length));
    let value = |length: usize| format!("{{ A = \"{}\" }}", "a".repeat(length));
    vec![
        values(KEY, STACKED, &[&many(0), &many(199)], &[&many(200)])
            .says("at most 199, besides the one in `parameter`")
            .aws(QUOTAS),
        values(
            KEY,
            STACKED,
            &[&name(1), &name(255)],
            &[&name(256), "{ \"\" = \"x\" }", "{ \"a-b\" = \"x\" }", "{ \"a b\" = \"x\" }"],
        )
        .says("names of 1 to 255 letters and digits")
        .aws(PARAMETERS),
        values(KEY, STACKED, &[&value(0), &value(4096)], &[&value(4097), "{ A = \"a\\nb\" }"])
            .says("values of at most 4096 bytes on one line")
            .aws(QUOTAS),
        values(
            KEY,
            STACKED,
            &["{ Stage = \"x\" }"],
            &["{ ModelPackageArn = \"x\" }", "{ A = \"x\", ModelPackageArn = \"x\" }"],
        )
        .says("without the one in `parameter`")
        .own("Trimtab sets that parameter"),
    ]
}

fn transform() -> Vec<Row> {
    let location = |key, page| {
        values(key, TRANSFORMED, &["\"s3://churn/a/b/\""], NO_LOCATIONS).says("an S3 URI without spaces").aws(page)
    };
    let kind = |key| {
        text(key, TRANSFORMED, 1, 256, "\"#\"")
            .and("printable ASCII", &["\"text/csv; a=b\""], &["\"a\\nb\"", "\"ä\""])
            .aws(INPUT)
    };
    let key = |key| values(key, TRANSFORMED, KEYS, NO_KEYS).says("a key's id, alias or ARN").aws(OUTPUT);
    vec![
        text("deploy.transform.name", TRANSFORMED, 1, 32, "\"#\"")
            .and("lower-case letters, digits and inner `-`", &["\"a-1\""], &["\"A\"", "\"a_b\"", "\"-a\"", "\"a-\""])
            .own("the names of jobs, with at most 63 characters, contain it"),
        values("deploy.transform.role", TRANSFORMED, ROLES, NO_ROLES).says("a role's ARN").aws(ROLE),
        values("deploy.transform.instance_type", TRANSFORMED, &["\"ml.m5.xlarge\""], &["\"m5.xlarge\"", "\"\""])
            .says("an instance type of SageMaker: begins with `ml.`")
            .aws(INSTANCES),
        values("deploy.transform.input", TRANSFORMED, &["\"s3://other\"", "\"s3://churn-data/a/b.csv\""], NO_LOCATIONS)
            .says("an S3 URI without spaces")
            .aws(INPUT),
        kind("deploy.transform.content_type"),
        kind("deploy.transform.accept"),
        values(
            "deploy.transform.split",
            TRANSFORMED,
            &["\"none\"", "\"line\"", "\"record-io\"", "\"tf-record\""],
            &["\"Line\"", "\"recordio\""],
        )
        .aws(INPUT),
        location("deploy.transform.output", OUTPUT),
        values("deploy.transform.output", TRANSFORMED, &["\"s3://churn/\""], &["\"s3://churn/a\""])
            .says("a folder with a trailing `/`")
            .own("each job writes to a folder of its own in it"),
        values(
            "deploy.transform.output",
            TRANSFORMED,
            &["\"s3://churn-data/\"", "\"s3://churn-data/feature/\""],
            &["\"s3://churn-data/features/\"", "\"s3://churn-data/features/scores/\""],
        )
        .says("outside of `input`")
        .own("otherwise the next job would read the output"),
        pair(
            "deploy.transform.join_input",
            TRANSFORMED,
            "needs `split = \"line\"`",
            &[
                &[set("deploy.transform.join_input", "true"), set("deploy.transform.split", "\"none\"")],
                &[set("deploy.transform.join_input", "true"), Drop("deploy.transform.split")],
                &[set("deploy.transform.join_input", "true"), set("deploy.transform.split", "\"record-io\"")],
            ],
        )
        .fits(&[set("deploy.transform.join_input", "true")])
        .aws(JOIN),
        key("deploy.transform.kms_key"),
        key("deploy.transform.volume_kms_key"),
    ]
}

fn amounts() -> Vec<Row> {
    const SIZE: &str = "deploy.transform.max_payload_mb";
    const COUNT: &str = "deploy.transform.max_concurrent";
    let both = |size: &str, count: &str| vec![set(SIZE, size), set(COUNT, count)];
    vec![
        number("deploy.transform.instances", TRANSFORMED, 1, Some(100)).aws(INSTANCES),
        number(SIZE, TRANSFORMED, 1, Some(100)).aws(JOB),
        // Six megabytes is SageMaker's own size: sixteen of them are within a hundred.
        number(COUNT, TRANSFORMED, 1, Some(16))
            .says("1 to 100, by `max_payload_mb` (6 by default)")
            .named(SIZE)
            .aws(JOB),
        pair(
            SIZE,
            TRANSFORMED,
            "`max_payload_mb` times `max_concurrent`: at most 100",
            &[&both("50", "3"), &both("101", "1"), &both("1", "101"), &both("4294967295", "2")],
        )
        .fits(&both("50", "2"))
        .fits(&both("1", "100"))
        .fits(&both("100", "1"))
        .aws(JOB),
    ]
}
