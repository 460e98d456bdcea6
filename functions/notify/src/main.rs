//! Wires `notify` to AWS.

use notify::Reaction;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{Settings, SystemClock, World};
use trimtab_sns::SnsTopic;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Error> {
    let settings = Settings::from_env()?;
    trimtab_runtime::log::init(&settings);
    let aws = trimtab_runtime::aws::config();
    let topic = SnsTopic::new(&aws, settings.topic()?);
    let world = World {
        ledger: DynamoLedger::new(&aws, settings.table),
        bus: EventBus::new(&aws, settings.bus),
        clock: SystemClock,
    };
    trimtab_runtime::serve(Reaction { topic }, world).await
}
