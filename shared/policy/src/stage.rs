//! `[[deploy.stages]]`: the stages of a version, in order; the last is production.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::deploy::{Deploy, OnRejected, PipelineTarget, Tables, Target};
use super::duration;
use super::endpoint::EndpointTarget;
use super::serving::Serving;
use super::stack::StackTarget;
use super::transform::TransformTarget;
use super::validate::{Fault, Found};
use trimtab_names::name::{RoleArn, StageName};

/// The name of the only stage of a policy without stages. If a policy gets stages later, the stage of this name
/// continues the rollouts and the history of the only stage.
pub const SOLE: &str = "prod";

/// The longest timeout of a smoke test: the function has 30 s, and SageMaker gives an invocation 60.
const WITHIN: SignedDuration = SignedDuration::from_secs(15);

/// The longest body of a smoke test in bytes: the whole policy is one item of the ledger.
const BODY: usize = 8192;

/// One deployment target of a model, with its gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The name, unique within the policy.
    pub name: StageName,
    /// Whether the policy has no stages; messages then omit the name.
    pub sole: bool,
    /// The condition for a version that is live in the previous stage. A version enters the first stage when approved.
    pub gate: Gate,
    /// The reaction to the rejection of the live version; the same for all stages.
    pub on_rejected: OnRejected,
    /// The deployment target.
    pub target: Target,
    /// The role that reaches the stage's account; absent means the account of Trimtab.
    pub account: Option<CrossAccountRole>,
    /// The request to which the endpoint must respond before the version is live.
    pub smoke_test: Option<SmokeTest>,
}

/// The condition under which a version enters a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The version is live in the previous stage.
    #[default]
    None,
    /// An operator also promotes it with `trimtab promote`.
    Manual,
    /// Its life cycle in the Model Registry also has this stage with the status `Approved`.
    Lifecycle(String),
}

/// The role by which Trimtab reaches another account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CrossAccountRole {
    /// The role in the account of the stage, which Trimtab assumes.
    pub role: RoleArn,
    /// The external ID that the role's trust policy requires, which prevents others from using the role through Trimtab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name of the session, derived from model and stage, which CloudTrail shows in that account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(test, schemars(skip))]
    pub session: String,
}

/// A request to which the endpoint must respond with success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SmokeTest {
    /// The body of the request.
    pub body: String,
    /// The content type of the body.
    #[serde(default = "json")]
    pub content_type: String,
    /// The longest time for the response.
    #[serde(with = "duration", default = "ten_seconds")]
    #[cfg_attr(test, schemars(with = "duration::Text"))]
    pub timeout: SignedDuration,
}

fn json() -> String {
    "application/json".to_owned()
}

fn ten_seconds() -> SignedDuration {
    SignedDuration::from_secs(10)
}

impl Stage {
    /// The name for messages; `None` if the policy has no stages.
    #[must_use]
    pub fn label(&self) -> Option<&StageName> {
        (!self.sole).then_some(&self.name)
    }

    /// The ID of the stage's account, as far as the policy has a role in it.
    #[must_use]
    pub fn account_id(&self) -> Option<&str> {
        let role = match (&self.account, &self.target) {
            (Some(account), _) => &account.role,
            (None, Target::Endpoint(target)) => &target.role,
            (None, Target::Transform(target)) => &target.role,
            (None, Target::Pipeline(_) | Target::Stack(_)) => return None,
        };
        Some(role.account())
    }
}

impl Deploy {
    /// The stage that an approved version enters.
    #[must_use]
    pub fn first(&self) -> Option<&Stage> {
        self.stages.first()
    }

    /// The last stage.
    #[must_use]
    pub fn production(&self) -> Option<&Stage> {
        self.stages.last()
    }

    /// The stage of this name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name.as_str() == name)
    }

    /// The stage of this name; production if the name is missing or unknown.
    #[must_use]
    pub fn named(&self, name: Option<&StageName>) -> Option<&Stage> {
        name.and_then(|name| self.stage(name.as_str())).or_else(|| self.production())
    }

    /// The next stage; `None` for production.
    #[must_use]
    pub fn after(&self, stage: &Stage) -> Option<&Stage> {
        self.stages.iter().skip_while(|other| other.name != stage.name).nth(1)
    }
}

/// A stage in TOML.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct StageToml {
    /// The name of the stage. Messages and `trimtab promote` use it.
    name: StageName,
    /// The condition for a version that is live in the previous stage: `"none"`, `"manual"` for `trimtab promote`, or
    /// `{ lifecycle = "Staging" }` for a stage of its life cycle in the Model Registry with the status `Approved`.
    #[serde(default)]
    gate: Gate,
    /// The role by which Trimtab deploys in another account. Without it, the stage is in the account of Trimtab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<CrossAccountRole>,
    /// A request to which the endpoint must respond with success before the version is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    smoke_test: Option<SmokeTest>,
    /// An endpoint, as in `[deploy.endpoint]`. Write exactly one of `endpoint`, `pipeline`, `stack` and `transform`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<EndpointTarget>,
    /// A CodePipeline pipeline, as in `[deploy.pipeline]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineTarget>,
    /// A CloudFormation stack, as in `[deploy.stack]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stack: Option<StackTarget>,
    /// Batch transform jobs, as in `[deploy.transform]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transform: Option<TransformTarget>,
}

