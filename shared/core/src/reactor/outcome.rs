//! How a reaction ends: the terminal record, what is kept, what is told.

use serde_json::Value;

use super::{Decide, Report, World};
use crate::event::Event;
use crate::fact::{self, Fact, FactKind};
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
    /// Keeps what cannot be acted on, tells it, and ends.
    pub(super) async fn refuse<D: Decide>(
        &self,
        raw: &Value,
        event: Option<&Event>,
        owner: &str,
        reason: Reason,
    ) -> PortResult<Report> {
        let reasons = [reason];
        let entry = self.entry::<D>(event, raw, owner, Decision::Failed, &reasons);
        let dead_lettered = self.dead_letter(event, &entry, raw).await?;
        // A fact about an unreadable fact may be unreadable too, without end: the Rejects metric tells.
        if event.is_some() || entry.source != fact::SOURCE {
            self.tell(&[rejection(&entry, &reasons)]).await?;
        }
        let codes = reasons.iter().map(|reason| reason.code).collect();
        Ok(Report { entry, codes, dedup_key: None, known: event.is_some_and(Event::is_known), dead_lettered })
    }

    /// What comes during a pause is kept, and nothing is done; `None` where there is none.
    pub(super) async fn held_up<D: Decide>(
        &self,
        event: &Event,
        raw: &Value,
        model: Option<&ModelName>,
    ) -> PortResult<Option<Report>> {
        let Some(pause) = self.ledger.pause(model).await? else { return Ok(None) };
        let owner = model.map_or("platform", ModelName::as_str);
        let text = format!("paused by {} since {}", pause.by, pause.since);
        if event.is_routine() {
            return Ok(Some(self.unrecorded::<D>(event, owner, Reason::new("paused", text))));
        }
        let reason = Reason::new("paused", format!("{text}; the event is kept and can be sent again"));
        let entry = self.entry::<D>(Some(event), raw, owner, Decision::Skipped, std::slice::from_ref(&reason));
        self.ledger.dead_letter(&entry, raw).await?;
        let report = self.end::<D>(event, owner, Decision::Skipped, vec![reason], vec![]).await?;
        Ok(Some(Report { dead_lettered: true, ..report }))
    }

    /// Keeps the event whole, unless it comes by the clock: the next one asks the same.
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

    /// A terminal record with no aggregate behind it.
    pub(super) async fn end<D: Decide>(
        &self,
        event: &Event,
        owner: &str,
        decision: Decision,
        reasons: Vec<Reason>,
        facts: Vec<Fact>,
    ) -> PortResult<Report> {
        self.tell(&facts).await?;
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

    /// The report of what came by the clock and led to nothing: no record, or the history would be
    /// full of looks that found nothing.
    pub(super) fn unrecorded<D: Decide>(&self, event: &Event, owner: &str, reason: Reason) -> Report {
        let codes = vec![reason.code];
        let entry = self.entry::<D>(Some(event), &Value::Null, owner, Decision::Skipped, &[reason]);
        Report { entry, codes, dedup_key: None, known: true, dead_lettered: false }
    }

    pub(super) async fn tell(&self, facts: &[Fact]) -> PortResult<()> {
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

/// The fact that an event was refused. One dedup key per source, kind and reason: a thousand events
/// of an unknown repository are one message.
fn rejection(entry: &HistoryEntry, reasons: &[Reason]) -> Fact {
    let texts: Vec<String> = reasons.iter().map(|reason| reason.text.clone()).collect();
    let about = crate::text::digest(&[&entry.source, &entry.detail_type, &texts.join("\n")], 16);
    Fact {
        kind: FactKind::EventDeadLettered,
        version: fact::VERSION,
        model: ModelName::parse(&entry.owner).ok().filter(|_| entry.owner != "platform"),
        dedup_key: format!("rejected/{}/{about}", entry.function),
        at: entry.at,
        reasons: texts,
        details: [
            ("function".to_owned(), entry.function.clone()),
            ("event".to_owned(), entry.event_id.clone()),
            ("source".to_owned(), entry.source.clone()),
            ("detail-type".to_owned(), entry.detail_type.clone()),
        ]
        .into(),
    }
}
