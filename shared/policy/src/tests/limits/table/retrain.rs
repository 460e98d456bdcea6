//! Limits of `[retrain]`.

use super::super::base::{BUILT, BY_AIRFLOW, BY_CODEPIPELINE, BY_KUBEFLOW, BY_STATES, NAMED, TRAINED};
use super::super::row::{Row, list, number, pair, set, text, time, values};
use super::super::text::Edit::{Add, Drop};

const PIPELINE: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html";
const PARAMETER: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Parameter.html";
const MACHINE: &str = "https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html";
const DELIVERY: &str = "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html";
const VARIABLE: &str = "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineVariable.html";
const MWAA: &str = "https://docs.aws.amazon.com/mwaa/latest/API/API_InvokeRestApi.html";
const ALARMS: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html";
const ALARM: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html";
const SCHEDULE: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateMonitoringSchedule.html";
const GROUP: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFeatureGroup.html";
const TRAINING: &str = "Trimtab starts no other, and receives events of no other";
const BY_RECONCILING: &str = "the run is started while reconciling";
const A_MACHINE: &str = "\"arn:aws:states:eu-west-1:123456789012:stateMachine:#-training\"";

pub(super) fn rows() -> Vec<Row> {
    [engines(), kubeflow(), parameters(), limits(), triggers(), data()].concat()
}

fn engines() -> Vec<Row> {
    vec![
        pair(
            "retrain",
            BUILT,
            "exactly one of `pipeline`, `state_machine`, `airflow`, `kubeflow`, `codepipeline`",
            &[
                &[Drop("retrain.pipeline")],
                &[set("retrain.codepipeline", "\"x-training\"")],
                &[set("retrain.airflow", "{ environment = \"a\", dag = \"b\" }")],
                &[set("retrain.state_machine", A_MACHINE.replace('#', "x"))],
            ],
        )
        .own("a model has one engine"),
        text("retrain.pipeline", BUILT, 1, 256, "\"#\"")
            .and("letters, digits and inner `-`", &["\"A-1\""], &["\"a_b\"", "\"-a\"", "\"a-\""])
            .aws(PIPELINE),
        text("retrain.state_machine", BY_STATES, 51 + 9, 51 + 80, A_MACHINE)
            .says("a state machine's ARN; its name has 1 to 80 characters")
            .aws(MACHINE),
        values(
            "retrain.state_machine",
            BY_STATES,
            &["\"arn:aws:states:eu-west-1:123456789012:stateMachine:a_B-training\""],
            &[
                "\"arn:aws:states:eu-west-1:123456789012:stateMachine:churn\"",
                "\"arn:aws:states:eu-west-1:123456789012:stateMachine:training\"",
                "\"arn:aws:states:eu-west-1:123456789012:stateMachine:churn-training:1\"",
                "\"churn-training\"",
            ],
        )
        .says("the name ends with `-training`")
        .own(TRAINING),
        text("retrain.airflow.environment", BY_AIRFLOW, 1, 80, "\"#\"")
            .and(
                "letters, digits, `_` and `-`, a letter as first character",
                &["\"A_b-1\""],
                &["\"1a\"", "\"-a\"", "\"a.b\""],
            )
            .aws(MWAA),
        text("retrain.airflow.dag", BY_AIRFLOW, 1, 31, "\"#\"")
            .named("retrain.airflow")
            .says("at most 31 characters")
            .aws(MWAA),
        values("retrain.airflow.dag", BY_AIRFLOW, &["\"a.B_c-1\""], &["\"\"", "\"a b\"", "\"a/b\""])
            .says("letters, digits, `.`, `_` and `-`")
            .own("the rule of Airflow"),
        pair("retrain.airflow", BY_AIRFLOW, "needs `[reconcile]`", &[&[Drop("reconcile")]])
            .named("retrain")
            .own("the engine sends no events, so only reconciling finds the end of a run"),
        text("retrain.codepipeline", BY_CODEPIPELINE, 9, 100, "\"#-training\"")
            .says("1 to 100 letters, digits, `.`, `@`, `_` and `-`")
            .aws(DELIVERY),
        values(
            "retrain.codepipeline",
            BY_CODEPIPELINE,
            &["\"a.B@c_d-training\""],
            &["\"churn\"", "\"training\"", "\"a b-training\""],
        )
        .says("the name ends with `-training`")
        .own(TRAINING),
    ]
}

