//! The end of a reaction: the history entry, the dead letter, the published facts.

use super::reason::Code;
use serde_json::Value;

use super::{Decide, Report, World};
use crate::event::Event;
use crate::fact::{self, Details, Fact, FactKind, FactSubject, Token};
use crate::failure::Failure;
use crate::name::ModelName;
use crate::plan::{Decision, Reason};
use crate::port::{AggregateId, Bus, Clock, HistoryEntry, Ledger, PortResult, WriteError};

impl<L, B, C> World<L, B, C>
where
    L: Ledger + Send + Sync,
    B: Bus + Send + Sync,
    C: Clock + Send + Sync,
{
    /// Ends with a permanent failure: stores the event as a dead letter, and publishes that.
    pub(super) async fn fail<D: Decide>(
        &self,
        raw: &Value,
        event: Option<&Event>,
        owner: &str,
        reason: Reason,
    ) -> PortResult<Report> {
        let reasons = [reason];
        let entry = self.entry::<D>(event, raw, owner, Decision::Failed, &reasons);
        let dead_lettered = self.dead_letter(event, &entry, raw).await?;
        // A report of a malformed report might be malformed, too, and so on without end. The metric of failures counts it.
        if event.is_some() || entry.source != fact::SOURCE || entry.detail_type != FactKind::EventDeadLettered.as_str()
        {
            self.publish(&[dead_letter_fact(&entry, &reasons)]).await?;
        }
        let codes = reasons.iter().map(|reason| reason.code).collect();
        Ok(Report { entry, codes, dedup_key: None, known: event.is_some_and(Event::is_known), dead_lettered })
    }

    /// Stores an event that arrives during a pause as a dead letter; `None` without a pause.
    pub(super) async fn pause<D: Decide>(
        &self,
        event: &Event,
        raw: &Value,
        model: Option<&ModelName>,
    ) -> PortResult<Option<Report>> {
        let Some(pause) = self.ledger.pause(model).await? else { return Ok(None) };
        let owner = model.map_or("platform", ModelName::as_str);
        let text = format!("paused by {} since {}", pause.by, pause.since);
        if event.is_routine() {
            return Ok(Some(self.unrecorded::<D>(event, owner, Reason::new(Code::Paused, text))));
        }
        let reason =
            Reason::new(Code::Paused, format!("{text}; the event is stored, and `trimtab redrive` sends it again"));
        let entry = self.entry::<D>(Some(event), raw, owner, Decision::Skipped, std::slice::from_ref(&reason));
        self.ledger.dead_letter(&entry, raw).await?;
        let report = self.end::<D>(event, owner, Decision::Skipped, vec![reason], vec![]).await?;
        Ok(Some(Report { dead_lettered: true, ..report }))
    }

    /// Stores the event as a dead letter, unless it is periodic: the next one requests the same.
    pub(super) async fn dead_letter(
        &self,
        event: Option<&Event>,
        entry: &HistoryEntry,
        raw: &Value,
    ) -> PortResult<bool> {
        if event.is_some_and(Event::is_routine) {
            return Ok(false);
        }
        self.ledger.dead_letter(entry, raw).await.map(|()| true)
    }

    /// Ends with a history entry, without an aggregate.
    pub(super) async fn end<D: Decide>(
        &self,
        event: &Event,
        owner: &str,
        decision: Decision,
        reasons: Vec<Reason>,
        facts: Vec<Fact>,
    ) -> PortResult<Report> {
        self.publish(&facts).await?;
        let entry = self.entry::<D>(Some(event), &Value::Null, owner, decision, &reasons);
        let id = AggregateId { owner: owner.to_owned(), name: D::aggregate(event, None) };
        match self.ledger.finish(&id, 0, None, &entry).await {
            Ok(()) => {
                let codes = reasons.iter().map(|reason| reason.code).collect();
                Ok(Report { entry, codes, dedup_key: None, known: event.is_known(), dead_lettered: false })
            }
            Err(WriteError::Fenced) => Err(Failure::transient("ledger:finish", "fenced")),
            Err(WriteError::Failed(failure)) => Err(failure),
        }
    }

    /// The report of a high-volume event that caused nothing: it has no history entry, since the history would consist of such
    /// entries.
    pub(super) fn unrecorded<D: Decide>(&self, event: &Event, owner: &str, reason: Reason) -> Report {
        let codes = vec![reason.code];
        let entry = self.entry::<D>(Some(event), &Value::Null, owner, Decision::Skipped, &[reason]);
        Report { entry, codes, dedup_key: None, known: true, dead_lettered: false }
    }

    /// Publishes the facts, in order.
    pub(super) async fn publish(&self, facts: &[Fact]) -> PortResult<()> {
        for fact in facts {
            self.bus.publish(fact).await?;
        }
        Ok(())
    }

    pub(super) fn entry<D: Decide>(
        &self,
        event: Option<&Event>,
        raw: &Value,
        owner: &str,
        decision: Decision,
        reasons: &[Reason],
    ) -> HistoryEntry {
        let now = self.clock.now();
        let text = |key: &str| crate::text::one_line(raw.get(key).and_then(Value::as_str).unwrap_or("unknown"), 128);
        let known = event.map(|event| &event.envelope);
        HistoryEntry {
            at: now,
            event_time: known.map_or(now, |envelope| envelope.time),
            function: D::FUNCTION.to_owned(),
            owner: owner.to_owned(),
            event_id: known.map_or_else(|| text("id"), |envelope| crate::text::one_line(&envelope.id, 128)),
            source: known.map_or_else(|| text("source"), |envelope| envelope.source.clone()),
            detail_type: known.map_or_else(|| text("detail-type"), |envelope| envelope.detail_type.clone()),
            decision,
            reasons: reasons.iter().map(|reason| reason.text.clone()).collect(),
            actions: Vec::new(),
        }
    }
}

/// The fact that an event was dead-lettered. Its subject is the function and the cause (source, detail type and reasons):
/// a thousand events of one unknown repository lead to one message.
fn dead_letter_fact(entry: &HistoryEntry, reasons: &[Reason]) -> Fact {
    let texts: Vec<String> = reasons.iter().map(|reason| reason.text.clone()).collect();
    let about = crate::text::digest(&[&entry.source, &entry.detail_type, &texts.join("\n")], 16);
    let subject = FactSubject::DeadLetter { function: Token::of(&entry.function), cause: Token::of(&about) };
    let model = ModelName::parse(&entry.owner).ok().filter(|_| entry.owner != "platform");
    let details = Details::default()
        .with_function(entry.function.clone())
        .with_event(entry.event_id.clone())
        .with_source(entry.source.clone())
        .with_detail_type(entry.detail_type.clone());
    Fact { model, reasons: texts, details, ..Fact::new(FactKind::EventDeadLettered, subject, entry.at) }
}
