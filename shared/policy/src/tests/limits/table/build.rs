//! Limits of the policy itself, `[integrate]`, `[evaluate]`, `[reconcile]` and `[notify]`.

use super::super::base::{BUILT, IMAGED, PIPED, PLAIN, TESTED, TOLD};
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
const TESTS: &str = "the state machine's name ends with `-tests`: the suite hears of no other, and may start no other";

pub(super) fn rows() -> Vec<Row> {
    [policy(), integrate(), image(), evaluate(), reconcile(), notify()].concat()
}

fn policy() -> Vec<Row> {
    vec![
        number("version", PLAIN, 1, Some(1)).says("1").own("the version of the policy's shape that the suite reads"),
        text("model", PLAIN, 1, 40, "\"#\"")
            .and(
                "lower-case letters, digits and inner `-`",
                &["\"a-1\""],
                &["\"Churn\"", "\"a_b\"", "\"-a\"", "\"a-\""],
            )
            .own("names of 63 characters are made of it"),
        values("owner", PLAIN, &["\"x\""], &["\"\"", "\" \""]).says("not blank").own("somebody answers for the model"),
        text("package_group", PLAIN, 1, 63, "\"#\"")
            .and("letters, digits and inner `-`", &["\"A-1\""], &["\"a_b\"", "\"-a\"", "\"a-\""])
            .aws(GROUP),
    ]
}

