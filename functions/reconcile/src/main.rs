//! Wires `reconcile` to AWS.

use reconcile::Reaction;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{SystemClock, World};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Exit> {
    let (settings, aws) = trimtab_runtime::start()?;
    let ledger = DynamoLedger::new(&aws, settings.table);
    let world = World::new(ledger.clone(), EventBus::new(&aws, settings.bus), SystemClock);
    trimtab_runtime::serve(Reaction { ledger }, world).await
}
