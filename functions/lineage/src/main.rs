//! Wires `lineage` to AWS.

use lineage::Reaction;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{SystemClock, World};
use trimtab_sagemaker::SageMaker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Exit> {
    let (settings, aws) = trimtab_runtime::start()?;
    let world = World::new(DynamoLedger::new(&aws, settings.table), EventBus::new(&aws, settings.bus), SystemClock);
    trimtab_runtime::serve(Reaction { lineage: SageMaker::new(&aws) }, world).await
}
