//! The table of limits, with one row for each. The bounds are those of the reference and of AWS's documentation.

mod build;
mod endpoint;
mod monitor;
mod organization;
mod retrain;
mod stages;
mod targets;

use super::row::Row;

/// The rows of a model's policy.
pub(in crate::tests) fn of_models() -> Vec<Row> {
    [build::rows(), retrain::rows(), endpoint::rows(), targets::rows(), stages::rows(), monitor::rows()].concat()
}

/// The rows of the organization's policy.
pub(in crate::tests) fn of_organization() -> Vec<Row> {
    organization::rows()
}

const NO_LIMIT_OF_ITS_OWN: &str = "any text, which AWS validates";
const SWITCH: &str = "true or false";
const TABLE_BELOW: &str = "a table: its keys have the limits";

/// Keys of a model's policy that have no limit, and why.
pub(super) const FREE: &[(&str, &str)] = &[
    ("integrate", TABLE_BELOW),
    ("integrate.image.train", SWITCH),
    ("retrain.data.cool_down", SWITCH),
    ("reconcile", TABLE_BELOW),
    ("lineage", "an empty table: it switches the reaction on"),
    ("evaluate", TABLE_BELOW),
    ("evaluate.bias_report", SWITCH),
    ("deploy.endpoint.autoscaling.schedule.timezone", NO_LIMIT_OF_ITS_OWN),
    ("deploy.stages.account.session", "derived from model and stage"),
    ("deploy.stages.pipeline", "as `deploy.pipeline`"),
    ("deploy.stages.stack", "as `deploy.stack`"),
    ("deploy.stages.transform", "as `deploy.transform`"),
];

/// Keys of the organization's policy that have no limit, and why.
pub(super) const FREE_IN_ORGANIZATION: &[(&str, &str)] = &[
    ("guard.kms", SWITCH),
    ("guard.vpc", SWITCH),
    ("guard.network_isolation", SWITCH),
    ("guard.image_digest", SWITCH),
];

const ROLES: &[&str] =
    &["\"arn:aws:iam::123456789012:role/x\"", "\"arn:aws-cn:iam::123456789012:role/service-role/x+=,.@_-\""];
const NO_ROLES: &[&str] = &[
    "\"churn\"",
    "\"arn:aws:iam::12345678901:role/x\"",
    "\"arn:aws:iam::1234567890123:role/x\"",
    "\"arn:aws:iam::123456789012:user/x\"",
    "\"arn:aws:iam::123456789012:role/\"",
    "\"arn:aws:sts::123456789012:role/x\"",
];
const ROLE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html";

const LOCATIONS: &[&str] = &["\"s3://churn\"", "\"s3://churn/a/b.csv\""];
const NO_LOCATIONS: &[&str] = &["\"churn/a\"", "\"https://churn/a\"", "\"s3://\"", "\"s3://churn/a b\""];

const KEYS: &[&str] = &["\"alias/ml\"", "\"arn:aws:kms:eu-west-1:123456789012:key/0a1b-2c3d\""];
const NO_KEYS: &[&str] = &["\"\"", "\"alias/m l\""];
