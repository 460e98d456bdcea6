//! One reaction, the same for every function: parse, observe, decide, act, record.
//!
//! The order of the writes is what makes it safe to die anywhere. The intent is in the ledger,
//! under a lease, before the first action; every action carries a token made of what it is about,
//! and looks for its own earlier effect first; facts go out before the record that says so, since
//! readers deduplicate them; the record is fenced.

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;

mod in_flight;
mod outcome;
mod preview;
mod resolve;
mod traits;

pub use in_flight::InFlight;
pub use preview::Preview;
pub use resolve::{PolicyIndex, Resolved, resolve};
pub use traits::{Act, ActionOutcome, Context, Decide, Subject};

use crate::event::Event;
use crate::failure::Failure;
use crate::plan::{Decision, Plan, Reason};
use crate::policy::{OrganizationPolicy, Policy};
use crate::port::{AggregateId, Bus, Clock, HistoryEntry, Ledger, PortResult, Record, WriteError};

/// How long one invocation may act before another may take over: the functions' time-out (30 s),
/// and 25 s for a call that was not answered and is applied all the same; and less than Lambda's
/// first retry of an asynchronous event (60 s).
pub const LEASE: SignedDuration = SignedDuration::from_secs(55);

/// The code of the reason that something was finished that another event had left.
const RESUMED_PENDING: &str = "resumed_pending";

/// How often a reaction is decided anew when somebody else wrote in between, before it goes back
/// to Lambda.
const ATTEMPTS: u32 = 4;

/// What one reaction came to: the line in the log, the metric and the terminal record.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The terminal record.
    pub entry: HistoryEntry,
    /// The reasons' codes.
    pub codes: Vec<&'static str>,
    /// What it was about, such as `incident/churn-drift-98d33ea0`; where something was told of it.
    pub dedup_key: Option<String>,
    /// Whether the event's source and kind are known words; what is not may hold anything.
    pub known: bool,
    /// Whether the event was kept whole, to be sent again.
    pub dead_lettered: bool,
}

/// An event, as it was read and as it came.
#[derive(Clone, Copy)]
struct Incoming<'a> {
    event: &'a Event,
    raw: &'a Value,
    /// The model's policy, where it is a model's.
    policy: Option<&'a Policy>,
    /// What holds for the whole suite, where the function asks for it.
    organization: Option<&'a OrganizationPolicy>,
    /// Whether something was taken up for it, and it is decided once more.
    again: bool,
}

/// The world as a reaction meets it.
#[derive(Debug)]
pub struct World<L, B, C> {
    /// The ledger.
    pub ledger: L,
    /// The suite's bus.
    pub bus: B,
    /// The clock.
    pub clock: C,
}

