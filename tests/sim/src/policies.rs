//! The policies of each flow: those of `policies/`, some with a changed line.

use std::sync::{Arc, OnceLock};

use trimtab_core::policy::monitor::Monitor;
use trimtab_core::policy::{OrganizationPolicy, Policy};

use crate::calendar;
use crate::rules::policy_text::Promised;
use crate::script::Flow;
use crate::services::Policies;

const CHURN: &str = include_str!("../../../policies/churn.toml");
const SEGMENTS: &str = include_str!("../../../policies/segments.toml");
const ORGANIZATION: &str = include_str!("../../../policies/organization.toml");

/// A shadow test of a day before the canary of `churn`.
const SHADOW: &str = "[deploy.endpoint.shadow]\npercent = 50\nduration = \"24h\"\nalarms = [\"churn-shadow-5xx\"]\n\n";

/// The policy of `churn` with one line replaced.
fn churn(line: &str, other: &str) -> String {
    CHURN.replace(line, other)
}

/// The texts of the policies that a flow needs. Each further policy costs calls at every reconcile.
fn texts(flow: Option<Flow>) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    match flow {
        Some(Flow::StepFunctions | Flow::StepFunctionsFails) => one(include_str!("../../../policies/forecast.toml")),
        Some(Flow::Airflow | Flow::AirflowFails) => one(include_str!("../../../policies/pricing.toml")),
        Some(Flow::Kubeflow) => one(include_str!("../../../policies/ranking.toml")),
        Some(Flow::CodePipelineTraining | Flow::CodePipelineTrainingStops) => one(SEGMENTS),
        Some(Flow::PipelineBuild) => one(include_str!("../../../policies/demand.toml")),
        Some(Flow::StackCreation | Flow::StackRollbackFails) => one(include_str!("../../../policies/tariffs.toml")),
        Some(Flow::BatchTransform | Flow::BatchTransformFails) => one(include_str!("../../../policies/leads.toml")),
        Some(Flow::Calendar) => one(calendar::POLICY),
        Some(Flow::Stages) => [CHURN, SEGMENTS, include_str!("../../../policies/loans.toml")].map(str::to_owned).into(),
        Some(Flow::ShadowTest | Flow::ShadowTestRejected) => {
            let canary = "[deploy.endpoint.canary]";
            vec![churn(canary, &format!("{SHADOW}{canary}"))]
        }
        // Without a definition, only the rules for builds prevent that a proposed commit is trained.
        Some(Flow::Review) => {
            let keeps = |line: &&str| !line.starts_with("definition =") && !line.starts_with("pipeline_role =");
            vec![CHURN.lines().filter(keeps).collect::<Vec<_>>().join("\n")]
        }
        Some(Flow::NotifyOnly) => vec![churn("on_rejected = \"rollback\"", "on_rejected = \"notify\"")],
        Some(Flow::Mixed) => vec![churn("runs = 4, per = \"7d\"", "runs = 3, per = \"7d\"")],
        _ => [CHURN, SEGMENTS].map(str::to_owned).into(),
    }
}

/// The policies of this flow.
pub(crate) fn of(flow: Option<Flow>) -> Arc<Policies> {
    static KNOWN: [OnceLock<Arc<Policies>>; Flow::COUNT + 1] = [const { OnceLock::new() }; Flow::COUNT + 1];
    let adjust = |monitor: &mut Monitor| (monitor.model_quality, monitor.feature_attribution) = (None, None);
    let read = || read(&texts(flow), adjust);
    KNOWN
        .get(flow.map_or(Flow::COUNT, |flow| flow as usize))
        .map_or_else(read, |known| Arc::clone(known.get_or_init(read)))
}

/// The default policies with less monitoring.
pub(crate) fn fewer() -> Arc<Policies> {
    static POLICIES: OnceLock<Arc<Policies>> = OnceLock::new();
    let less = |monitor: &mut Monitor| {
        (monitor.model_quality, monitor.feature_attribution, monitor.bias) = (None, None, None);
    };
    Arc::clone(POLICIES.get_or_init(|| read(&texts(None), less)))
}

fn read(texts: &[String], adjust: fn(&mut Monitor)) -> Arc<Policies> {
    // A verdict by policy reaches deployment; other flows cover manual verdicts.
    let by_policy = |text: &String| text.replace("on_pass = \"manual_approval\"", "on_pass = \"approve\"");
    let texts: Vec<String> = texts.iter().map(by_policy).collect();
    let mut policies = Policies { promised: Promised::read(&texts, ORGANIZATION), ..Policies::default() };
    for mut policy in texts.iter().filter_map(|text| Policy::parse("policy.toml", text).ok()) {
        policy.monitor.as_mut().map(adjust);
        policies.owners.extend(policy.keys().into_iter().map(|key| (key, policy.model.clone())));
        policies.by_model.insert(policy.model.clone(), Arc::new(policy));
    }
    policies.organization = OrganizationPolicy::parse("organization.toml", ORGANIZATION).ok().map(Arc::new);
    Arc::new(policies)
}
