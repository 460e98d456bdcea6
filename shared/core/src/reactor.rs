//! One reaction, the same for every function: parse, observe, decide, act, record.
//!
//! A function can be killed between any two calls. The order of the writes makes every such moment safe:
//!
//! 1. **Claim.** One conditional write stores the new state (the intent), the facts to publish (the outbox) and a lease.
//!    An invocation that dies before it has done nothing; one that dies after it has left all that the next needs.
//! 2. **Act.** Each action carries an idempotency token derived from its subject, or finds its own earlier effect first.
//!    A call that was applied although its response was lost is therefore not repeated.
//! 3. **Publish.** The facts go out before the history entry. Published twice, they are deduplicated by their readers;
//!    after the entry, a crash would lose them.
//! 4. **Finish.** The history entry and the state are written in one transaction at the epoch of the claim, which clears the
//!    outbox and returns the lease. If another invocation wrote since, the write is refused, and the event is decided again.
//!
//! The lease prevents that a second invocation acts on an intent whose calls may still be applied: SageMaker can carry out a
//! request after the client has given up waiting for the response.

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;

mod in_flight;
mod outcome;
mod preview;
pub mod reason;
mod resolve;
mod traits;

pub use in_flight::InFlight;
pub use preview::Preview;
use reason::Code;
pub use resolve::{PolicyIndex, Resolved, resolve};
pub use traits::{Act, ActionOutcome, Context, Decide, Subject};

use crate::event::Event;
use crate::failure::Failure;
use crate::plan::{Decision, Plan, Reason};
use crate::policy::{OrganizationPolicy, Policy};
use crate::port::{AggregateId, Bus, Clock, HistoryEntry, Ledger, PortResult, Record, WriteError};

/// The duration of a lease: the timeout of the functions (30 s), plus 25 s for a call whose response was lost and that AWS
/// still applies. It is shorter than the delay before Lambda's first retry of an asynchronous event (60 s).
pub const LEASE: SignedDuration = SignedDuration::from_secs(55);

/// The cause of the transient failure of an invocation that met another one's lease.
pub const LEASE_HELD: &str = "another invocation holds the lease of this aggregate";

/// The number of decisions per invocation. Each starts over because another invocation wrote to the aggregate in between; after the
/// last one, the event goes back to Lambda.
const ATTEMPTS: u32 = 4;

/// The result of one reaction, from which the log line, the metrics and the history entry are made.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The history entry.
    pub entry: HistoryEntry,
    /// The codes of the reasons.
    pub codes: Vec<&'static str>,
    /// The dedup key of the first fact that the reaction published, such as `incident/churn-drift-98d33ea0`.
    pub dedup_key: Option<String>,
    /// Whether the event's source and detail type are known. Unknown ones are untrusted text, which the log omits.
    pub known: bool,
    /// Whether the event was stored as a dead letter.
    pub dead_lettered: bool,
}

/// An event with what routing found for it.
#[derive(Clone, Copy)]
struct Incoming<'a> {
    event: &'a Event,
    raw: &'a Value,
    policy: Option<&'a Policy>,
    organization: Option<&'a OrganizationPolicy>,
    /// Whether this is the second decision, after the first one completed the work of an earlier event.
    after_resume: bool,
}

/// The ports that every reaction uses.
#[derive(Debug)]
pub struct World<L, B, C> {
    /// The ledger.
    pub ledger: L,
    /// Trimtab's event bus.
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
    /// The ports together.
    pub fn new(ledger: L, bus: B, clock: C) -> Self {
        Self { ledger, bus, clock }
    }

