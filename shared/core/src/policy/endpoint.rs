//! `[deploy.endpoint]`: the endpoint that the suite updates.

use serde::{Deserialize, Serialize};

use super::check::Fault;
use super::scaling::{self, Autoscaling};
use super::serving::{self, Asynchronous, Serverless, Serving};
use super::strategy::{self, Canary, Linear, Rolling, Strategy};
use super::variant_test::{self, AbTest, Shadow, VariantTest};
use crate::name::{EndpointName, RoleArn};

/// An endpoint, and how a version gets there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct EndpointTarget {
    /// The endpoint.
    pub name: EndpointName,
    /// The role that its containers run as.
    pub role: RoleArn,
    /// What serves on it.
    pub serving: Serving,
    /// How traffic moves to a new version.
    pub strategy: Strategy,
    /// What a version goes through before; absent means nothing.
    pub variant_test: Option<VariantTest>,
    /// Autoscaling; absent means none.
    pub autoscaling: Option<Autoscaling>,
}

/// The table as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: EndpointName,
    role: RoleArn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instances: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serverless: Option<Serverless>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asynchronous: Option<Asynchronous>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    canary: Option<Canary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linear: Option<Linear>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rolling: Option<Rolling>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shadow: Option<Shadow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ab_test: Option<AbTest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    autoscaling: Option<Autoscaling>,
}

impl TryFrom<Written> for EndpointTarget {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { name, role, autoscaling, .. } = written;
        let fleet = (written.instance_type, written.instances);
        let serving = Serving::of(fleet, written.serverless, written.asynchronous)?;
        let strategy = Strategy::of(written.canary, written.linear, written.rolling)?;
        let variant_test = match (written.shadow, written.ab_test) {
            (None, None) => None,
            (Some(shadow), None) => Some(VariantTest::Shadow(shadow)),
            (None, Some(ab_test)) => Some(VariantTest::AbTest(ab_test)),
            _ => return Err("expected at most one of shadow and ab_test"),
        };
        Ok(Self { name, role, serving, strategy, variant_test, autoscaling })
    }
}

impl From<EndpointTarget> for Written {
    fn from(target: EndpointTarget) -> Self {
        let mut written = Self {
            name: target.name,
            role: target.role,
            instance_type: None,
            instances: None,
            serverless: None,
            asynchronous: None,
            canary: None,
            linear: None,
            rolling: None,
            shadow: None,
            ab_test: None,
            autoscaling: target.autoscaling,
        };
        if let Some(fleet) = target.serving.fleet() {
            (written.instance_type, written.instances) = (Some(fleet.instance_type.clone()), Some(fleet.instances));
        }
        match target.serving {
            Serving::RealTime(_) => {}
            Serving::Asynchronous { answers, .. } => written.asynchronous = Some(answers),
            Serving::Serverless(serverless) => written.serverless = Some(serverless),
        }
        match target.strategy {
            Strategy::AllAtOnce => {}
            Strategy::Canary(canary) => written.canary = Some(canary),
            Strategy::Linear(linear) => written.linear = Some(linear),
            Strategy::Rolling(rolling) => written.rolling = Some(rolling),
        }
        match target.variant_test {
            None => {}
            Some(VariantTest::Shadow(shadow)) => written.shadow = Some(shadow),
            Some(VariantTest::AbTest(ab_test)) => written.ab_test = Some(ab_test),
        }
        written
    }
}

/// `looks`: whether the policy has `[reconcile]`, without which no trial ends.
pub(super) fn limits(target: &EndpointTarget, looks: bool) -> Option<Fault> {
    let instances = target.serving.fleet().map(|fleet| fleet.instances);
    let asynchronous = matches!(target.serving, Serving::Asynchronous { .. });
    serving::limits(&target.serving)
        .or_else(|| strategy::limits(&target.strategy, instances))
        .or_else(|| target.variant_test.as_ref().and_then(variant_test::limits))
        .or_else(|| together(target, looks))
        .or_else(|| target.autoscaling.as_ref().and_then(|scaling| scaling::limits(scaling, asynchronous)))
}

/// What goes together on SageMaker: [guardrails][g], [shadow variants][s].
///
/// [g]: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
/// [s]: https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html
fn together(target: &EndpointTarget, looks: bool) -> Option<Fault> {
    let serverless = matches!(target.serving, Serving::Serverless(_));
    let at_once = target.strategy == Strategy::AllAtOnce;
    let challenged = matches!(target.variant_test, Some(VariantTest::AbTest(_)));
    super::check::first([
        (
            !serverless || at_once,
            "deploy.endpoint.serverless",
            "expected no canary, linear or rolling: SageMaker moves a serverless endpoint all at once",
        ),
        (
            !serverless || target.autoscaling.is_none(),
            "deploy.endpoint.autoscaling",
            "expected none: a serverless endpoint scales by itself",
        ),
        (
            target.variant_test.is_none() || matches!(target.serving, Serving::RealTime(_)),
            "deploy.endpoint",
            "expected neither shadow nor ab_test: only a real-time endpoint on instances can have one",
        ),
        (
            !challenged || at_once,
            "deploy.endpoint.ab_test",
            "expected no canary, linear or rolling: SageMaker moves between one variant and two all at once",
        ),
        (
            target.variant_test.is_none() || looks,
            "deploy.endpoint",
            "expected a [reconcile] table: that a shadow or A/B test has served its time is found by looking",
        ),
    ])
}
