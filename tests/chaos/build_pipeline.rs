//! Setup for pushed images, and for CodePipeline as a builder.

use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, PipelineDeclaration, PipelineType,
    PipelineVariableDeclaration, StageDeclaration,
};
use serde_json::json;

use super::Environment;

impl Environment {
    /// Creates a pipeline that builds the model's commits.
    pub(super) async fn build_pipeline(&self, model: &str) {
        let action = |category, name: &str| {
            let kind = ActionTypeId::builder().category(category).owner(ActionOwner::Aws).provider(name).version("1");
            ActionDeclaration::builder().name(name).action_type_id(kind.build().unwrap()).build().unwrap()
        };
        let stage = |name: &str, action| StageDeclaration::builder().name(name).actions(action).build().unwrap();
        let variable = PipelineVariableDeclaration::builder().name("Commit").default_value("none").build().unwrap();
        let pipeline = PipelineDeclaration::builder()
            .name(format!("{model}-integration"))
            .role_arn(format!("arn:aws:iam::123456789012:role/{model}-integration"))
            .pipeline_type(PipelineType::V2)
            .variables(variable)
            .stages(stage("Source", action(ActionCategory::Source, "Source")))
            .stages(stage("Build", action(ActionCategory::Build, "CodeBuild")));
        self.codepipeline.create_pipeline().pipeline(pipeline.build().unwrap()).send().await.unwrap();
    }

    /// The executions of the model's pipeline.
    pub(super) async fn executions(&self, model: &str) -> Vec<String> {
        let call = self.codepipeline.list_pipeline_executions().pipeline_name(format!("{model}-integration"));
        let listed = call.send().await.unwrap().pipeline_execution_summaries.unwrap_or_default();
        listed.into_iter().filter_map(|run| run.pipeline_execution_id).collect()
    }

    /// Pushes an image with the configured tag; returns its digest.
    pub(super) async fn image(&self, model: &str) -> String {
        let repository = format!("{model}-training");
        self.ecr.create_repository().repository_name(&repository).send().await.unwrap();
        let manifest = json!({"schemaVersion": 2, "config": {"digest": model}}).to_string();
        let call = self.ecr.put_image().repository_name(&repository).image_manifest(manifest).image_tag("latest");
        call.send().await.unwrap().image.unwrap().image_id.unwrap().image_digest.unwrap()
    }
}
