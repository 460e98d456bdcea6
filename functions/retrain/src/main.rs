//! The Lambda function: `retrain` over AWS.

use retrain::Reaction;
use retrain::engines::Backends;
use trimtab_cloudwatch::CloudWatch;
use trimtab_codepipeline::CodePipeline;
use trimtab_eventbridge::EventBus;
use trimtab_kubeflow::Kubeflow;
use trimtab_ledger::DynamoLedger;
use trimtab_mwaa::Mwaa;
use trimtab_runtime::{SystemClock, World};
use trimtab_s3::S3;
use trimtab_sagemaker::SageMaker;
use trimtab_stepfunctions::StepFunctions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), trimtab_runtime::Exit> {
    let (settings, aws) = trimtab_runtime::start()?;
    let world = World::new(DynamoLedger::new(&aws, settings.table), EventBus::new(&aws, settings.bus), SystemClock);
    let reaction = Reaction {
        runs: Backends {
            airflow: Mwaa::new(&aws),
            codepipeline: CodePipeline::new(&aws),
            kubeflow: Kubeflow::new(&aws),
            sagemaker_pipelines: SageMaker::new(&aws),
            step_functions: StepFunctions::new(&aws),
        },
        alarms: CloudWatch::new(&aws),
        monitors: SageMaker::new(&aws),
        objects: S3::new(&aws),
    };
    trimtab_runtime::serve(reaction, world).await
}
