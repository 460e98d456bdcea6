//! Wires `retrain` to AWS.

use retrain::Reaction;
use trimtab_cloudwatch::CloudWatch;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{Settings, SystemClock, World};
use trimtab_sagemaker::SageMaker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Error> {
    let settings = Settings::from_env()?;
    trimtab_runtime::log::init(&settings);
    let aws = trimtab_runtime::aws::config();
    let world = World {
        ledger: DynamoLedger::new(&aws, settings.table),
        bus: EventBus::new(&aws, settings.bus),
        clock: SystemClock,
    };
    let reaction = Reaction { runs: SageMaker::new(&aws), alarms: CloudWatch::new(&aws) };
    trimtab_runtime::serve(reaction, world).await
}
