//! `[deploy.endpoint]`: an endpoint that Trimtab updates.

use serde::{Deserialize, Serialize};

use super::scaling::{self, Autoscaling};
use super::serving::{self, Asynchronous, Serverless, Serving};
use super::strategy::{self, Canary, Linear, Rolling, Strategy};
use super::validate::Fault;
use super::variant_test::{self, AbTest, Shadow, VariantTest};
use trimtab_names::name::{EndpointName, RoleArn};

/// An endpoint, and how a version is deployed to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "EndpointToml", into = "EndpointToml")]
pub struct EndpointTarget {
    /// The endpoint.
    pub name: EndpointName,
    /// The execution role of the containers.
    pub role: RoleArn,
    /// The compute that serves the version.
    pub serving: Serving,
    /// How SageMaker moves the traffic to a new version.
    pub strategy: Strategy,
    /// The test of a version before the update; absent means none.
    pub variant_test: Option<VariantTest>,
    /// Autoscaling; absent means none.
    pub autoscaling: Option<Autoscaling>,
}

/// `[deploy.endpoint]` in TOML.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct EndpointToml {
    /// The endpoint. Trimtab creates it with the first approved version, and updates it with the next ones.
    name: EndpointName,
    /// The execution role of the model's containers.
    role: RoleArn,
    /// The instance type, such as `"ml.m5.large"`. Write `instance_type` and `instances`, or `serverless`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance_type: Option<String>,
    /// The number of instances with which an update starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instances: Option<u32>,
    /// Serverless inference instead of instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serverless: Option<Serverless>,
    /// Asynchronous inference on the instances: requests are queued, and responses are written to S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asynchronous: Option<Asynchronous>,
    /// A canary: part of the traffic moves first, and the rest after the bake time. Without `canary`, `linear` and
    /// `rolling`, all traffic moves at once and no alarm rolls back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    canary: Option<Canary>,
    /// A linear update: the traffic moves in equal steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linear: Option<Linear>,
    /// A rolling update: the instances are replaced in batches, without a second fleet of full size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rolling: Option<Rolling>,
    /// A shadow test before the update: the version receives mirrored traffic, and its responses are discarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shadow: Option<Shadow>,
    /// An A/B test before the update: the version serves part of the traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ab_test: Option<AbTest>,
    /// Autoscaling of the instances. Without this table, Trimtab leaves the scaling of the endpoint as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    autoscaling: Option<Autoscaling>,
}

impl TryFrom<EndpointToml> for EndpointTarget {
    type Error = &'static str;
    fn try_from(written: EndpointToml) -> Result<Self, Self::Error> {
        let EndpointToml { name, role, autoscaling, .. } = written;
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

impl From<EndpointTarget> for EndpointToml {
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

/// `reconciled`: whether the policy has `[reconcile]`, without which no variant test ends.
pub(super) fn limits(target: &EndpointTarget, reconciled: bool) -> Option<Fault> {
    let instances = target.serving.fleet().map(|fleet| fleet.instances);
    let asynchronous = matches!(target.serving, Serving::Asynchronous { .. });
    serving::limits(&target.serving)
        .or_else(|| strategy::limits(&target.strategy, instances))
        .or_else(|| target.variant_test.as_ref().and_then(variant_test::limits))
        .or_else(|| together(target, reconciled))
        .or_else(|| target.autoscaling.as_ref().and_then(|scaling| scaling::limits(scaling, asynchronous)))
}

/// Refuses combinations that SageMaker refuses: [guardrails][g], [shadow variants][s].
///
/// [g]: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
/// [s]: https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html
fn together(target: &EndpointTarget, reconciled: bool) -> Option<Fault> {
    let serverless = matches!(target.serving, Serving::Serverless(_));
    let at_once = target.strategy == Strategy::AllAtOnce;
    let challenged = matches!(target.variant_test, Some(VariantTest::AbTest(_)));
    super::validate::first([
        (
            !serverless || at_once,
            "deploy.endpoint.serverless",
            "expected no canary, linear or rolling: SageMaker moves a serverless endpoint all at once",
        ),
        (
            !serverless || target.autoscaling.is_none(),
            "deploy.endpoint.autoscaling",
            "expected none: SageMaker scales a serverless endpoint",
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
            target.variant_test.is_none() || reconciled,
            "deploy.endpoint",
            "expected a [reconcile] table: only reconciling finds that a shadow or A/B test has ended",
        ),
    ])
}
