//! The two halves of a function: the one that decides, and the one that touches the world.

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

/// Whose event this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The model that owns this name.
    Key(Key),
    /// The model that owns one of these names, the first that is owned. Nobody is concerned where
    /// none is: no record.
    Keys(Vec<Key>),
    /// The event does not say, and AWS has to be asked: [`Act::trace`]. Nobody is concerned where the
    /// name that it gives is owned by nobody: no record.
    Asked,
    /// A fact names its model.
    Model(ModelName),
    /// It belongs to the suite, and needs the suite's own policy. No record where that is off.
    Organization,
    /// It belongs to the suite, and needs no policy.
    Platform,
    /// The function has no business with this event.
    None,
}

/// What a decision knows besides the event.
#[derive(Debug)]
pub struct Context<'a, S, O> {
    /// The event.
    pub event: &'a Event,
    /// The model's policy; `None` for what belongs to the suite.
    pub policy: Option<&'a Policy>,
    /// What holds for the whole suite, for what asks for it.
    pub organization: Option<&'a OrganizationPolicy>,
    /// The aggregate as it stands.
    pub state: &'a S,
    /// What AWS says.
    pub observed: &'a O,
    /// The time.
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
                Reason::new("unknown_model", "the event belongs to no model with a policy"),
            ));
        };
        of(policy).map(|rules| (policy, rules)).ok_or_else(|| {
            let text = format!("the policy of {} has no [{table}]: this function is off for the model", policy.model);
            (Decision::Skipped, Reason::new("off", text))
        })
    }
}

/// The deciding half of a function. Pure: no clock, no chance, no I/O, no environment.
pub trait Decide {
    /// The aggregate that the function owns.
    type State: Serialize + DeserializeOwned + Default + Clone + Send + Sync;
    /// What it asks AWS before it decides.
    type Observed: Send + Sync;
    /// What it can do.
    type Action: Serialize + Send + Sync;
    /// What doing it gives.
    type Done: Send;

    /// The function's name.
    const FUNCTION: &'static str;

    /// Whose event this is.
    fn subject(event: &Event) -> Subject;
    /// Whether the suite's own policy asks for this function; only [`Subject::Organization`] needs it.
    fn is_on(_: &OrganizationPolicy) -> bool {
        true
    }
    /// The aggregate's name within its owner. A model's policy may have several.
    fn aggregate(event: &Event, policy: Option<&Policy>) -> String;
    /// What AWS would say if the event were the whole truth: for planning offline.
    fn assume(event: &Event) -> Self::Observed;
    /// The decision.
    fn decide(ctx: &Context<'_, Self::State, Self::Observed>) -> Plan<Self::State, Self::Action>;
    /// What has come to its end in the world although its own event was never heard; the event at
    /// hand is decided after it. `None` where nothing has.
    fn missed_completion(ctx: &Context<'_, Self::State, Self::Observed>) -> Option<Plan<Self::State, Self::Action>> {
        let _ = ctx;
        None
    }
    /// What is left to do of an intent in this state that an earlier attempt claimed and did not
    /// finish; empty where nothing is.
    fn pending_actions(state: &Self::State, ctx: &Context<'_, Self::State, Self::Observed>) -> Vec<Self::Action>;
    /// Takes what an action gave, or why it was refused, into the aggregate; tells what is to be told.
    fn apply_outcome(
        state: &mut Self::State,
        action: &Self::Action,
        outcome: Result<Self::Done, String>,
        now: Timestamp,
    ) -> ActionOutcome;
}

/// What an action's outcome means.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionOutcome {
    /// What to tell.
    pub facts: Vec<Fact>,
    /// What to add to the plan's reasons.
    pub reasons: Vec<Reason>,
    /// The decision, where the outcome changed it (an endpoint that was busy after all: queued).
    pub decision: Option<Decision>,
}

/// The half of a function that touches the world, through its ports.
pub trait Act: Send + Sync {
    /// The half that decides.
    type Decide: Decide;

    /// Asks AWS for the name by which the model of this event is found; only [`Subject::Asked`] needs it.
    fn trace(&self, event: &Event) -> impl Future<Output = PortResult<Option<Key>>> + Send {
        let _ = event;
        async { Ok(None) }
    }
    /// Asks AWS what the decision needs to know.
    fn observe(
        &self,
        event: &Event,
        policy: Option<&Policy>,
        state: &<Self::Decide as Decide>::State,
    ) -> impl Future<Output = PortResult<<Self::Decide as Decide>::Observed>> + Send;
    /// Carries one action out. Makes no choices.
    fn act(
        &self,
        action: &<Self::Decide as Decide>::Action,
    ) -> impl Future<Output = PortResult<<Self::Decide as Decide>::Done>> + Send;
}