    /// Reacts to one event.
    ///
    /// # Errors
    /// Only [`Failure::Transient`]: the caller returns the event to Lambda, which retries. A permanent failure is a report with
    /// [`Decision::Failed`], which was dead-lettered and published.
    pub async fn react<A: Act>(&self, function: &A, raw: &Value) -> PortResult<Report> {
        let event = match Event::parse(raw) {
            Ok(event) => event,
            Err(error) => {
                let reason = Reason::new(Code::Malformed, error.to_string());
                return self.fail::<A::Decide>(raw, None, "platform", reason).await;
            }
        };
        let subject = A::Decide::subject(&event);
        let resolved = resolve(subject, A::Decide::is_on, &self.ledger, function.look_up(&event)).await?;
        let incoming = Incoming { event: &event, raw, policy: None, organization: None, after_resume: false };
        match resolved {
            Resolved::Model(policy) => {
                // High-volume events only add to a count, which a pause need not stop.
                if !event.is_counted()
                    && let Some(report) = self.pause::<A::Decide>(&event, raw, Some(&policy.model)).await?
                {
                    return Ok(report);
                }
                let owner = policy.model.as_str();
                self.run(function, Incoming { policy: Some(&policy), ..incoming }, owner).await
            }
            Resolved::Organization(organization) => {
                if let Some(report) = self.pause::<A::Decide>(&event, raw, None).await? {
                    return Ok(report);
                }
                self.run(function, Incoming { organization: Some(&organization), ..incoming }, "platform").await
            }
            Resolved::Platform => self.run(function, incoming, "platform").await,
            Resolved::NotConcerned(reason) => {
                self.end::<A::Decide>(&event, "platform", Decision::Skipped, vec![reason], vec![]).await
            }
            Resolved::Unrecorded(reason) => Ok(self.unrecorded::<A::Decide>(&event, "platform", reason)),
            Resolved::Unknown(reason) => self.fail::<A::Decide>(raw, Some(&event), "platform", reason).await,
        }
    }