fn kubeflow() -> Vec<Row> {
    let id = |key| {
        text(key, BY_KUBEFLOW, 1, 64, "\"#\"")
            .and("letters, digits and `-`", &["\"5B1e-7c2a\""], &["\"a b\"", "\"a/b\"", "\"a_b\""])
            .own("the form of IDs in Kubeflow")
    };
    let bundle = |length: usize| format!("\"-----BEGIN CERTIFICATE-----{}\"", "a".repeat(length - 27));
    vec![
        values(
            "retrain.kubeflow.url",
            BY_KUBEFLOW,
            &["\"https://localhost:1\"", "\"https://a.example:65535/p/q\""],
            &[
                "\"http://a.example\"",
                "\"https://a.example:0\"",
                "\"https://a.example:65536\"",
                "\"https://a.example/\"",
                "\"https://u@a.example\"",
            ],
        )
        .says("https only, without user, query or trailing slash")
        .own("the token is sent to this host only"),
        values(
            "retrain.kubeflow.url",
            BY_KUBEFLOW,
            &[&format!(
                "\"https://{}.example/{}/{}/{}\"",
                "a".repeat(63),
                "b".repeat(100),
                "c".repeat(100),
                "d".repeat(18)
            )],
            &[&format!(
                "\"https://{}.example/{}/{}/{}\"",
                "a".repeat(63),
                "b".repeat(100),
                "c".repeat(100),
                "d".repeat(19)
            )],
        )
        .says("at most 300 characters")
        .own("the policy is one item of the ledger"),
        id("retrain.kubeflow.pipeline"),
        id("retrain.kubeflow.experiment"),
        text("retrain.kubeflow.secret", BY_KUBEFLOW, 9, 256, "\"trimtab/#\"")
            .and(
                "begins with `trimtab/`",
                &["\"trimtab/a/B_+=.@-1\""],
                &["\"kubeflow\"", "\"trimtab\"", "\"trimtab/a b\""],
            )
            .own("Trimtab may read no other secret"),
        values(
            "retrain.kubeflow.ca",
            BY_KUBEFLOW,
            &[&bundle(20_000), &bundle(27)],
            &[&bundle(20_001), "\"nonsense\"", "\"\""],
        )
        .says("certificates in PEM, at most 20,000 characters")
        .named("retrain.kubeflow")
        .own("the policy is one item of the ledger"),
        pair("retrain.kubeflow", BY_KUBEFLOW, "needs `[reconcile]`", &[&[Drop("reconcile")]])
            .named("retrain")
            .own("the engine sends no events, so only reconciling finds the end of a run"),
    ]
}

fn parameters() -> Vec<Row> {
    const ALL: [&str; 7] = [
        "retrain.parameters.commit",
        "retrain.parameters.incident",
        "retrain.parameters.reason",
        "retrain.parameters.features",
        "retrain.parameters.experiment",
        "retrain.parameters.trial",
        "retrain.parameters.image",
    ];
    let of_pipelines = ALL.map(|key| {
        text(key, NAMED, 1, 256, "\"#\"")
            .and(
                "letters, digits, `_` and `-`, of a SageMaker pipeline",
                &["\"A_b-1\""],
                &["\"a b\"", "\"a.b\"", "\"a@b\""],
            )
            .named("retrain.parameters")
            .aws(PARAMETER)
    });
    let of_codepipeline = ALL.map(|key| {
        text(key, BY_CODEPIPELINE, 1, 128, "\"#\"")
            .and("letters, digits, `@`, `_` and `-`, of a CodePipeline", &["\"A@b_c-1\""], &["\"a b\"", "\"a.b\""])
            .named("retrain.parameters")
            .aws(VARIABLE)
    });
    let others = vec![
        pair(
            "retrain.parameters",
            BY_CODEPIPELINE,
            "CodePipeline needs `incident`",
            &[&[Drop("retrain.parameters.incident")], &[Drop("retrain.parameters")]],
        )
        .own("Trimtab recognizes its runs by it"),
        pair(
            "retrain.parameters",
            BY_STATES,
            "none for a state machine or a DAG",
            &[&[Add("[retrain.parameters]\ncommit = \"Commit\"")]],
        )
        .own("they receive all values under the names of the keys"),
        pair(
            "retrain.parameters",
            BY_AIRFLOW,
            "none for a state machine or a DAG",
            &[&[Add("[retrain.parameters]\ntrial = \"Trial\"")]],
        )
        .own("they receive all values under the names of the keys"),
    ];
    [of_pipelines.to_vec(), of_codepipeline.to_vec(), others].concat()
}

fn limits() -> Vec<Row> {
    vec![
        time("retrain.cool_down", BUILT, "1s", "3650d").own("the range of durations"),
        number("retrain.budget.runs", BUILT, 1, None)
            .named("retrain.budget")
            .own("to disable training, leave `[retrain]` out"),
        pair("retrain.budget", BUILT, "required", &[]).own("no policy trains without a budget"),
        time("retrain.budget.per", BUILT, "1s", "3650d").own("the range of durations"),
        number("retrain.circuit_breaker_threshold", BUILT, 1, None).own("0 would never train for drift"),
    ]
}

