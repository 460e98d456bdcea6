//! The script of each flow: what operators, other teams and monitors do, and when.

mod deploy;
mod guard;
mod integrate;
mod retrain;

use jiff::SignedDuration;
use trimtab_core::event::Approval;

use crate::script::Flow;
use crate::services::Item;

pub(crate) use retrain::LAST_RECONCILE;

/// Items with the time of each after the start of the run.
type Script = Vec<(SignedDuration, Item)>;

impl Flow {
    /// The items that start the flow; all others follow from calls.
    pub(crate) fn script(self) -> Script {
        let scripts = [retrain::script, integrate::script, deploy::script, guard::script];
        scripts.iter().find_map(|script| script(self)).unwrap_or_default()
    }
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

fn verdict(version: u32, approval: Approval) -> Item {
    Item::Verdict { version, approval }
}

fn approve(version: u32) -> Item {
    verdict(version, Approval::Approved)
}

fn reject(version: u32) -> Item {
    verdict(version, Approval::Rejected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flow_has_a_script() {
        let empty: Vec<Flow> = Flow::every().filter(|flow| flow.script().is_empty()).collect();
        assert_eq!(empty, []);
    }
}