    /// Observes, decides, acts and records; starts over if another invocation wrote to the aggregate in between.
    async fn run<A: Act>(&self, function: &A, incoming: Incoming<'_>, owner: &str) -> PortResult<Report> {
        let id = AggregateId { owner: owner.to_owned(), name: A::Decide::aggregate(incoming.event, incoming.policy) };
        let mut resumed = None;
        for _ in 0..ATTEMPTS {
            let record = self.ledger.load(&id).await?;
            if record.lease_until.is_some_and(|until| until > self.clock.now()) {
                return Err(Failure::transient("ledger:claim", LEASE_HELD));
            }
            let incoming = Incoming { after_resume: resumed.is_some(), ..incoming };
            match self.attempt(function, incoming, &id, record).await {
                Err(WriteError::Fenced) => {}
                Err(WriteError::Failed(failure)) => return Err(failure),
                // The first decision completed earlier work, which changed the state: the event may now cause more.
                Ok(report) if report.codes.contains(&Code::ResumedPending.as_str()) && resumed.is_none() => {
                    resumed = Some(report);
                }
                Ok(report) => {
                    return Ok(resumed.filter(|_| report.entry.decision == Decision::Skipped).unwrap_or(report));
                }
            }
        }
        Err(Failure::transient("ledger:claim", "other invocations wrote to this aggregate at every attempt"))
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
                let reason = Reason::new(Code::Refused, format!("{operation}: {cause}"));
                return Ok(self.fail::<A::Decide>(raw, Some(event), &id.owner, reason).await?);
            }
            Err(retry) => return Err(retry.into()),
        };
        // An earlier invocation died between its claim and its publishing. Publishing again is safe: readers deduplicate.
        self.publish(&record.outbox).await?;
        let ctx = Context { event, policy, organization, state: &state, observed: &observed, now: self.clock.now() };
        let mut plan = match A::Decide::missed_completion(&ctx) {
            Some(mut plan) => {
                plan.reasons.push(Reason::new(
                    Code::ResumedPending,
                    "its own event was not received; the end was found while another event was handled",
                ));
                plan
            }
            None => A::Decide::decide(&ctx),
        };
        if plan.actions.is_empty() && plan.decision != Decision::Failed {
            resume_pending::<A::Decide>(&mut plan, &ctx);
        }
        // A write of the state clears the outbox, which was published above.
        if !record.outbox.is_empty() && plan.state.is_none() {
            plan.state = Some(state.clone());
        }
        if plan.decision == Decision::Failed {
            let entry = self.entry::<A::Decide>(Some(event), raw, &id.owner, plan.decision, &plan.reasons);
            self.dead_letter(Some(event), &entry, raw).await?;
        }
        if plan.actions.is_empty() {
            self.publish(&plan.facts).await?;
            let after = plan.state.take();
            return self.record::<A::Decide>(incoming, id, record.epoch, after.as_ref(), plan).await;
        }
        self.act_and_record(function, incoming, id, record.epoch, state, plan).await
    }

    async fn act_and_record<A: Act>(
        &self,
        function: &A,
        incoming: Incoming<'_>,
        id: &AggregateId,
        epoch: u64,
        before: <A::Decide as Decide>::State,
        mut plan: Plan<<A::Decide as Decide>::State, <A::Decide as Decide>::Action>,
    ) -> Result<Report, WriteError> {
        let Incoming { event, raw, .. } = incoming;
        let mut state = plan.state.take().unwrap_or(before);
        let held = self.ledger.claim(id, epoch, &write(&state)?, &plan.facts, self.clock.now() + LEASE).await?;
        for action in &plan.actions {
            let outcome = match function.act(action).await {
                Ok(done) => Ok(done),
                Err(Failure::Permanent { operation, cause }) => Err(format!("{operation}: {cause}")),
                // The intent and the lease stay: AWS may still apply a call whose response was lost, and the invocation that
                // resumes the intent must come after that. The lease expires before Lambda's retry.
                Err(retry) => return Err(retry.into()),
            };
            let refused = outcome.is_err();
            let applied = A::Decide::apply_outcome(&mut state, action, outcome, self.clock.now());
            plan.facts.extend(applied.facts);
            plan.reasons.extend(applied.reasons);
            plan.decision = applied.decision.unwrap_or(plan.decision);
            if refused {
                plan.decision = applied.decision.unwrap_or(Decision::Failed);
                break;
            }
        }
        if plan.decision == Decision::Failed {
            let entry = self.entry::<A::Decide>(Some(event), raw, &id.owner, plan.decision, &plan.reasons);
            self.dead_letter(Some(event), &entry, raw).await?;
        }
        self.publish(&plan.facts).await?;
        self.record::<A::Decide>(incoming, id, held, Some(&state), plan).await
    }

    async fn record<D: Decide>(
        &self,
        Incoming { event, after_resume, .. }: Incoming<'_>,
        id: &AggregateId,
        held: u64,
        state: Option<&D::State>,
        plan: Plan<D::State, D::Action>,
    ) -> Result<Report, WriteError> {
        let only_saves = event.is_counted() || (event.is_reconcile_request() && plan.facts.is_empty());
        // After a resume, the event already has a history entry: that of the resumed work.
        let unrecorded = plan.decision == Decision::Skipped
            && (after_resume
                || if state.is_some() { only_saves } else { event.is_routine() || event.is_one_of_many() });
        if unrecorded {
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
        let dedup_key = plan.facts.first().map(|fact| fact.dedup_key());
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

/// Resumes the pending actions of an earlier attempt. The next event of the aggregate does so, whichever it is: the retry of the
/// original event may find a state in which it decides otherwise, or may never come.
fn resume_pending<D: Decide>(plan: &mut Plan<D::State, D::Action>, ctx: &Context<'_, D::State, D::Observed>) {
    let after = plan.state.as_ref().unwrap_or(ctx.state);
    let pending = D::pending_actions(after, ctx);
    if pending.is_empty() {
        return;
    }
    plan.actions = pending;
    plan.reasons.push(Reason::new(
        Code::ResumedPending,
        "an earlier attempt did not complete: its pending actions are resumed",
    ));
    if plan.decision == Decision::Skipped {
        plan.decision = Decision::Acted;
    }
}

fn read<D: Decide>(state: Option<Value>) -> PortResult<D::State> {
    match state {
        None => Ok(D::State::default()),
        // During a deployment of Trimtab, an older version meets states of the newer one: a retry will reach the newer version.
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