fn triggers() -> Vec<Row> {
    vec![
        list("retrain.alarms", BUILT, 0, Some(96), "\"alarm #\"")
            .says("at most 96: CloudWatch describes 100 at once, and `monitor` adds up to four")
            .aws(ALARMS),
        text("retrain.alarms", BUILT, 1, 255, "[\"#\"]")
            .and("no control characters", &["[\"ä b/1\"]"], &["[\"a\\nb\"]"])
            .aws(ALARM),
        list("retrain.monitors", BUILT, 0, Some(10), "\"schedule-#\"")
            .own("each reconcile makes one call for each schedule"),
        text("retrain.monitors", BUILT, 1, 63, "[\"#\"]")
            .and("letters, digits and inner `-`", &["[\"A-1\"]"], &["[\"a_b\"]", "[\"-a\"]", "[\"a-\"]"])
            .aws(SCHEDULE),
        values(
            "retrain.drift",
            BUILT,
            &["[\"data_quality\"]", "[\"model_quality\"]", "[\"bias\"]", "[\"feature_attribution\"]"],
            &["[]", "[\"data-quality\"]", "[\"drift\"]"],
        )
        .says("1 to 4 of `\"data_quality\"`, `\"model_quality\"`, `\"bias\"`, `\"feature_attribution\"`")
        .own("the kinds of drift of SageMaker's monitors"),
        time("retrain.every", TRAINED, "1h", "3650d").own("reconciling runs a few times in an hour"),
        pair("retrain.every", BUILT, "needs `[reconcile]`", &[&[set("retrain.every", "\"30d\"")]])
            .fits(&[set("retrain.every", "\"30d\""), Add("[reconcile]")])
            .own(BY_RECONCILING),
        text("retrain.feature_groups", TRAINED, 1, 64, "[\"#\"]")
            .and("letters, digits, inner `_` and `-`", &["[\"A_b-1\"]"], &["[\"_a\"]", "[\"a-\"]", "[\"a b\"]"])
            .aws(GROUP),
        pair("retrain.feature_groups", BUILT, "needs `[reconcile]`", &[&[set("retrain.feature_groups", "[\"a\"]")]])
            .fits(&[set("retrain.feature_groups", "[\"a\"]"), Add("[reconcile]")])
            .own(BY_RECONCILING),
    ]
}

fn data() -> Vec<Row> {
    let folders = |depth: usize| format!("[\"s3://churn/{}\"]", "a/".repeat(depth));
    let long = |length: usize| format!("[\"s3://churn/{}/\"]", "a".repeat(length - 1));
    vec![
        pair("retrain.data", TRAINED, "needs `[reconcile]`", &[&[Drop("reconcile")]]).own(BY_RECONCILING),
        values("retrain.data.prefixes", TRAINED, &[&folders(1), &folders(8)], &[&folders(0), &folders(9)])
            .says("folders in S3, 1 to 8 deep")
            .own("an event leads to one lookup for each folder"),
        values("retrain.data.prefixes", TRAINED, &[&long(900)], &[&long(901)])
            .says("folders of at most 900 characters")
            .own("the prefix is a key of the ledger"),
        values(
            "retrain.data.prefixes",
            TRAINED,
            &["[\"s3://abc/a/\"]", &format!("[\"s3://{}/a/\"]", "a".repeat(63))],
            &[
                "[\"s3://ab/a/\"]",
                &format!("[\"s3://{}/a/\"]", "a".repeat(64)),
                "[\"s3://Churn/a/\"]",
                "[\"s3://churn/a\"]",
                "[\"s3://churn/a//\"]",
            ],
        )
        .says("a bucket of 3 to 63 lower-case letters, digits, `.` and `-`; a trailing `/`")
        .aws("https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"),
        pair(
            "retrain.data",
            TRAINED,
            "`prefixes`, or `retrain.feature_groups`",
            &[
                &[Drop("retrain.data.prefixes"), set("retrain.data.debounce", "\"15m\"")],
                &[set("retrain.data.prefixes", "[]")],
            ],
        )
        .fits(&[set("retrain.data.prefixes", "[]"), set("retrain.feature_groups", "[\"a\"]")])
        .own("otherwise there is no data to collect"),
        time("retrain.data.debounce", TRAINED, "1m", "6h")
            .says("1m to `max_wait` (6h by default)")
            .own("objects that arrive together are one batch"),
        pair(
            "retrain.data.max_wait",
            TRAINED,
            "at least `debounce` (15m by default), at most 3650d",
            &[
                &[set("retrain.data.max_wait", "\"899s\"")],
                &[set("retrain.data.debounce", "\"2h\""), set("retrain.data.max_wait", "\"7199s\"")],
            ],
        )
        .fits(&[set("retrain.data.max_wait", "\"15m\"")])
        .fits(&[set("retrain.data.max_wait", "\"3650d\"")])
        .fits(&[set("retrain.data.debounce", "\"2h\""), set("retrain.data.max_wait", "\"2h\"")])
        .named("retrain.data.debounce")
        .own("the maximum wait includes the debounce time"),
        number("retrain.data.min_objects", TRAINED, 1, Some(100)).own("the aggregate stores a digest of each object"),
    ]
}
