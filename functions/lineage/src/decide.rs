//! Whether a fact is written into the lineage: each once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_core::event::{Body, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::name::RunArn;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::Policy;
use trimtab_core::port::Entity;
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::text::digest;

use crate::graph::{self, Link};

/// The deciding half of `lineage`.
#[derive(Debug, Clone, Copy)]
pub struct Lineage;

/// What the ledger keeps of one fact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// When the last of it was written.
    pub written: Option<Timestamp>,
}

/// What `lineage` can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action")]
pub enum Action {
    /// Creates the action that the fact is about, or says how it stands now.
    CreateAction {
        /// The service.
        service: &'static str,
        /// The entity.
        #[serde(flatten)]
        entity: Entity,
    },
    /// Associates two entities, and creates those that are not there.
    AddAssociation {
        /// The service.
        service: &'static str,
        /// The association.
        #[serde(flatten)]
        link: Link,
    },
}

impl Decide for Lineage {
    type State = State;
    type Observed = Option<RunArn>;
    type Action = Action;
    type Done = ();

    const FUNCTION: &'static str = "lineage";

    fn subject(event: &Event) -> Subject {
        match &event.body {
            Body::Fact(fact) if is_told(fact.kind) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        match &event.body {
            Body::Fact(fact) => format!("lineage#{}", digest(&[fact.kind.as_str(), &fact.dedup_key], 32)),
            _ => "lineage#none".to_owned(),
        }
    }

    fn decide(ctx: &Context<'_, State, Self::Observed>) -> Plan<State, Action> {
        let (Body::Fact(fact), Some(policy)) = (&ctx.event.body, ctx.policy) else {
            return Plan::skip("not_concerned", "only the suite's facts about a model have a lineage");
        };
        if policy.lineage.is_none() {
            return Plan::skip("off", format!("the policy of {} has no [lineage]: this reaction is off", policy.model));
        }
        if let Some(written) = ctx.state.written {
            return Plan::skip("already_written", format!("this was written at {written}"));
        }
        let chain = graph::of(fact, policy, ctx.observed.as_ref());
        let Some(entity) = chain.action else {
            return Plan::skip(
                "no_entity",
                "the fact names no commit, run, package or watch: there is nothing to link",
            );
        };
        let reason = Reason::new("written", format!("{} on {}", fact.kind.as_str(), fact.dedup_key));
        let mut plan = Plan::only(Decision::Acted, reason);
        plan.actions = vec![Action::CreateAction { service: "sagemaker", entity }];
        plan.actions.extend(chain.links.into_iter().map(|link| Action::AddAssociation { service: "sagemaker", link }));
        plan
    }

    /// Between decided and written there is no state: the fact's retry writes it.
    fn pending_actions(_: &State, _: &Context<'_, State, Self::Observed>) -> Vec<Action> {
        Vec::new()
    }

    fn apply_outcome(state: &mut State, _: &Action, outcome: Result<(), String>, now: Timestamp) -> ActionOutcome {
        match outcome {
            Ok(()) => {
                state.written = Some(now);
                ActionOutcome::default()
            }
            Err(cause) => {
                state.written = None;
                ActionOutcome { reasons: vec![Reason::new("lineage_refused", cause)], ..ActionOutcome::default() }
            }
        }
    }
}

impl Preview for Lineage {
    fn preview(_: &Event) -> Self::Observed {
        None
    }
}

/// The facts that say something of the chain.
fn is_told(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::BuildStarted
            | FactKind::BuildFailed
            | FactKind::TrainingRequested
            | FactKind::EvaluationStarted
            | FactKind::EvaluationPassed
            | FactKind::EvaluationFailed
            | FactKind::ApprovalRequested
            | FactKind::MonitoringStarted
            | FactKind::MonitoringFailed
            | FactKind::TrainingStarted
            | FactKind::TrainingSucceeded
            | FactKind::TrainingFailed
            | FactKind::RolloutStarted
            | FactKind::RolloutSucceeded
            | FactKind::RolloutRolledBack
            | FactKind::SmokeTestFailed
            | FactKind::RolloutFailed
    )
}
