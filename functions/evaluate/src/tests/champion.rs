//! The live version, with which a candidate is compared.

use trimtab_core::decimal::Decimal;

use super::*;

impl Rig {
    /// These versions, each with its recorded auc.
    fn with_versions(self, live: Option<u32>, versions: &[(u32, Approval, &str)]) -> Self {
        self.serves(live);
        for (version, approval, auc) in versions {
            self.is(*version, approval.clone());
            let metrics = [("auc".to_owned(), Decimal::parse(auc).unwrap())].into();
            self.change(*version, |package| package.metrics = metrics);
        }
        self
    }

    /// The versions with which the message compares the candidate.
    fn compared_with(&self) -> Vec<String> {
        self.evaluate(&good());
        let details = self.facts().pop().unwrap().details;
        let of_live = |(name, _): (&str, &str)| Some(name.strip_prefix("metric auc of version ")?.to_owned());
        details.iter().filter_map(of_live).collect()
    }
}

/// churn's policy, with this instead of the tables from `[deploy]` to `[evaluate]`.
fn delivered_by(deploy: &str) -> impl Fn(&str) -> String {
    move |text| {
        let (before, rest) = text.split_once("[deploy]").unwrap();
        let (_, after) = rest.split_once("[evaluate]").unwrap();
        // [monitor] requires an endpoint.
        let (evaluate, monitor) = after.split_once("[monitor]").unwrap();
        let notify = monitor.split_once("[[notify.recipients]]").unwrap().1;
        format!("{before}{deploy}\n[evaluate]{evaluate}[[notify.recipients]]{notify}")
    }
}

const PIPELINE: &str = r#"
[deploy]
on_rejected = "notify"
[deploy.pipeline]
name = "churn-delivery"
variable = "Package"
"#;

const ELSEWHERE: &str = r#"
[deploy]
on_rejected = "notify"
[[deploy.stages]]
name = "prod"
account = { role = "arn:aws:iam::210987654321:role/trimtab-stage-churn", external_id = "churn-1" }
[deploy.stages.endpoint]
name = "churn-prod"
role = "arn:aws:iam::210987654321:role/churn-endpoint"
instance_type = "ml.m5.large"
instances = 1
"#;

fn history() -> [(u32, Approval, &'static str); 5] {
    [
        (2, Approval::Approved, "0.92"),
        (3, Approval::Approved, "0.9"),
        (4, Approval::Approved, "0.915"),
        (5, Approval::Rejected, "0.99"),
        (6, Approval::Pending, "0.99"),
    ]
}

#[test]
fn candidate_is_compared_with_the_served_version() {
    let stage = stage(by_itself).with_versions(Some(3), &history());
    assert_eq!(stage.compared_with(), ["3, which is live"], "an approved version is not served yet");
}

#[test]
fn candidate_without_a_served_version_is_not_compared() {
    let stage = stage(by_itself).with_versions(None, &history());
    assert_eq!(stage.compared_with(), [""; 0]);
}

#[test]
fn served_candidate_is_not_compared_with_itself() {
    let mut versions = history().to_vec();
    versions.push((7, Approval::Pending, "0.9"));
    let stage = stage(str::to_owned).with_versions(Some(7), &versions);
    assert_eq!(stage.compared_with(), [""; 0], "an operator deployed it before it was tested");
}

#[test]
fn target_without_an_endpoint_here_uses_the_newest_approval() {
    for deploy in [PIPELINE, ELSEWHERE] {
        let stage = stage(|text| by_itself(&delivered_by(deploy)(text))).with_versions(Some(2), &history());
        assert_eq!(stage.compared_with(), ["4, which is live"], "neither rejected nor pending: {deploy}");
    }
}

#[test]
fn first_version_is_not_compared() {
    let stage = stage(|text| by_itself(&delivered_by(PIPELINE)(text)));
    assert_eq!(stage.compared_with(), [""; 0]);
}

#[test]
fn metric_outside_the_policy_is_not_in_the_message() {
    let stage = stage(str::to_owned).with_versions(Some(3), &history());
    let more = Decimal::parse("1").unwrap();
    stage.change(3, |package| package.metrics.extend([("f1".to_owned(), more)]));
    stage.evaluate(&good());
    let details = stage.facts().pop().unwrap().details;
    let names: Vec<&str> = details.iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.contains("f1")), "{names:?}");
}
