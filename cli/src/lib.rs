//! `trimtab`, the operator's command, as a library: what it plans and what it applies.

pub mod fault;
pub mod operate;
pub mod plan;
pub mod policies;
pub mod recipients;
pub mod redrive;
pub mod release;
pub mod rules;