impl StageToml {
    pub(super) fn read(self, on_rejected: OnRejected) -> Result<Stage, &'static str> {
        let Self { name, gate, account, smoke_test, endpoint, pipeline, stack, transform } = self;
        let target = Tables { endpoint, pipeline, stack, transform }.target()?;
        Ok(Stage { name, sole: false, gate, on_rejected, target, account, smoke_test })
    }

    pub(super) fn of(stage: Stage) -> Self {
        let Stage { name, gate, account, smoke_test, target, .. } = stage;
        let Tables { endpoint, pipeline, stack, transform } = target.into();
        Self { name, gate, account, smoke_test, endpoint, pipeline, stack, transform }
    }
}

/// Validates the rules that span several stages.
pub(super) fn limits(stages: &[Stage]) -> Option<Found> {
    if stages.is_empty() {
        return Some((None, ("deploy.stages", "expected at least one stage")));
    }
    let mut all = stages.iter().enumerate();
    all.find_map(|(at, stage)| of(stages, at, stage).map(|fault| (Some(at), fault)))
}

/// The endpoint or transform of a stage, by its kind, name and account.
fn resource(stage: &Stage) -> Option<(&'static str, &str, Option<&str>)> {
    match &stage.target {
        Target::Endpoint(target) => Some(("endpoint", target.name.as_str(), stage.account_id())),
        Target::Transform(target) => Some(("transform", target.name.as_str(), stage.account_id())),
        Target::Pipeline(_) | Target::Stack(_) => None,
    }
}

/// Validates the stage at index `at` against the stages before it.
fn of(stages: &[Stage], at: usize, stage: &Stage) -> Option<Fault> {
    let before = || stages.iter().take(at);
    super::validate::first([
        (before().all(|other| other.name != stage.name), "deploy.stages.name", "expected another name for each stage"),
        (
            resource(stage).is_none_or(|own| before().all(|other| resource(other) != Some(own))),
            "deploy.stages.endpoint.name",
            "expected another endpoint or transform for each stage of one account",
        ),
        (
            stage.gate == Gate::None || at > 0,
            "deploy.stages.gate",
            "expected none for the first stage: its gate is the approval",
        ),
        (
            gate(stage),
            "deploy.stages.gate",
            "expected \"none\", \"manual\" or { lifecycle = \"STAGE\" }: 1 to 63 letters, digits and inner hyphens",
        ),
        (
            stage.account.is_none() || matches!(stage.target, Target::Endpoint(_) | Target::Transform(_)),
            "deploy.stages.account",
            "expected an endpoint or a transform: a pipeline and a stack reach another account by their own roles",
        ),
        (
            one_account(stage),
            "deploy.stages.account",
            "expected a role in the account of the endpoint's or the transform's role",
        ),
        (
            external_id(stage),
            "deploy.stages.account",
            "expected an external_id of 2 to 1224 letters, digits and _+=,.@:/-",
        ),
        (
            responds(stage),
            "deploy.stages.smoke_test",
            "expected an endpoint that is not asynchronous: other targets send no response",
        ),
        (
            smoke(stage),
            "deploy.stages.smoke_test",
            "expected a body of 1 to 8192 bytes, and a timeout of at most \"15s\"",
        ),
        (
            content_type(stage),
            "deploy.stages.smoke_test",
            "expected a content_type such as \"text/csv\", up to 1024 characters",
        ),
    ])
}

fn gate(stage: &Stage) -> bool {
    let word =
        |name: &str| (1..=63).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let inner = |name: &str| !name.starts_with('-') && !name.ends_with('-');
    match &stage.gate {
        Gate::Lifecycle(name) => word(name) && inner(name),
        Gate::None | Gate::Manual => true,
    }
}

fn responds(stage: &Stage) -> bool {
    let at_once = |target: &EndpointTarget| !matches!(target.serving, Serving::Asynchronous { .. });
    stage.smoke_test.is_none() || matches!(&stage.target, Target::Endpoint(target) if at_once(target))
}

fn one_account(stage: &Stage) -> bool {
    let role = match &stage.target {
        Target::Endpoint(target) => &target.role,
        Target::Transform(target) => &target.role,
        Target::Pipeline(_) | Target::Stack(_) => return true,
    };
    stage.account.as_ref().is_none_or(|account| account.role.account() == role.account())
}

fn external_id(stage: &Stage) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    let id = stage.account.as_ref().and_then(|account| account.external_id.as_ref());
    id.is_none_or(|id| (2..=1224).contains(&id.len()) && id.chars().all(allowed))
}

fn smoke(stage: &Stage) -> bool {
    stage.smoke_test.as_ref().is_none_or(|smoke| (1..=BODY).contains(&smoke.body.len()) && smoke.timeout <= WITHIN)
}

/// Whether `InvokeEndpoint` accepts the content type.
fn content_type(stage: &Stage) -> bool {
    let printable = |text: &str| text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    let fits = |text: &String| (1..=1024).contains(&text.len()) && printable(text);
    stage.smoke_test.as_ref().is_none_or(|smoke| fits(&smoke.content_type))
}
