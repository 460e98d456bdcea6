//! Limits of `[deploy.endpoint]`.

use super::super::base::{AB_TESTED, BY_REQUEST, CANARIED, QUEUED, ROLLED, SCALED, SERVED, SHADOWED, STEPPED};
use super::super::row::{Base, Row, list, number, pair, set, text, time, values};
use super::super::text::Edit::{Add, Drop};
use super::{LOCATIONS, NO_LOCATIONS, NO_ROLES, ROLE, ROLES};

const NAME: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html";
const VARIANT: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html";
const SERVERLESS: &str =
    "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html";
const CLIENT: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceClientConfig.html";
const OUTPUT: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceOutputConfig.html";
const TOPIC: &str = "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html";
const ROUTING: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html";
const BATCHES: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RollingUpdatePolicy.html";
const LONGEST: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BlueGreenUpdatePolicy.html";
const ALARMS: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoRollbackConfig.html";
const TOGETHER: &str = "https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html";
const SHADOW: &str = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ShadowModeConfig.html";
const SHADOWS: &str = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html";
const SCALING: &str =
    "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html";
const TO_ZERO: &str = "https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html";
const ACTION: &str = "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html";

const A_CANARY: &str = "[deploy.endpoint.canary]\npercent = 10\nbake_time = \"10m\"\nalarms = [\"errors\"]";
const A_LINEAR: &str = "[deploy.endpoint.linear]\npercent = 50\nbake_time = \"10m\"\nalarms = [\"errors\"]";
const A_ROLLING: &str = "[deploy.endpoint.rolling]\npercent = 50\nbake_time = \"10m\"\nalarms = [\"errors\"]";
const A_SHADOW: &str = "[deploy.endpoint.shadow]\npercent = 50\nduration = \"24h\"\nalarms = [\"errors\"]\n[reconcile]";
const AN_AB_TEST: &str =
    "[deploy.endpoint.ab_test]\npercent = 50\nduration = \"24h\"\nalarms = [\"errors\"]\n[reconcile]";

pub(super) fn rows() -> Vec<Row> {
    [serving(), by_request(), queued(), strategies(), long_strategies(), variant_tests(), scaling(), schedule()]
        .concat()
}

fn serving() -> Vec<Row> {
    vec![
        text("deploy.endpoint.name", SERVED, 1, 63, "\"#\"")
            .and("letters, digits and inner `-`", &["\"A-1\""], &["\"a_b\"", "\"-a\"", "\"a-\""])
            .aws(NAME),
        values("deploy.endpoint.role", SERVED, ROLES, NO_ROLES).says("a role's ARN").aws(ROLE),
        values("deploy.endpoint.instance_type", SERVED, &["\"ml.m5.large\""], &["\"m5.large\"", "\"\""])
            .says("an instance type of SageMaker: begins with `ml.`")
            .aws(VARIANT),
        number("deploy.endpoint.instances", SERVED, 1, None).aws(VARIANT),
        pair(
            "deploy.endpoint",
            SERVED,
            "`instance_type` and `instances`, or `serverless`",
            &[
                &[Drop("deploy.endpoint.instances")],
                &[Drop("deploy.endpoint.instance_type")],
                &[Drop("deploy.endpoint.instances"), Drop("deploy.endpoint.instance_type")],
                &[set("deploy.endpoint.serverless", "{ memory_mb = 1024, max_concurrency = 1 }")],
            ],
        )
        .aws(VARIANT),
    ]
}

