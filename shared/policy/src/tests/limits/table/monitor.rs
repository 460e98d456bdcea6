//! Limits of `[monitor]`.

use super::super::base::{BY_REQUEST, DEPLOYED_BY_PIPELINE, MONITORED, SERVED};
use super::super::row::{Base, Row, list, number, pair, set, text, time, values};
use super::super::text::Edit::{Add, Drop};
use super::{KEYS, LOCATIONS, NO_KEYS, NO_LOCATIONS, NO_ROLES, ROLE, ROLES};

const IMAGE: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataQualityAppSpecification.html";
const CLUSTER: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MonitoringClusterConfig.html";
const CAPTURE: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataCaptureConfig.html";
const SCHEDULE: &str = "https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-schedule-expression.html";
const NETWORK: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VpcConfig.html";
const OUTPUT: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MonitoringS3Output.html";
const KMS: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MonitoringOutputConfig.html";
const ALARM: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html";
const PROBLEM: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelQualityAppSpecification.html";
const WORD: &str = "the name or a dimension of a metric contains it";

const A_MONITOR: &str = "[monitor]
role = \"arn:aws:iam::123456789012:role/x\"
instance_type = \"ml.m5.xlarge\"
output = \"s3://a/b\"
images = { analyzer = \"x\" }
capture = { percent = 1, destination = \"s3://a/c\" }";

pub(super) fn rows() -> Vec<Row> {
    [jobs(), network(), times(), data_quality(), model_quality(), bias(), attribution()].concat()
}

fn location(key: &'static str) -> Row {
    values(key, MONITORED, LOCATIONS, NO_LOCATIONS).says("an S3 URI without spaces").aws(OUTPUT)
}

/// A word of 1 to 100 characters; the fault names its table.
fn word(key: &'static str, table: &'static str) -> Row {
    text(key, MONITORED, 1, 100, "\"#\"")
        .and("printable ASCII", &["\"a B/1\""], &["\"ä\"", "\"a\\nb\""])
        .named(table)
        .own(WORD)
}

fn bounds(table: &'static str, least: &'static str, most: &'static str, has: &'static str) -> [Row; 3] {
    let (other, value) = if has == least { (most, "0.9") } else { (least, "0.1") };
    let number = |key: &'static str| {
        let swap = [Drop(has), set(key, "1e12")];
        let beyond = [Drop(has), set(key, "1.1e12")];
        pair(key, MONITORED, "-1e12 to 1e12, to six decimals", &[&beyond]).fits(&swap).own("no metric is larger")
    };
    let one = pair(least, MONITORED, "exactly one of `at_least` and `at_most`", &[&[Drop(has)], &[set(other, value)]]);
    [one.named(table).own("the key also states in which direction a change is drift"), number(least), number(most)]
}

fn jobs() -> Vec<Row> {
    let image = |key| {
        text(key, MONITORED, 1, 255, "\"#\"")
            .and("no blanks", &[], &["\"a b\"", "\"a\\tb\""])
            .named("monitor.images")
            .aws(IMAGE)
    };
    vec![
        pair("monitor", SERVED, "needs `[deploy.endpoint]`, in this account", &[&[Add(A_MONITOR), Drop("deploy")]])
            .fits(&[Add(A_MONITOR)])
            .own("the endpoint is monitored"),
        pair("monitor", DEPLOYED_BY_PIPELINE, "needs `[deploy.endpoint]`", &[&[Add(A_MONITOR)]])
            .own("the endpoint is monitored"),
        pair("monitor", BY_REQUEST, "no `serverless` endpoint", &[&[Add(A_MONITOR)]])
            .aws("https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html"),
        values("monitor.role", MONITORED, ROLES, NO_ROLES).says("a role's ARN").aws(ROLE),
        values("monitor.instance_type", MONITORED, &["\"ml.m5.xlarge\""], &["\"m5.xlarge\"", "\"\""])
            .says("an instance type of SageMaker: begins with `ml.`")
            .aws(CLUSTER),
        location("monitor.output"),
        location("monitor.baseline"),
        values("monitor.kms_key", MONITORED, KEYS, NO_KEYS).says("a key's id, alias or ARN").aws(KMS),
        image("monitor.images.analyzer"),
        image("monitor.images.clarify"),
        pair(
            "monitor.images.clarify",
            MONITORED,
            "required by `bias` and `feature_attribution`",
            &[
                &[Drop("monitor.images.clarify")],
                &[Drop("monitor.images.clarify"), Drop("monitor.bias")],
                &[Drop("monitor.images.clarify"), Drop("monitor.feature_attribution")],
            ],
        )
        .fits(&[Drop("monitor.images.clarify"), Drop("monitor.bias"), Drop("monitor.feature_attribution")])
        .named("monitor.images")
        .own("Clarify computes both"),
        number("monitor.capture.percent", MONITORED, 1, Some(100)).named("monitor.capture").aws(CAPTURE),
        location("monitor.capture.destination"),
        values("monitor.capture.kms_key", MONITORED, KEYS, NO_KEYS).says("a key's id, alias or ARN").aws(CAPTURE),
    ]
}

fn network() -> Vec<Row> {
    let table = "monitor.network";
    let id = |key: &'static str| {
        text(key, MONITORED, 1, 32, "[\"#\"]")
            .and("letters, digits and `-`", &["[\"sg-0A\"]"], &["[\"a b\"]", "[\"a_b\"]"])
            .named(table)
            .aws(NETWORK)
    };
    vec![
        list("monitor.network.subnets", MONITORED, 1, Some(16), "\"subnet-#\"").named(table).aws(NETWORK),
        id("monitor.network.subnets"),
        list("monitor.network.security_groups", MONITORED, 1, Some(5), "\"sg-#\"").named(table).aws(NETWORK),
        id("monitor.network.security_groups"),
    ]
}

