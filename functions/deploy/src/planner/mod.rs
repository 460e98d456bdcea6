//! The control flow of `deploy`: which plan follows from an event. The modules import one another in one direction:
//!
//! `start` ◄ `next` ◄ `testing` ◄ `completion`; `start` ◄ `verdict` ◄ `promotion` ◄ `package`.

use crate::action::Action;
use crate::state::State;

pub(crate) mod completion;
pub(crate) mod next;
pub(crate) mod operator_rollback;
pub(crate) mod package;
pub(crate) mod promotion;
pub(crate) mod start;
pub(crate) mod testing;
pub(crate) mod verdict;

/// A plan of `deploy`.
pub(crate) type Plan = trimtab_core::plan::Plan<State, Action>;