fn by_request() -> Vec<Row> {
    const MEMORY: &str = "deploy.endpoint.serverless.memory_mb";
    const PROVISIONED: &str = "deploy.endpoint.serverless.provisioned";
    let most = "deploy.endpoint.serverless.max_concurrency";
    let scaling = "[deploy.endpoint.autoscaling]\nmin = 1\nmax = 2\ninvocations_per_instance = 1";
    vec![
        values(
            MEMORY,
            BY_REQUEST,
            &["1024", "2048", "3072", "4096", "5120", "6144"],
            &["0", "1023", "1025", "6143", "6145", "7168"],
        )
        .says("1024 to 6144, in steps of 1024")
        .aws(SERVERLESS),
        number(most, BY_REQUEST, 1, Some(200)).aws(SERVERLESS),
        number(PROVISIONED, BY_REQUEST, 1, Some(20)).says("1 to `max_concurrency`").aws(SERVERLESS),
        pair(
            "deploy.endpoint.serverless",
            BY_REQUEST,
            "without `canary`, `linear`, `rolling`",
            &[&[Add(A_CANARY)], &[Add(A_LINEAR)], &[Add(A_ROLLING)]],
        )
        .aws(TOGETHER),
        pair("deploy.endpoint.serverless", BY_REQUEST, "without `autoscaling`", &[&[Add(scaling)]])
            .named("deploy.endpoint.autoscaling")
            .own("SageMaker scales a serverless endpoint"),
        pair(
            "deploy.endpoint.serverless",
            BY_REQUEST,
            "without `asynchronous`",
            &[&[set("deploy.endpoint.asynchronous", "{ output = \"s3://a/b\" }")]],
        )
        .named("deploy.endpoint")
        .aws(OUTPUT),
    ]
}

fn queued() -> Vec<Row> {
    let topic = |key| {
        values(
            key,
            QUEUED,
            &["\"arn:aws:sns:eu-west-1:123456789012:a.b_C-1\""],
            &["\"answers\"", "\"arn:aws:sqs:eu-west-1:123456789012:a\""],
        )
        .says("a topic's ARN")
        .aws(TOPIC)
    };
    let location = |key| values(key, QUEUED, LOCATIONS, NO_LOCATIONS).says("an S3 URI without spaces").aws(OUTPUT);
    vec![
        location("deploy.endpoint.asynchronous.output"),
        text("deploy.endpoint.asynchronous.output", QUEUED, 7, 512, "\"s3://b/#\"")
            .says("at most 512 characters")
            .aws(OUTPUT),
        location("deploy.endpoint.asynchronous.failures"),
        number("deploy.endpoint.asynchronous.max_concurrent", QUEUED, 1, Some(1000)).aws(CLIENT),
        pair(
            "deploy.endpoint.asynchronous.topics",
            QUEUED,
            "both `success` and `error`",
            &[
                &[Drop("deploy.endpoint.asynchronous.topics.error")],
                &[Drop("deploy.endpoint.asynchronous.topics.success")],
            ],
        )
        .own("SageMaker requires both topics"),
        topic("deploy.endpoint.asynchronous.topics.success"),
        topic("deploy.endpoint.asynchronous.topics.error"),
    ]
}

fn strategies() -> Vec<Row> {
    let alarms = |key, base| list(key, base, 1, Some(10), "\"alarm-#\"").aws(ALARMS);
    let one = |refused: &[&[super::super::text::Edit]]| {
        pair("deploy.endpoint", CANARIED, "at most one of `canary`, `linear`, `rolling`", refused).aws(ROUTING)
    };
    vec![
        one(&[&[Add(A_LINEAR)], &[Add(A_ROLLING)], &[Drop("deploy.endpoint.canary"), Add(A_LINEAR), Add(A_ROLLING)]]),
        number("deploy.endpoint.canary.percent", CANARIED, 1, Some(50)).aws(ROUTING),
        time("deploy.endpoint.canary.bake_time", CANARIED, "1s", "1h").aws(ROUTING),
        alarms("deploy.endpoint.canary.alarms", CANARIED),
        number("deploy.endpoint.linear.percent", STEPPED, 10, Some(50)).aws(ROUTING),
        time("deploy.endpoint.linear.bake_time", STEPPED, "1s", "1h").aws(ROUTING),
        alarms("deploy.endpoint.linear.alarms", STEPPED),
        number("deploy.endpoint.rolling.percent", ROLLED, 5, Some(50)).aws(BATCHES),
        time("deploy.endpoint.rolling.bake_time", ROLLED, "1s", "1h").aws(BATCHES),
        alarms("deploy.endpoint.rolling.alarms", ROLLED),
        number("deploy.endpoint.instances", ROLLED, 2, None)
            .says("at least 2 with `rolling`")
            .own("a batch is at most half of the instances"),
    ]
}

