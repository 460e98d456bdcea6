//! Wires `deploy` to AWS.

use deploy::Reaction;
use trimtab_autoscaling::AutoScaling;
use trimtab_cloudformation::CloudFormation;
use trimtab_cloudwatch::CloudWatch;
use trimtab_codepipeline::CodePipeline;
use trimtab_eventbridge::EventBus;
use trimtab_ledger::DynamoLedger;
use trimtab_runtime::{SystemClock, World};
use trimtab_sagemaker::SageMaker;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Exit> {
    let (settings, aws) = trimtab_runtime::start()?;
    let world = World::new(DynamoLedger::new(&aws, settings.table), EventBus::new(&aws, settings.bus), SystemClock);
    let reaction = Reaction {
        registry: SageMaker::new(&aws),
        endpoints: SageMaker::new(&aws),
        scaling: AutoScaling::new(&aws),
        deliveries: CodePipeline::new(&aws),
        alarms: CloudWatch::new(&aws),
        stacks: CloudFormation::new(&aws),
    };
    trimtab_runtime::serve(reaction, world).await
}
