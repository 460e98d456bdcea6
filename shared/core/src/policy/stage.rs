//! `[[deploy.stages]]`: the stages that a version goes through, in order, on its way to production.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::check::{Fault, Found};
use super::deploy::{Deploy, OnRejected, PipelineTarget, Tables, Target};
use super::endpoint::EndpointTarget;
use super::length;
use super::serving::Serving;
use super::stack::StackTarget;
use super::transform::TransformTarget;
use crate::name::{RoleArn, StageName};

/// What the one stage of a policy without stages is called; a stage of this name goes on where that left off.
pub const SOLE: &str = "prod";

/// The longest that a smoke test may wait: SageMaker gives an invocation 60 s, the function has 30.
const WITHIN: SignedDuration = SignedDuration::from_secs(15);

/// The longest body of a smoke test: it stands in the policy, and that in one item of the ledger.
const BODY: usize = 8192;

/// Where a version serves on its way to production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: StageName,
    /// Whether it is the only one, in the form that has no stages: then nobody calls it by its name.
    pub sole: bool,
    /// What lets a version in that is live in the stage before. Into the first, its approval does.
    pub gate: Gate,
    /// What a rejection of the live version leads to; the same for all.
    pub on_rejected: OnRejected,
    /// By what.
    pub target: Target,
    /// The role that reaches the stage's account; absent means the account of Trimtab.
    pub account: Option<CrossAccountRole>,
    /// What a version must answer before it counts as live.
    pub smoke_test: Option<SmokeTest>,
}

/// What lets a version into a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// That it is live in the stage before.
    #[default]
    None,
    /// And a person, by `trimtab promote`.
    Manual,
    /// And its life cycle in the Model Registry: this stage, with the status `Approved`.
    Lifecycle(String),
}

/// Another account, by a role in it that the suite assumes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossAccountRole {
    /// The role.
    pub role: RoleArn,
    /// What the role asks for, so that it is not assumed for somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What the session is called: CloudTrail in that account shows it. Made of model and stage.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub session: String,
}

/// A request that the endpoint must answer with success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmokeTest {
    /// The request's body.
    pub body: String,
    /// Its content type.
    #[serde(default = "json")]
    pub content_type: String,
    /// How long the answer may take.
    #[serde(with = "length", default = "ten_seconds")]
    pub timeout: SignedDuration,
}

fn json() -> String {
    "application/json".to_owned()
}

fn ten_seconds() -> SignedDuration {
    SignedDuration::from_secs(10)
}

impl Stage {
    /// What it is called where it has to be told from others; `None` where there is one.
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
    /// The stage that an approval leads to.
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

    /// The stage of this name; the last one where there is no such stage, or none is named.
    #[must_use]
    pub fn named(&self, name: Option<&String>) -> Option<&Stage> {
        name.and_then(|name| self.stage(name)).or_else(|| self.production())
    }

    /// The stage after this one.
    #[must_use]
    pub fn after(&self, stage: &Stage) -> Option<&Stage> {
        self.stages.iter().skip_while(|other| other.name != stage.name).nth(1)
    }
}

/// A stage as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: StageName,
    #[serde(default)]
    gate: Gate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<CrossAccountRole>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    smoke_test: Option<SmokeTest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<EndpointTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stack: Option<StackTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transform: Option<TransformTarget>,
}

impl Written {
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

/// What the types cannot say of the stages together.
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

/// What must hold of a stage, the `at`th, beside those before it.
fn of(stages: &[Stage], at: usize, stage: &Stage) -> Option<Fault> {
    let before = || stages.iter().take(at);
    super::check::first([
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
            "expected an endpoint or a transform: a pipeline or a stack has its own way into another account",
        ),
        (one_account(stage), "deploy.stages.account", "expected a role in the account of what it serves with"),
        (
            external_id(stage),
            "deploy.stages.account",
            "expected an external_id of 2 to 1224 letters, digits and _+=,.@:/-",
        ),
        (
            answers(stage),
            "deploy.stages.smoke_test",
            "expected an endpoint that is not asynchronous: nothing else answers at once",
        ),
        (smoke(stage), "deploy.stages.smoke_test", "expected a body of 1 to 8192 bytes, and within at most \"15s\""),
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

fn answers(stage: &Stage) -> bool {
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

/// What InvokeEndpoint takes as a content type.
fn content_type(stage: &Stage) -> bool {
    let printable = |text: &str| text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    let fits = |text: &String| (1..=1024).contains(&text.len()) && printable(text);
    stage.smoke_test.as_ref().is_none_or(|smoke| fits(&smoke.content_type))
}
