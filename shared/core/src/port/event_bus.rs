//! Trimtab's own event bus.

use std::future::Future;

use super::PortResult;
use crate::fact::Fact;

/// Trimtab's event bus.
pub trait Bus {
    /// Puts a fact on the bus. Safe to repeat: readers deduplicate by kind and dedup key.
    fn publish(&self, fact: &Fact) -> impl Future<Output = PortResult<()>> + Send;
}