/// SageMaker gives up a deployment after eight hours; one hour remains for starting instances.
fn long_strategies() -> Vec<Row> {
    let within =
        |key: &'static str, base: Base, percent: &'static str, fits: [(&str, &str); 3], breaks: [(&str, &str); 3]| {
            let edits = |(share, wait): (&str, &str)| vec![set(percent, share), set(key, format!("\"{wait}\""))];
            let mut row = pair(key, base, "all steps or batches within 7h", &[]).aws(LONGEST);
            row.accepted.extend(fits.map(edits));
            row.refused.extend(breaks.map(edits));
            row
        };
    vec![
        // 10 steps of 42m, 7 of 1h (the last is the rest of 15 %), 8 of 52m30s: seven hours each.
        within(
            "deploy.endpoint.linear.bake_time",
            STEPPED,
            "deploy.endpoint.linear.percent",
            [("10", "42m"), ("15", "1h"), ("13", "3150s")],
            [("10", "2521s"), ("14", "3151s"), ("13", "3151s")],
        ),
        within(
            "deploy.endpoint.rolling.bake_time",
            ROLLED,
            "deploy.endpoint.rolling.percent",
            [("5", "21m"), ("15", "1h"), ("13", "3150s")],
            [("5", "1261s"), ("14", "3151s"), ("13", "3151s")],
        ),
    ]
}

fn variant_tests() -> Vec<Row> {
    let alarms = |key, base| {
        list(key, base, 1, Some(10), "\"alarm-#\"").own("without one, nothing ends the test before its time")
    };
    let both = [Add(AN_AB_TEST)];
    let mut rows = vec![
        number("deploy.endpoint.shadow.percent", SHADOWED, 1, Some(100)).aws(SHADOW),
        time("deploy.endpoint.shadow.duration", SHADOWED, "1s", "3650d").own("the range of durations"),
        alarms("deploy.endpoint.shadow.alarms", SHADOWED),
        number("deploy.endpoint.ab_test.percent", AB_TESTED, 1, Some(50)).own("the live version serves at least half"),
        time("deploy.endpoint.ab_test.duration", AB_TESTED, "1s", "3650d").own("the range of durations"),
        alarms("deploy.endpoint.ab_test.alarms", AB_TESTED),
        pair(
            "deploy.endpoint",
            SHADOWED,
            "at most one of `shadow` and `ab_test`",
            &[&[Drop("reconcile"), both[0].clone()]],
        )
        .own("one version is tested at a time"),
        pair(
            "deploy.endpoint.ab_test",
            AB_TESTED,
            "without `canary`, `linear`, `rolling`",
            &[&[Add(A_CANARY)], &[Add(A_LINEAR)], &[Add(A_ROLLING)]],
        )
        .aws(TOGETHER),
        pair("deploy.endpoint.shadow", SHADOWED, "with `canary`, `linear` or `rolling`, or none", &[])
            .fits(&[Add(A_CANARY)])
            .fits(&[Add(A_LINEAR)])
            .fits(&[Add(A_ROLLING)])
            .own("after the shadow test, the version is deployed by its strategy"),
    ];
    for (key, base, test) in
        [("deploy.endpoint.shadow", SHADOWED, A_SHADOW), ("deploy.endpoint.ab_test", AB_TESTED, AN_AB_TEST)]
    {
        let named = "deploy.endpoint";
        rows.push(
            pair(key, base, "needs `[reconcile]`", &[&[Drop("reconcile")]])
                .named(named)
                .own("only reconciling finds the end of the test"),
        );
        rows.push(pair(key, BY_REQUEST, "without `serverless`", &[&[Add(test)]]).named(named).aws(SHADOWS));
        rows.push(pair(key, QUEUED, "without `asynchronous`", &[&[Add(test)]]).named(named).aws(SHADOWS));
    }
    rows
}