fn integrate() -> Vec<Row> {
    let one = "exactly one of `project` and `delivery`";
    let training = "a pipeline whose name ends with `-training` trains";
    vec![
        text("integrate.repository", BUILT, 1, 100, "\"#\"")
            .and("letters, digits, `.`, `_` and `-`", &["\"a.B_c-1\""], &["\"a b\"", "\"a/b\""])
            .aws(REPOSITORY),
        list("integrate.branches", BUILT, 1, None, "\"b#\"").own("without a branch nothing is ever built"),
        text("integrate.branches", BUILT, 1, 255, "[\"#\"]")
            .and(
                "no `..`, no `-` in front",
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
        .own("one builder builds"),
        text("integrate.codepipeline.name", PIPED, 1, 100, "\"#\"")
            .and("letters, digits, `.`, `@`, `_` and `-`", &["\"a.B@c_d-1\""], &["\"a b\"", "\"a/b\""])
            .aws(PIPELINE),
        values("integrate.codepipeline.name", PIPED, &["\"training\""], &["\"churn-training\"", "\"-training\""])
            .says("does not end with `-training`")
            .named("integrate.codepipeline")
            .own(training),
        values("integrate.codepipeline.name", PIPED, &["\"churn-delivery-2\""], &["\"churn-delivery\""])
            .says("another than `deploy.pipeline.name`")
            .named("integrate.codepipeline")
            .own("one builds, the other delivers"),
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
            .own("what CodeCommit takes, as far as nobody can read it as an option or another folder"),
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
        .own("it is that pipeline's definition"),
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
            .own("each tag is asked for by its name"),
        text("integrate.image.tags", IMAGED, 1, 128, "[\"#\"]")
            .and("no `.` or `-` in front", &["[\"a.B_c-1\"]"], &["[\".a\"]", "[\"-a\"]", "[\"a b\"]"])
            .aws(TAG),
        pair("integrate.image", IMAGED, "needs `retrain.parameters.image`", &[&dropped, &[Drop("retrain")]])
            .fits(&[
                Drop("retrain.parameters"),
                Drop("retrain.pipeline"),
                set("retrain.state_machine", "\"arn:aws:states:eu-west-1:123456789012:stateMachine:x-training\""),
            ])
            .own("without it no run gets the image; state machines and DAGs get it in any case"),
    ]
}

fn evaluate() -> Vec<Row> {
    let metric = "exactly one of `at_least` and `at_most`";
    let number = |key| {
        values(key, TESTED, &["1e12", "-1e12", "0"], &["1.1e12", "-1.1e12", "nan", "inf"])
            .says("-1e12 to 1e12, to six decimals")
            .own("a larger number is no metric")
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
        .own("what can become of a version that passes"),
        values("evaluate.on_fail", TESTED, &["\"reject\"", "\"manual_approval\""], &["\"approve\"", "\"Reject\""])
            .own("what can become of a version that does not"),
        pair("evaluate.on_pass", TESTED, "`\"approve\"` needs a metric", &[&[Drop("evaluate.metrics")]])
            .fits(&[Drop("evaluate.metrics"), set("evaluate.on_pass", "\"manual_approval\"")])
            .named("evaluate.metrics")
            .own("nothing approves by itself"),
        pair(
            "evaluate.metrics",
            TESTED,
            "each name once",
            &[&[Add("[[evaluate.metrics]]\nname = \"auc\"\nat_most = 1")]],
        )
        .fits(&[Add("[[evaluate.metrics]]\nname = \"auc2\"\nat_most = 1")])
        .own("of two bounds nobody knows which one counts"),
        text("evaluate.metrics.name", TESTED, 1, 64, "\"#\"")
            .and("letters, digits, `_`, `.` and `-`", &["\"a.B_c-1\""], &["\"a b\"", "\"a/b\""])
            .named("evaluate.metrics")
            .own("it stands in a metadata property of the version"),
        number("evaluate.metrics.at_least"),
        pair(
            "evaluate.metrics.at_most",
            TESTED,
            "-1e12 to 1e12, to six decimals",
            &[&[Drop("evaluate.metrics.at_least"), set("evaluate.metrics.at_most", "1.1e12")]],
        )
        .fits(&[Drop("evaluate.metrics.at_least"), set("evaluate.metrics.at_most", "1e12")])
        .own("a larger number is no metric"),
        pair(
            "evaluate.metrics.at_least",
            TESTED,
            metric,
            &[&[Drop("evaluate.metrics.at_least")], &[set("evaluate.metrics.at_most", "1")]],
        )
        .named("evaluate.metrics")
        .own("it also says which way is better"),
        values("evaluate.metrics.margin", TESTED, &["0", "0.000001", "1e12"], &["-0.000001", "-1"])
            .says("0 or more")
            .named("evaluate.metrics")
            .own("a version may be worse by the margin, never must be better"),
    ]
}

fn reconcile() -> Vec<Row> {
    ["reconcile.build", "reconcile.training", "reconcile.evaluation", "reconcile.rollout"]
        .map(|key| time(key, PLAIN, "1s", "3650d").own("a length of time"))
        .to_vec()
}

fn notify() -> Vec<Row> {
    const RECIPIENT: &str = "notify.recipients.endpoint";
    let mail = text(RECIPIENT, TOLD, 13, 254, "\"#@example.com\"")
        .and(
            "one `@`, nothing unprintable",
            &[],
            &["\"oncall\"", "\"a@b@c\"", "\"@b\"", "\"a@\"", "\"a@b c\"", "\"a@b\\n\""],
        )
        .named("notify.recipients")
        .own("the longest address that mail servers take (RFC 5321)");
    let protocol = |protocol: &str, endpoint: String| {
        [set("notify.recipients.protocol", protocol), set("notify.recipients.endpoint", endpoint)]
    };
    let by = |words: &str, name: &str, good: &[String], bad: &[String]| {
        let mut row = pair(RECIPIENT, TOLD, words, &[]).named("notify.recipients");
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
            TOLD,
            &["[\"info\"]", "[\"warning\"]", "[\"info\", \"warning\"]"],
            &["[]", "[\"critical\"]", "[\"info\", \"critical\"]"],
        )
        .own("what is critical never waits"),
        values("notify.digest_severities", TOLD, &["[\"info\"]"], &["[\"debug\"]", "[\"Info\"]"])
            .own("the severities that there are"),
        time("notify.digest_interval", TOLD, "1s", "3650d").own("a length of time"),
        pair("notify.digest_interval", TOLD, "there where something is `quiet`", &[&[Drop("notify.digest_interval")]])
            .fits(&[Drop("notify.digest_interval"), Drop("notify.digest_severities")])
            .own("what waits must end"),
        pair("notify.digest_interval", TOLD, "needs `[reconcile]`", &[&[Drop("reconcile")]])
            .own("it is sent when the clock asks"),
        pair("notify", TOLD, "`recipients`, or `digest_severities` and `digest_interval`", &[&waits])
            .fits(&[Drop("notify.recipients")])
            .own("an empty table says nothing"),
        pair("notify.recipients", TOLD, "any number", &[])
            .fits(&[Add("[[notify.recipients]]\nprotocol = \"email\"\nendpoint = \"b@example.com\"")])
            .own("what SNS takes of them is told when they are applied"),
        values("notify.recipients.protocol", TOLD, &["\"email\""], &["\"sms\"", "\"http\"", "\"Email\""])
            .says("`\"email\"`, `\"https\"`, `\"lambda\"` or `\"sqs\"`")
            .own("the suite's messages are longer than a text message"),
        mail,
        by("a URL of at most 2000 characters for `\"https\"`, without user", "\"https\"", &[url(2000), url(21)], &urls)
            .own("the longest that every server takes"),
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
        values("notify.recipients.severities", TOLD, &["[\"info\"]", "[\"info\", \"warning\", \"critical\"]"], &["[]"])
            .says("1 to 3 of `\"info\"`, `\"warning\"`, `\"critical\"`")
            .named("notify.recipients")
            .own("whoever wants none is no recipient"),
        values("notify.recipients.severities", TOLD, &["[\"critical\"]"], &["[\"page\"]"])
            .own("the severities that there are"),
    ]
}
