//! Limits of the policy itself, `[integrate]`, `[evaluate]`, `[reconcile]` and `[notify]`.

use super::super::base::{BUILT, IMAGED, NOTIFIED, PIPED, PLAIN, TESTED};
use super::super::row::{Row, list, number, pair, set, text, time, values};
use super::super::text::Edit::{Add, Drop};
use super::{NO_ROLES, ROLE, ROLES};

const GROUP: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackageGroup.html";
const REPOSITORY: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html";
const PROJECT: &str = "https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html";
const VARIABLE: &str = "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineVariable.html";
const PIPELINE: &str = "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html";
const ACTION: &str = "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_SourceRevisionOverride.html";
const ECR: &str = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html";
const TAG: &str = "https://docs.docker.com/reference/cli/docker/image/tag/";
const MACHINE: &str = "https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html";
const TESTS: &str = "Trimtab starts no other state machine, and receives events of no other";

pub(super) fn rows() -> Vec<Row> {
    [policy(), integrate(), image(), evaluate(), reconcile(), notify()].concat()
}

fn policy() -> Vec<Row> {
    vec![
        number("version", PLAIN, 1, Some(1)).says("1").own("the only version of the format so far"),
        text("model", PLAIN, 1, 40, "\"#\"")
            .and(
                "lower-case letters, digits and inner `-`",
                &["\"a-1\""],
                &["\"Churn\"", "\"a_b\"", "\"-a\"", "\"a-\""],
            )
            .own("names of at most 63 characters in SageMaker contain it"),
        values("owner", PLAIN, &["\"x\""], &["\"\"", "\" \""]).says("not blank").own("a model has an owner"),
        text("package_group", PLAIN, 1, 63, "\"#\"")
            .and("letters, digits and inner `-`", &["\"A-1\""], &["\"a_b\"", "\"-a\"", "\"a-\""])
            .aws(GROUP),
    ]
}

fn integrate() -> Vec<Row> {
    let one = "exactly one of `project` and `codepipeline`";
    let training = "Trimtab treats a pipeline with this ending as training";
    vec![
        text("integrate.repository", BUILT, 1, 100, "\"#\"")
            .and("letters, digits, `.`, `_` and `-`", &["\"a.B_c-1\""], &["\"a b\"", "\"a/b\""])
            .aws(REPOSITORY),
        list("integrate.branches", BUILT, 1, None, "\"b#\"").own("without a branch, nothing is built"),
        text("integrate.branches", BUILT, 1, 255, "[\"#\"]")
            .and(
                "no `..`, no `-` as first character",
                &["[\"feature/a-1\"]"],
                &["[\"-x\"]", "[\"a..b\"]", "[\"a b\"]", "[\"a;b\"]"],
            )
            .aws(REPOSITORY),
        text("integrate.project", BUILT, 2, 150, "\"#\"")
            .and("letters, digits, `_` and `-`", &["\"a-B_1\""], &["\"a b\"", "\"a.b\""])
            .aws(PROJECT),
        pair(
            "integrate.project",
            BUILT,
            one,
            &[
                &[Drop("integrate.project")],
                &[Add("[integrate.codepipeline]\nname = \"x\"\nsource = \"Source\"\nvariable = \"Commit\"")],
            ],
        )
        .own("a commit has one builder"),
        text("integrate.codepipeline.name", PIPED, 1, 100, "\"#\"")
            .and("letters, digits, `.`, `@`, `_` and `-`", &["\"a.B@c_d-1\""], &["\"a b\"", "\"a/b\""])
            .aws(PIPELINE),
        values("integrate.codepipeline.name", PIPED, &["\"training\""], &["\"churn-training\"", "\"-training\""])
            .says("does not end with `-training`")
            .named("integrate.codepipeline")
            .own(training),
        values("integrate.codepipeline.name", PIPED, &["\"churn-delivery-2\""], &["\"churn-delivery\""])
            .says("not `deploy.pipeline.name`")
            .named("integrate.codepipeline")
            .own("one builds, the other deploys"),
        text("integrate.codepipeline.source", PIPED, 1, 100, "\"#\"")
            .and("letters, digits, `.`, `@`, `_` and `-`", &["\"a.B@c_d-1\""], &["\"a b\""])
            .aws(ACTION),
        text("integrate.codepipeline.variable", PIPED, 1, 128, "\"#\"")
            .and("letters, digits, `@`, `_` and `-`", &["\"A@b_c-1\""], &["\"a b\"", "\"a.b\""])
            .named("integrate.codepipeline")
            .aws(VARIABLE),
        text("integrate.pull_requests", BUILT, 2, 150, "\"#\"")
            .and("letters, digits, `_` and `-`", &["\"a-B_1\""], &["\"a b\""])
            .aws(PROJECT),
        text("integrate.definition", BUILT, 1, 255, "\"#\"")
            .and(
                "a path from the repository's root",
                &["\"a/b-1.json\""],
                &["\"/a\"", "\"a/\"", "\"../a\"", "\"a//b\"", "\"-a\"", "\"a b\""],
            )
            .own("a path that is no option and leaves no folder"),
        pair(
            "integrate.definition",
            BUILT,
            "needs `retrain.pipeline`",
            &[
                &[set("integrate.definition", "\"pipeline.json\""), Drop("retrain")],
                &[
                    set("integrate.definition", "\"pipeline.json\""),
                    Drop("retrain.pipeline"),
                    set("retrain.codepipeline", "\"x-training\""),
                    Add("[retrain.parameters]\nincident = \"I\""),
                ],
            ],
        )
        .fits(&[set("integrate.definition", "\"pipeline.json\"")])
        .own("the definition belongs to that pipeline"),
        values("integrate.pipeline_role", BUILT, ROLES, NO_ROLES).says("a role's ARN").aws(ROLE),
    ]
}

