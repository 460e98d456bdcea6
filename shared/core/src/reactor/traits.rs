//! The two parts of a function: the planner, which is pure, and the executor, which calls AWS.

use super::reason::Code;
use std::future::Future;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::event::Event;
use crate::fact::Fact;
use crate::name::ModelName;
use crate::plan::{Decision, Plan, Reason};
use crate::policy::{Key, OrganizationPolicy, Policy};
use crate::port::PortResult;

/// The policy that an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The policy of the model that owns this key. Without an owner, the event fails.
    Key(Key),
    /// The policy of the model that owns the first owned key. Without an owner, the event is skipped, with no history entry.
    Keys(Vec<Key>),
    /// The key must be looked up through AWS ([`Act::look_up`]). Without an owner, the event is skipped, with no history entry.
    Lookup,
    /// The policy of this model, which a fact names.
    Model(ModelName),
    /// The organization's policy. If it does not enable the function, the event is skipped, with no history entry.
    Organization,
    /// No policy: the event concerns no single model.
    Platform,
    /// The event does not concern the function.
    None,
}

/// Everything that a decision may depend on.
#[derive(Debug)]
pub struct Context<'a, S, O> {
    /// The event.
    pub event: &'a Event,
    /// The model's policy, for an event of a model.
    pub policy: Option<&'a Policy>,
    /// The organization's policy, for [`Subject::Organization`].
    pub organization: Option<&'a OrganizationPolicy>,
    /// The state of the aggregate.
    pub state: &'a S,
    /// What AWS reports.
    pub observed: &'a O,
    /// The time of the decision.
    pub now: Timestamp,
}

impl<'a, S, O> Context<'a, S, O> {
    /// The model's policy and the table of it that enables the function; otherwise the decision and the reason.
    ///
    /// # Errors
    /// [`Decision::Skipped`] without the table: the function is off for the model. [`Decision::Failed`] without a policy.
    pub fn enabled<T>(
        &self,
        table: &str,
        of: impl FnOnce(&'a Policy) -> Option<&'a T>,
    ) -> Result<(&'a Policy, &'a T), (Decision, Reason)> {
        let Some(policy) = self.policy else {
            return Err((
                Decision::Failed,
                Reason::new(Code::UnknownModel, "the event belongs to no model with a policy"),
            ));
        };
        of(policy).map(|rules| (policy, rules)).ok_or_else(|| {
            let text = format!("the policy of {} has no [{table}]: this function is off for the model", policy.model);
            (Decision::Skipped, Reason::new(Code::Off, text))
        })
    }
}

/// The planner of a function. Pure: no clock, no randomness, no I/O, no environment.
pub trait Decide {
    /// The state of an aggregate that the function owns.
    type State: Serialize + DeserializeOwned + Default + Clone + Send + Sync;
    /// What AWS reports before the decision.
    type Observed: Send + Sync;
    /// A call that changes something in AWS.
    type Action: Serialize + Send + Sync;
    /// The result of an action.
    type Done: Send;

    /// The function's name.
    const FUNCTION: &'static str;

    /// The policy that the event concerns.
    fn subject(event: &Event) -> Subject;
    /// Whether the organization's policy enables the function; for [`Subject::Organization`].
    fn is_on(_: &OrganizationPolicy) -> bool {
        true
    }
    /// The name of the aggregate within its owner, a model or the platform.
    fn aggregate(event: &Event, policy: Option<&Policy>) -> String;
    /// The decision.
    fn decide(ctx: &Context<'_, Self::State, Self::Observed>) -> Plan<Self::State, Self::Action>;
    /// The plan for work that ended in AWS although its event was not received; `None` if there is none. The event at hand is
    /// decided after it, so that an approval never waits for a rollout that is already over.
    fn missed_completion(ctx: &Context<'_, Self::State, Self::Observed>) -> Option<Plan<Self::State, Self::Action>> {
        let _ = ctx;
        None
    }
    /// The actions of an earlier attempt that claimed the aggregate and may not have completed; empty if there are none.
    fn pending_actions(state: &Self::State, ctx: &Context<'_, Self::State, Self::Observed>) -> Vec<Self::Action>;
    /// Applies the result of an action, or the cause of its permanent failure, to the state.
    fn apply_outcome(
        state: &mut Self::State,
        action: &Self::Action,
        outcome: Result<Self::Done, String>,
        now: Timestamp,
    ) -> ActionOutcome;
}

/// The consequences of an action's outcome.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionOutcome {
    /// The facts to publish.
    pub facts: Vec<Fact>,
    /// The reasons to add to the plan's.
    pub reasons: Vec<Reason>,
    /// The decision, if the outcome changed it: an endpoint that is busy defers the work.
    pub decision: Option<Decision>,
}

/// The executor of a function, which calls AWS through ports.
pub trait Act: Send + Sync {
    /// The planner.
    type Decide: Decide;

    /// Looks up the key of the event's model through AWS; for [`Subject::Lookup`].
    fn look_up(&self, event: &Event) -> impl Future<Output = PortResult<Option<Key>>> + Send {
        let _ = event;
        async { Ok(None) }
    }
    /// Reads what the decision needs. Has no effects.
    fn observe(
        &self,
        event: &Event,
        policy: Option<&Policy>,
        state: &<Self::Decide as Decide>::State,
    ) -> impl Future<Output = PortResult<<Self::Decide as Decide>::Observed>> + Send;
    /// Executes one action. Makes no decisions.
    fn act(
        &self,
        action: &<Self::Decide as Decide>::Action,
    ) -> impl Future<Output = PortResult<<Self::Decide as Decide>::Done>> + Send;
}
