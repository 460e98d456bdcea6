//! Trimtab's event bus: each fact reaches the functions that the template's rules name.

use trimtab_core::fact::{Fact, FactKind};

use crate::events;
use crate::journal::Happening;
use crate::services::{Function, Services};

impl Services {
    /// Publishes a fact to the functions of its rules.
    pub(crate) fn publish(&mut self, fact: &Fact) {
        let new = self.published.insert((fact.kind, fact.dedup_key()));
        self.record(Happening::Fact {
            kind: fact.kind.as_str(),
            model: fact.model.as_ref().map(ToString::to_string),
            dedup_key: fact.dedup_key(),
            commit: fact.details.commit().map(|commit| commit.to_string()),
        });
        self.operator_reads(fact, new);
        if self.trace.is_some() {
            self.facts.push(fact.clone());
        }
        let event = events::fact(fact, self.now);
        let functions = subscribers(fact.kind);
        for function in functions {
            self.emit(*function, false, &event);
        }
        // Most flows leave lineage out: it takes no part in them, and its calls would be half of all.
        let concerns_lineage = functions == [Function::Notify] || fact.kind == FactKind::TrainingRequested;
        if self.lineage.is_some() && concerns_lineage {
            self.emit(Function::Lineage, false, &event);
        }
        // Most flows leave monitoring out, for the same reason.
        if self.monitoring.is_some() && fact.kind == FactKind::ReconcileRequested {
            self.emit(Function::Monitor, false, &event);
        }
    }
}

/// The functions whose rules match a kind of fact, without monitoring and lineage.
fn subscribers(kind: FactKind) -> &'static [Function] {
    match kind {
        FactKind::TrainingRequested => &[Function::Retrain],
        FactKind::BuildRequested | FactKind::ImageRequested => &[Function::Integrate],
        FactKind::ImageAdopted => &[Function::Retrain, Function::Notify],
        FactKind::EvaluationRequested => &[Function::Evaluate],
        FactKind::MonitoringRequested => &[Function::Monitor],
        FactKind::ReconcileRequested => {
            &[Function::Integrate, Function::Retrain, Function::Evaluate, Function::Deploy, Function::Notify]
        }
        FactKind::PromotionRequested
        | FactKind::WithdrawalRequested
        | FactKind::RollbackRequested
        | FactKind::StageReconcileRequested => &[Function::Deploy],
        _ => &[Function::Notify],
    }
}