fn image() -> Vec<Row> {
    let dropped = [Drop("retrain.parameters.image")];
    vec![
        text("integrate.image.repository", IMAGED, 2, 256, "\"#\"")
            .and(
                "lower-case letters and digits, `.`, `_`, `-`, `/` between them",
                &["\"a/b-c_d.e\""],
                &["\"A\"", "\"Ab\"", "\"/a\"", "\"a/\"", "\"a//b\"", "\"a..b\""],
            )
            .aws(ECR),
        list("integrate.image.tags", IMAGED, 1, Some(10), "\"t#\"")
            .named("integrate.image")
            .own("each tag is one lookup in ECR"),
        text("integrate.image.tags", IMAGED, 1, 128, "[\"#\"]")
            .and("no `.` or `-` as first character", &["[\"a.B_c-1\"]"], &["[\".a\"]", "[\"-a\"]", "[\"a b\"]"])
            .aws(TAG),
        pair("integrate.image", IMAGED, "needs `retrain.parameters.image`", &[&dropped, &[Drop("retrain")]])
            .fits(&[
                Drop("retrain.parameters"),
                Drop("retrain.pipeline"),
                set("retrain.state_machine", "\"arn:aws:states:eu-west-1:123456789012:stateMachine:x-training\""),
            ])
            .own("without it, no run receives the image; state machines and DAGs receive it in any case"),
    ]
}