fn scaling() -> Vec<Row> {
    const MIN: &str = "deploy.endpoint.autoscaling.min";
    const MAX: &str = "deploy.endpoint.autoscaling.max";
    const INVOCATIONS: &str = "deploy.endpoint.autoscaling.invocations_per_instance";
    const BACKLOG: &str = "deploy.endpoint.autoscaling.backlog_per_instance";
    vec![
        number(MIN, SCALED, 1, Some(4)).says("1 to `max`").aws(SCALING),
        number(MIN, QUEUED, 0, Some(4)).says("0 to `max` for an asynchronous endpoint").aws(TO_ZERO),
        values(MAX, SCALED, &["2"], &["1", "0"]).says("at least `min`").named(MIN).aws(SCALING),
        pair(MAX, QUEUED, "at least 1", &[&[set(MIN, "0"), set(MAX, "0")]])
            .fits(&[set(MIN, "0"), set(MAX, "1")])
            .named(MIN)
            .own("an endpoint without instances serves nothing"),
        number(INVOCATIONS, SCALED, 1, None).own("target tracking needs a target"),
        number(BACKLOG, QUEUED, 1, None).own("target tracking needs a target"),
        pair(
            "deploy.endpoint.autoscaling",
            SCALED,
            "exactly one of `invocations_per_instance` and `backlog_per_instance`",
            &[&[Drop(INVOCATIONS)], &[set(BACKLOG, "1")]],
        )
        .own("target tracking follows one metric"),
        pair(
            "deploy.endpoint.autoscaling",
            SCALED,
            "`invocations_per_instance` for a real-time endpoint",
            &[&[Drop(INVOCATIONS), set(BACKLOG, "1")]],
        )
        .aws(TO_ZERO),
        pair(
            "deploy.endpoint.autoscaling",
            QUEUED,
            "`backlog_per_instance` for an asynchronous endpoint",
            &[&[Drop(BACKLOG), set(INVOCATIONS, "1")]],
        )
        .aws(TO_ZERO),
    ]
}

fn schedule() -> Vec<Row> {
    const TABLE: &str = "deploy.endpoint.autoscaling.schedule";
    const MIN: &str = "deploy.endpoint.autoscaling.schedule.min";
    const MAX: &str = "deploy.endpoint.autoscaling.schedule.max";
    const ANOTHER: &str =
        "[[deploy.endpoint.autoscaling.schedule]]\nname = \"night\"\nat = \"rate(1 day)\"\nmin = 1\nmax = 1";
    const A_SECOND: &str =
        "[[deploy.endpoint.autoscaling.schedule]]\nname = \"day\"\nat = \"rate(1 day)\"\nmin = 1\nmax = 1";
    vec![
        text("deploy.endpoint.autoscaling.schedule.name", SCALED, 1, 40, "\"#\"")
            .and("letters, digits, `-` and `_`", &["\"A_b-1\""], &["\"a b\"", "\"a/b\"", "\"a:b\""])
            .named(TABLE)
            .own("the name of the scheduled action contains it"),
        pair(TABLE, SCALED, "each name once", &[&[Add(ANOTHER)]])
            .fits(&[Add(A_SECOND)])
            .own("the second would replace the first"),
        values(
            "deploy.endpoint.autoscaling.schedule.at",
            SCALED,
            &["\"cron(0 8 ? * MON-FRI *)\"", "\"rate(1 day)\"", "\"at(2026-12-01T08:00:00)\""],
            &["\"tomorrow\"", "\"0 8 ? * MON-FRI *\"", "\"cron(0 8 ? * MON-FRI *\"", "\"every(1 day)\"", "\"\""],
        )
        .says("a time such as `cron(0 8 ? * MON-FRI *)`, `rate(1 day)` or `at(2026-12-01T08:00:00)`")
        .named(TABLE)
        .aws(ACTION),
        number(MIN, SCALED, 1, Some(4)).says("1 to `max`").named(TABLE).aws(SCALING),
        number(MIN, QUEUED, 0, Some(4)).says("0 to `max` for an asynchronous endpoint").named(TABLE).aws(TO_ZERO),
        values(MAX, SCALED, &["2"], &["1", "0"]).says("at least `min`").named(TABLE).aws(SCALING),
        pair(MAX, QUEUED, "at least 1", &[&[set(MIN, "0"), set(MAX, "0")]])
            .fits(&[set(MIN, "0"), set(MAX, "1")])
            .named(TABLE)
            .own("an endpoint without instances serves nothing"),
    ]
}
