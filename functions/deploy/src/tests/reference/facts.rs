//! What the reference model knows of a version, of a stage, and of what all stages share.

use std::collections::BTreeMap;

use trimtab_fake::UpdateFault;

/// A version as the Model Registry has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::tests) struct Package {
    /// Approved, rejected, or neither yet.
    pub(in crate::tests) approved: Option<bool>,
    pub(in crate::tests) completed: bool,
    /// Whether its life cycle opens the gate of the stage that requires one.
    pub(in crate::tests) let_in: bool,
}

/// What all stages share.
#[derive(Debug, Clone, Default)]
pub(in crate::tests) struct Facts {
    pub(in crate::tests) packages: BTreeMap<u32, Package>,
    /// Whether the canary's alarms have no data.
    pub(in crate::tests) silent: bool,
    /// Whether endpoints fail smoke tests.
    pub(in crate::tests) broken: bool,
    pub(in crate::tests) luck: Option<UpdateFault>,
}

impl Facts {
    pub(in crate::tests) fn get(&self, version: u32) -> Package {
        self.packages.get(&version).copied().unwrap_or_default()
    }

    pub(in crate::tests) fn is_approved(&self, version: u32) -> bool {
        self.get(version).approved == Some(true)
    }

    /// A verdict that can be followed.
    pub(in crate::tests) fn verdict(&self, version: u32) -> Option<Verdict> {
        match self.get(version) {
            Package { approved: Some(true), completed: true, .. } => Some(Verdict::Approved),
            Package { approved: Some(false), .. } => Some(Verdict::Rejected),
            _ => None,
        }
    }
}

/// The verdict that was processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests) enum Verdict {
    Approved,
    Rejected,
    /// The approval could not be followed yet.
    Held,
    /// An operator requested the version before its verdict was received.
    ByOperator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests) enum Why {
    Approved,
    Back,
    /// An operator requested it.
    Hand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests) enum Gate {
    Open,
    Manual,
    Lifecycle,
}

/// The endpoint, by the version that its configuration is of; 0 is not Trimtab's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests) enum Endpoint {
    Absent,
    InService(u32),
    HalfWay(u32),
    Failed,
    Moving { from: Option<u32>, to: Option<u32> },
    Deleting,
}

/// What the policy says of the stage.
#[derive(Debug, Clone, Copy)]
pub(in crate::tests) struct Rules {
    pub(in crate::tests) account: &'static str,
    pub(in crate::tests) endpoint: &'static str,
    pub(in crate::tests) gate: Gate,
    pub(in crate::tests) rollback: bool,
    pub(in crate::tests) canary: bool,
    pub(in crate::tests) smoke: bool,
    pub(in crate::tests) scales: bool,
    /// The index of the stage, and how many there are.
    pub(in crate::tests) at: usize,
    pub(in crate::tests) of: usize,
}