fn times() -> Vec<Row> {
    const EVERY: &[&str] =
        &["\"1h\"", "\"2h\"", "\"3h\"", "\"4h\"", "\"6h\"", "\"8h\"", "\"12h\"", "\"24h\"", "\"1d\"", "\"60m\""];
    const NEVER: &[&str] =
        &["\"5h\"", "\"7h\"", "\"23h\"", "\"25h\"", "\"59m\"", "\"61m\"", "\"3599s\"", "\"3601s\"", "\"2d\""];
    vec![
        values("monitor.every", MONITORED, EVERY, NEVER).says("1h, 2h, 3h, 4h, 6h, 8h, 12h or 24h").aws(SCHEDULE),
        time("monitor.label_delay", MONITORED, "1h", "30d").own("labels that arrive later are not analyzed"),
        values("monitor.label_delay", MONITORED, &["\"60m\"", "\"25h\""], &["\"90m\"", "\"30m\"", "\"43199m\""])
            .says("whole hours")
            .own("a schedule analyzes whole hours"),
    ]
}

fn data_quality() -> Vec<Row> {
    let table = "monitor.data_quality";
    vec![
        list("monitor.data_quality.features", MONITORED, 1, Some(10), "\"f#\"").named(table).aws(ALARM),
        text("monitor.data_quality.features", MONITORED, 1, 100, "[\"#\"]")
            .and("printable ASCII", &["[\"a B/1\"]"], &["[\"ä\"]", "[\"a\\nb\"]", "[\"a\", \"\"]"])
            .named(table)
            .own(WORD),
        values("monitor.data_quality.at_most", MONITORED, &["0", "1e12"], &["1.1e12", "nan"])
            .says("-1e12 to 1e12, to six decimals")
            .own("no metric is larger"),
        pair(
            "monitor.data_quality",
            MONITORED,
            "`features` and `at_most`",
            &[&[Drop("monitor.data_quality.at_most")], &[Drop("monitor.data_quality.features")]],
        )
        .own("the alarm needs both"),
    ]
}

fn model_quality() -> Vec<Row> {
    const TABLE: &str = "monitor.model_quality";
    let mut rows = vec![
        values(
            "monitor.model_quality.problem",
            MONITORED,
            &["\"BinaryClassification\"", "\"MulticlassClassification\"", "\"Regression\""],
            &["\"binary\"", "\"Clustering\""],
        )
        .aws(PROBLEM),
        location("monitor.model_quality.ground_truth"),
        location("monitor.model_quality.baseline"),
        word("monitor.model_quality.metric", TABLE),
        word("monitor.model_quality.inference", TABLE),
        word("monitor.model_quality.label", TABLE),
        word("monitor.model_quality.prediction", TABLE),
    ];
    let (least, most) = ("monitor.model_quality.at_least", "monitor.model_quality.at_most");
    rows.extend(bounds(TABLE, least, most, least));
    rows.push(of_kind(TABLE));
    rows
}

fn bias() -> Vec<Row> {
    const TABLE: &str = "monitor.bias";
    let mut rows = vec![
        location("monitor.bias.config"),
        location("monitor.bias.ground_truth"),
        values(
            "monitor.bias.stage",
            MONITORED,
            &["\"pre-training\"", "\"post-training\""],
            &["\"training\"", "\"Post-training\""],
        )
        .own("the two kinds of Clarify"),
        word("monitor.bias.metric", TABLE),
        word("monitor.bias.label", TABLE),
        word("monitor.bias.label_value", TABLE),
        word("monitor.bias.facet", TABLE),
        word("monitor.bias.facet_value", TABLE),
    ];
    let (least, most) = ("monitor.bias.at_least", "monitor.bias.at_most");
    rows.extend(bounds(TABLE, least, most, most));
    rows.push(of_kind(TABLE));
    rows
}

fn attribution() -> Vec<Row> {
    const TABLE: &str = "monitor.feature_attribution";
    let mut rows = vec![
        location("monitor.feature_attribution.config"),
        word("monitor.feature_attribution.feature", TABLE),
        word("monitor.feature_attribution.label", TABLE),
    ];
    let (least, most) = ("monitor.feature_attribution.at_least", "monitor.feature_attribution.at_most");
    rows.extend(bounds(TABLE, least, most, least));
    rows.push(of_kind(TABLE));
    rows
}

/// A kind of drift without a table is not monitored.
fn of_kind(table: &'static str) -> Row {
    const BASE: Base = MONITORED;
    pair(table, BASE, "may be left out", &[]).fits(&[Drop(table)]).own("each kind of drift is monitored separately")
}