impl<L, B, C> World<L, B, C>
where
    L: Ledger + Send + Sync,
    B: Bus + Send + Sync,
    C: Clock + Send + Sync,
{
    /// The world of these.
    pub fn new(ledger: L, bus: B, clock: C) -> Self {
        Self { ledger, bus, clock }
    }

    /// One reaction to one event, from the raw text to the terminal record.
    ///
    /// # Errors
    /// Only [`Failure::Transient`]: the caller gives the event back. What time cannot mend is a report
    /// with [`Decision::Failed`], kept in the ledger and told on the bus.
    pub async fn react<A: Act>(&self, function: &A, raw: &Value) -> PortResult<Report> {
        let event = match Event::parse(raw) {
            Ok(event) => event,
            Err(error) => {
                let reason = Reason::new("malformed", error.to_string());
                return self.refuse::<A::Decide>(raw, None, "platform", reason).await;
            }
        };
        let subject = A::Decide::subject(&event);
        let resolved = resolve(subject, A::Decide::is_on, &self.ledger, function.trace(&event)).await?;
        let incoming = Incoming { event: &event, raw, policy: None, organization: None, again: false };
        match resolved {
            Resolved::Model(policy) => {
                // High-volume events only add to a count, which a pause need not stop.
                if !event.is_counted()
                    && let Some(report) = self.held_up::<A::Decide>(&event, raw, Some(&policy.model)).await?
                {
                    return Ok(report);
                }
                let owner = policy.model.as_str();
                self.run(function, Incoming { policy: Some(&policy), ..incoming }, owner).await
            }
            Resolved::Organization(organization) => {
                if let Some(report) = self.held_up::<A::Decide>(&event, raw, None).await? {
                    return Ok(report);
                }
                self.run(function, Incoming { organization: Some(&organization), ..incoming }, "platform").await
            }
            Resolved::Platform => self.run(function, incoming, "platform").await,
            Resolved::NotConcerned(reason) => {
                self.end::<A::Decide>(&event, "platform", Decision::Skipped, vec![reason], vec![]).await
            }
            Resolved::Unrecorded(reason) => Ok(self.unrecorded::<A::Decide>(&event, "platform", reason)),
            Resolved::Unknown(reason) => self.refuse::<A::Decide>(raw, Some(&event), "platform", reason).await,
        }
    }

    /// Observe, decide, act, record; anew when somebody else wrote in between.
    async fn run<A: Act>(&self, function: &A, incoming: Incoming<'_>, owner: &str) -> PortResult<Report> {
        let id = AggregateId { owner: owner.to_owned(), name: A::Decide::aggregate(incoming.event, incoming.policy) };
        let mut resumed = None;
        for _ in 0..ATTEMPTS {
            let record = self.ledger.load(&id).await?;
            if record.lease_until.is_some_and(|until| until > self.clock.now()) {
                return Err(Failure::transient("ledger:claim", "another invocation is acting on this right now"));
            }
            let incoming = Incoming { again: resumed.is_some(), ..incoming };
            match self.attempt(function, incoming, &id, record).await {
                Err(WriteError::Fenced) => {}
                Err(WriteError::Failed(failure)) => return Err(failure),
                // The event had nothing to say to the state as it was; now it may.
                Ok(report) if report.codes.contains(&RESUMED_PENDING) && resumed.is_none() => {
                    resumed = Some(report);
                }
                Ok(report) => {
                    return Ok(resumed.filter(|_| report.entry.decision == Decision::Skipped).unwrap_or(report));
                }
            }
        }
        Err(Failure::transient("ledger:claim", "others kept writing in between"))
    }

    async fn attempt<A: Act>(
        &self,
        function: &A,
        incoming: Incoming<'_>,
        id: &AggregateId,
        record: Record,
    ) -> Result<Report, WriteError> {
        let Incoming { event, raw, policy, organization, .. } = incoming;
        let state = read::<A::Decide>(record.state)?;
        let observed = match function.observe(event, policy, &state).await {
            Ok(observed) => observed,
            Err(Failure::Permanent { operation, cause }) => {
                let reason = Reason::new("refused", format!("{operation}: {cause}"));
                return Ok(self.refuse::<A::Decide>(raw, Some(event), &id.owner, reason).await?);
            }
            Err(retry) => return Err(retry.into()),
        };
        // What an earlier attempt could not say any more is said now; readers deduplicate.
        self.tell(&record.outbox).await?;
        let ctx = Context { event, policy, organization, state: &state, observed: &observed, now: self.clock.now() };
        let mut plan = match A::Decide::missed_completion(&ctx) {
            Some(mut plan) => {
                plan.reasons.push(Reason::new(
                    RESUMED_PENDING,
                    "its own event was not received: found while another was handled",
                ));
                plan
            }
            None => A::Decide::decide(&ctx),
        };
        if plan.actions.is_empty() && plan.decision != Decision::Failed {
            resume_pending::<A::Decide>(&mut plan, &ctx);
        }
        if !record.outbox.is_empty() && plan.state.is_none() {
            plan.state = Some(state.clone());
        }
        if plan.decision == Decision::Failed {
            let entry = self.entry::<A::Decide>(Some(event), raw, &id.owner, plan.decision, &plan.reasons);
            self.dead_letter(Some(event), &entry, raw).await?;
        }
        if plan.actions.is_empty() {
            self.tell(&plan.facts).await?;
            let after = plan.state.take();
            return self.record::<A::Decide>(incoming, id, record.epoch, after.as_ref(), plan).await;
        }
        self.carry_out(function, incoming, id, record.epoch, state, plan).await
    }

    async fn carry_out<A: Act>(
        &self,
        function: &A,
        incoming: Incoming<'_>,
        id: &AggregateId,
        seen: u64,
        before: <A::Decide as Decide>::State,
        mut plan: Plan<<A::Decide as Decide>::State, <A::Decide as Decide>::Action>,
    ) -> Result<Report, WriteError> {
        let Incoming { event, raw, .. } = incoming;
        let mut state = plan.state.take().unwrap_or(before);
        let held = self.ledger.claim(id, seen, &write(&state)?, &plan.facts, self.clock.now() + LEASE).await?;
        for action in &plan.actions {
            let outcome = match function.act(action).await {
                Ok(done) => Ok(done),
                Err(Failure::Permanent { operation, cause }) => Err(format!("{operation}: {cause}")),
                // The intent stays on record, and so does the lease: a call that was not answered
                // may still be applied, and whoever takes the intent up must come after that. The
                // lease runs out before Lambda's retry.
                Err(retry) => return Err(retry.into()),
            };
            let refused = outcome.is_err();
            let settled = A::Decide::apply_outcome(&mut state, action, outcome, self.clock.now());
            plan.facts.extend(settled.facts);
            plan.reasons.extend(settled.reasons);
            plan.decision = settled.decision.unwrap_or(plan.decision);
            if refused {
                plan.decision = settled.decision.unwrap_or(Decision::Failed);
                break;
            }
        }
        if plan.decision == Decision::Failed {
            let entry = self.entry::<A::Decide>(Some(event), raw, &id.owner, plan.decision, &plan.reasons);
            self.dead_letter(Some(event), &entry, raw).await?;
        }
        self.tell(&plan.facts).await?;
        self.record::<A::Decide>(incoming, id, held, Some(&state), plan).await
    }

    async fn record<D: Decide>(
        &self,
        Incoming { event, again, .. }: Incoming<'_>,
        id: &AggregateId,
        held: u64,
        state: Option<&D::State>,
        plan: Plan<D::State, D::Action>,
    ) -> Result<Report, WriteError> {
        let noted = event.is_counted() || (event.is_reconcile_request() && plan.facts.is_empty());
        // Decided once more, an event has its record already: it says what was taken up.
        let quiet = plan.decision == Decision::Skipped
            && (again || if state.is_some() { noted } else { event.is_routine() || event.is_one_of_many() });
        if quiet {
            if let Some(state) = state {
                self.ledger.save_state(id, held, &write(state)?, self.clock.now()).await?;
            }
            let reason = plan.reasons.into_iter().next().unwrap_or_else(|| Reason::new("nothing_new", "nothing new"));
            return Ok(self.unrecorded::<D>(event, &id.owner, reason));
        }
        let mut entry = self.entry::<D>(Some(event), &Value::Null, &id.owner, plan.decision, &plan.reasons);
        entry.actions = plan.actions.iter().map(write).collect::<PortResult<_>>()?;
        let state = state.map(write).transpose()?;
        self.ledger.finish(id, held, state.as_ref(), &entry).await?;
        let dedup_key = plan.facts.first().map(|fact| fact.dedup_key.clone());
        let dead_lettered = plan.decision == Decision::Failed && !event.is_routine();
        Ok(Report {
            entry,
            codes: plan.reasons.iter().map(|reason| reason.code).collect(),
            dedup_key,
            known: event.is_known(),
            dead_lettered,
        })
    }
}

/// An intent that an earlier attempt left is finished by the next event of its aggregate, whichever
/// that is: its own retry may come to a state in which it no longer asks for it, or never come.
fn resume_pending<D: Decide>(plan: &mut Plan<D::State, D::Action>, ctx: &Context<'_, D::State, D::Observed>) {
    let after = plan.state.as_ref().unwrap_or(ctx.state);
    let left = D::pending_actions(after, ctx);
    if left.is_empty() {
        return;
    }
    plan.actions = left;
    plan.reasons
        .push(Reason::new(RESUMED_PENDING, "an earlier attempt did not complete: its pending actions are resumed"));
    if plan.decision == Decision::Skipped {
        plan.decision = Decision::Acted;
    }
}

fn read<D: Decide>(state: Option<Value>) -> PortResult<D::State> {
    match state {
        None => Ok(D::State::default()),
        // A record that this version cannot read may be readable to the one being rolled out.
        Some(value) => {
            serde_json::from_value(value).map_err(|error| Failure::transient("ledger:read", error.to_string()))
        }
    }
}

fn write<T: Serialize>(value: &T) -> PortResult<Value> {
    serde_json::to_value(value).map_err(|error| Failure::transient("ledger:write", error.to_string()))
}

#[cfg(test)]
mod tests;