fn evaluate() -> Vec<Row> {
    let metric = "exactly one of `at_least` and `at_most`";
    let number = |key| {
        values(key, TESTED, &["1e12", "-1e12", "0"], &["1.1e12", "-1.1e12", "nan", "inf"])
            .says("-1e12 to 1e12, to six decimals")
            .own("no metric is larger")
    };
    vec![
        values(
            "evaluate.tests",
            TESTED,
            &["\"arn:aws:states:eu-west-1:123456789012:stateMachine:a-tests\""],
            &[
                "\"arn:aws:states:eu-west-1:123456789012:stateMachine:churn\"",
                "\"arn:aws:states:eu-west-1:123456789012:stateMachine:churn-tests-2\"",
                "\"arn:aws:states:eu-west-1:123456789012:execution:churn-tests\"",
                "\"churn-tests\"",
            ],
        )
        .says("a state machine's ARN; its name ends with `-tests`")
        .own(TESTS),
        text(
            "evaluate.tests",
            TESTED,
            51 + 6,
            51 + 80,
            "\"arn:aws:states:eu-west-1:123456789012:stateMachine:#-tests\"",
        )
        .says("the name has 1 to 80 characters")
        .aws(MACHINE),
        values(
            "evaluate.on_pass",
            TESTED,
            &["\"approve\"", "\"manual_approval\""],
            &["\"Approve\"", "\"reject\"", "true"],
        )
        .own("the reactions to a version that passes"),
        values("evaluate.on_fail", TESTED, &["\"reject\"", "\"manual_approval\""], &["\"approve\"", "\"Reject\""])
            .own("the reactions to a version that fails"),
        pair("evaluate.on_pass", TESTED, "`\"approve\"` needs a metric", &[&[Drop("evaluate.metrics")]])
            .fits(&[Drop("evaluate.metrics"), set("evaluate.on_pass", "\"manual_approval\"")])
            .named("evaluate.metrics")
            .own("otherwise every version would be approved"),
        pair(
            "evaluate.metrics",
            TESTED,
            "each name once",
            &[&[Add("[[evaluate.metrics]]\nname = \"auc\"\nat_most = 1")]],
        )
        .fits(&[Add("[[evaluate.metrics]]\nname = \"auc2\"\nat_most = 1")])
        .own("a metric has one bound"),
        text("evaluate.metrics.name", TESTED, 1, 64, "\"#\"")
            .and("letters, digits, `_`, `.` and `-`", &["\"a.B_c-1\""], &["\"a b\"", "\"a/b\""])
            .named("evaluate.metrics")
            .own("a metadata property of the version contains it"),
        number("evaluate.metrics.at_least"),
        pair(
            "evaluate.metrics.at_most",
            TESTED,
            "-1e12 to 1e12, to six decimals",
            &[&[Drop("evaluate.metrics.at_least"), set("evaluate.metrics.at_most", "1.1e12")]],
        )
        .fits(&[Drop("evaluate.metrics.at_least"), set("evaluate.metrics.at_most", "1e12")])
        .own("no metric is larger"),
        pair(
            "evaluate.metrics.at_least",
            TESTED,
            metric,
            &[&[Drop("evaluate.metrics.at_least")], &[set("evaluate.metrics.at_most", "1")]],
        )
        .named("evaluate.metrics")
        .own("the key also states in which direction the metric improves"),
        values("evaluate.metrics.margin", TESTED, &["0", "0.000001", "1e12"], &["-0.000001", "-1"])
            .says("0 or more")
            .named("evaluate.metrics")
            .own("a version may be worse by the margin, and need not be better"),
    ]
}

fn reconcile() -> Vec<Row> {
    ["reconcile.build", "reconcile.training", "reconcile.evaluation", "reconcile.rollout"]
        .map(|key| time(key, PLAIN, "1s", "3650d").own("the range of durations"))
        .to_vec()
}

fn notify() -> Vec<Row> {
    const RECIPIENT: &str = "notify.recipients.endpoint";
    let mail = text(RECIPIENT, NOTIFIED, 13, 254, "\"#@example.com\"")
        .and(
            "one `@`, no control characters",
            &[],
            &["\"oncall\"", "\"a@b@c\"", "\"@b\"", "\"a@\"", "\"a@b c\"", "\"a@b\\n\""],
        )
        .named("notify.recipients")
        .own("the longest address of RFC 5321");
    let protocol = |protocol: &str, endpoint: String| {
        [set("notify.recipients.protocol", protocol), set("notify.recipients.endpoint", endpoint)]
    };
    let by = |words: &str, name: &str, good: &[String], bad: &[String]| {
        let mut row = pair(RECIPIENT, NOTIFIED, words, &[]).named("notify.recipients");
        row.accepted.extend(good.iter().map(|endpoint| protocol(name, format!("\"{endpoint}\"")).to_vec()));
        row.refused.extend(bad.iter().map(|endpoint| protocol(name, format!("\"{endpoint}\"")).to_vec()));
        row
    };
    let url = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
    let queue = |length: usize| format!("arn:aws:sqs:eu-west-1:123456789012:{}", "a".repeat(length));
    let function = |length: usize| format!("arn:aws:lambda:eu-west-1:123456789012:function:{}", "a".repeat(length));
    let own = |bad: &[&str]| bad.iter().map(|bad| (*bad).to_owned()).collect::<Vec<_>>();
    let urls =
        [own(&["http://example.com/", "https://", "https://maya:secret@example.com/"]), vec![url(2001)]].concat();
    let queues =
        [own(&["oncall", "arn:aws:sqs:eu-west-1:123456789012:oncall.fifo"]), vec![queue(0), queue(81)]].concat();
    let functions = [own(&["oncall"]), vec![function(0), function(201)]].concat();
    let waits = [Drop("notify.recipients"), Drop("notify.digest_severities"), Drop("notify.digest_interval")];
    vec![
        values(
            "notify.digest_severities",
            NOTIFIED,
            &["[\"info\"]", "[\"warning\"]", "[\"info\", \"warning\"]"],
            &["[]", "[\"critical\"]", "[\"info\", \"critical\"]"],
        )
        .own("critical messages are sent at once"),
        values("notify.digest_severities", NOTIFIED, &["[\"info\"]"], &["[\"debug\"]", "[\"Info\"]"])
            .own("the severities of messages"),
        time("notify.digest_interval", NOTIFIED, "1s", "3650d").own("the range of durations"),
        pair(
            "notify.digest_interval",
            NOTIFIED,
            "required with `digest_severities`",
            &[&[Drop("notify.digest_interval")]],
        )
        .fits(&[Drop("notify.digest_interval"), Drop("notify.digest_severities")])
        .own("a digest needs an interval"),
        pair("notify.digest_interval", NOTIFIED, "needs `[reconcile]`", &[&[Drop("reconcile")]])
            .own("the digest is sent while reconciling"),
        pair("notify", NOTIFIED, "`recipients`, or `digest_severities` and `digest_interval`", &[&waits])
            .fits(&[Drop("notify.recipients")])
            .own("an empty table configures nothing"),
        pair("notify.recipients", NOTIFIED, "any number", &[])
            .fits(&[Add("[[notify.recipients]]\nprotocol = \"email\"\nendpoint = \"b@example.com\"")])
            .own("`trimtab apply` reports what SNS refuses"),
        values("notify.recipients.protocol", NOTIFIED, &["\"email\""], &["\"sms\"", "\"http\"", "\"Email\""])
            .says("`\"email\"`, `\"https\"`, `\"lambda\"` or `\"sqs\"`")
            .own("messages are longer than a text message"),
        mail,
        by("a URL of at most 2000 characters for `\"https\"`, without user", "\"https\"", &[url(2000), url(21)], &urls)
            .own("the longest URL that every server accepts"),
        by(
            "a standard queue's ARN for `\"sqs\"`, its name of 1 to 80 characters",
            "\"sqs\"",
            &[queue(1), queue(80)],
            &queues,
        )
        .aws("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"),
        by(
            "a function's ARN for `\"lambda\"`, name and alias of 1 to 200 characters",
            "\"lambda\"",
            &[function(1), function(200)],
            &functions,
        )
        .aws("https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"),
        values(
            "notify.recipients.severities",
            NOTIFIED,
            &["[\"info\"]", "[\"info\", \"warning\", \"critical\"]"],
            &["[]"],
        )
        .says("1 to 3 of `\"info\"`, `\"warning\"`, `\"critical\"`")
        .named("notify.recipients")
        .own("a recipient without severities would receive nothing"),
        values("notify.recipients.severities", NOTIFIED, &["[\"critical\"]"], &["[\"page\"]"])
            .own("the severities of messages"),
    ]
}
