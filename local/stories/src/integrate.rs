//! The story `integrate`: a training image, a merged pull request, a build in CodePipeline, and notifications.

use aws_sdk_codecommit::primitives::Blob;
use aws_sdk_codecommit::types::PutFileEntry;
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, PipelineDeclaration, PipelineType,
    PipelineVariableDeclaration, StageDeclaration,
};
use serde_json::{Value, json};
use trimtab_cloud::{ACCOUNT, REGION};
use trimtab_core::plan::Decision;

use crate::main_loop::ended_run;
use crate::notifications;
use crate::pull_request::{comments, commit, merge, propose, reviewed};
use crate::setup::ROLE;
use crate::story::{Story, StoryError, service};

pub(crate) async fn everything(story: &mut Story) -> Result<(), StoryError> {
    let chat = notifications::subscribe(story).await?;
    let image = image(story).await?;
    merged(story, &image).await?;
    piped(story).await?;
    notifications::digest(story).await?;
    notifications::chat(story, &chat).await
}

/// Pushes an image with this tag; returns its digest.
async fn put(story: &Story, content: &str, tag: &str) -> Result<String, StoryError> {
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": content}});
    let call = story.aws.ecr.put_image().repository_name("churn-training").image_manifest(manifest.to_string());
    let image = call.image_tag(tag).send().await.map_err(service)?.image;
    let id = image.and_then(|image| image.image_id).and_then(|id| id.image_digest);
    id.ok_or_else(|| StoryError::Service("PutImage returned no digest".to_owned()))
}

/// A pushed image is passed to the next run by its digest.
async fn image(story: &mut Story) -> Result<String, StoryError> {
    story.section("A training image is pushed with an unconfigured tag, then as latest");
    story.aws.ecr.create_repository().repository_name("churn-training").send().await.map_err(service)?;
    put(story, "nightly", "nightly").await?;
    let skipped = async |story: &Story| {
        story.recorded("integrate", Decision::Skipped, "this tag is not in integrate.image.tags").await
    };
    story.until("integrate's record: the tag is not configured", skipped).await?;
    Story::expect("runs so far:", &story.runs().await?.len(), &0)?;
    let digest = put(story, "first", "latest").await?;
    let run = ended_run(story, "churn-image-").await?;
    let uri = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/churn-training@{digest}");
    Story::expect("the run's parameter Image:", &parameter(story, &run, "Image").await?, &Some(uri.clone()))?;
    Story::expect("runs so far:", &story.runs().await?.len(), &1)?;
    story.received("Training Succeeded", "incident/churn-image-").await?;
    story.observed(format!("one run of churn-training received {uri}")).await?;
    Ok(uri)
}

async fn parameter(story: &Story, run: &str, name: &str) -> Result<Option<String>, StoryError> {
    let call = story.aws.sagemaker.list_pipeline_parameters_for_execution().pipeline_execution_arn(run);
    let given = call.send().await.map_err(service)?.pipeline_parameters.unwrap_or_default();
    let found = given.iter().find(|parameter| parameter.name() == Some(name));
    Ok(found.and_then(|parameter| parameter.value().map(str::to_owned)))
}

/// A merged pull request is built and trained with the pushed image, and gets a comment with the result.
async fn merged(story: &mut Story, image: &str) -> Result<(), StoryError> {
    story.section("A pull request is merged");
    commit(story, "main").await?;
    ended_run(story, "churn-build-").await?;
    let head = commit(story, "wider-bins").await?;
    let id = propose(story, "wider-bins", "Wider bins").await?;
    reviewed(story, &id, &head).await?;
    let before = story.runs().await?.len();
    let commit = merge(story, &id).await?;
    let comment = reviewed(story, &id, &commit).await?;
    Story::expect("the comment reports a successful build:", &comment.contains("its build succeeded"), &true)?;
    Story::expect("builds of the merge:", &story.builds(&commit).await?.len(), &1)?;
    let trained = async |story: &Story| {
        let runs = story.runs().await?;
        Ok(runs.first().filter(|_| runs.len() > before).and_then(|run| run.pipeline_execution_arn.clone()))
    };
    let run = story.until("a run of the merge", trained).await?;
    Story::expect("the run's parameter Commit:", &parameter(story, &run, "Commit").await?, &Some(commit))?;
    Story::expect("the run's parameter Image:", &parameter(story, &run, "Image").await?, &Some(image.to_owned()))?;
    Story::expect("comments on the pull request:", &comments(story, &id).await?.len(), &2)?;
    story.observed(format!("comment on pull request {id}: {comment} The merge is trained with the pushed image")).await
}

/// CodePipeline builds another model's commits; the end of the execution starts training.
async fn piped(story: &mut Story) -> Result<(), StoryError> {
    story.section("A commit is pushed to the repository of demand, which CodePipeline builds");
    create_resources(story).await?;
    let file = PutFileEntry::builder().file_path("demand.py").file_content(Blob::new("horizon = 14\n"));
    let call = story.aws.codecommit.create_commit().repository_name("demand-model").branch_name("main");
    let made = call.put_files(file.build().map_err(service)?).send().await.map_err(service)?;
    let commit = made.commit_id.unwrap_or_default();
    let runs = async |story: &Story| {
        let call = story.aws.sagemaker.list_pipeline_executions().pipeline_name("demand-training");
        let runs = call.send().await.map_err(service)?.pipeline_execution_summaries.unwrap_or_default();
        Ok(runs.into_iter().next().and_then(|run| run.pipeline_execution_arn))
    };
    let run = story.until("a run of demand-training", runs).await?;
    Story::expect("the run's parameter Commit:", &parameter(story, &run, "Commit").await?, &Some(commit.clone()))?;
    let call = story.aws.codepipeline.list_pipeline_executions().pipeline_name("demand-integration");
    let executions = call.send().await.map_err(service)?.pipeline_execution_summaries.unwrap_or_default();
    let built: Vec<Option<&str>> = executions
        .iter()
        .flat_map(|execution| execution.source_revisions())
        .map(|revision| revision.revision_id())
        .collect();
    Story::expect("built revisions:", &built, &vec![Some(commit.as_str())])?;
    let ended = async |story: &Story| {
        let ended = story.events("CodePipeline Pipeline Execution State Change").await?;
        Ok(ended.into_iter().find(|event| event.pointer("/detail/state") == Some(&json!("SUCCEEDED"))))
    };
    let ended: Value = story.until("the end of the execution", ended).await?;
    let letters = story.ledger.dead_letters().await?;
    let of_end = letters
        .iter()
        .filter(|letter| ended.get("detail-type").is_some_and(|kind| *kind == *letter.entry.detail_type))
        .count();
    Story::expect("dead-lettered events of the execution:", &of_end, &0)?;
    story.observed(format!("one execution of demand-integration built {commit}, and the run received the commit")).await
}

/// Creates the resources of the team of demand.
async fn create_resources(story: &Story) -> Result<(), StoryError> {
    let aws = &story.aws;
    aws.codecommit.create_repository().repository_name("demand-model").send().await.map_err(service)?;
    let parameter = json!({"Name": "Commit", "Type": "String", "DefaultValue": "none"});
    let definition = json!({"Version": "2020-12-01", "Parameters": [parameter], "Steps": []});
    let call = aws.sagemaker.create_pipeline().pipeline_name("demand-training").role_arn(ROLE);
    let call = call.client_request_token("story-creates-demand-training-once-only");
    call.pipeline_definition(definition.to_string()).send().await.map_err(service)?;
    let action = |category, provider: &str, name: &str| {
        let kind = ActionTypeId::builder().category(category).owner(ActionOwner::Aws).provider(provider).version("1");
        let kind = kind.build().map_err(service)?;
        ActionDeclaration::builder().name(name).action_type_id(kind).build().map_err(service)
    };
    let stage = |name: &str, action| StageDeclaration::builder().name(name).actions(action).build().map_err(service);
    let variable = PipelineVariableDeclaration::builder().name("Commit").default_value("none").build();
    let pipeline = PipelineDeclaration::builder()
        .name("demand-integration")
        .role_arn("arn:aws:iam::123456789012:role/demand-integration")
        .pipeline_type(PipelineType::V2)
        .variables(variable.map_err(service)?)
        .stages(stage("Source", action(ActionCategory::Source, "CodeCommit", "Source")?)?)
        .stages(stage("Build", action(ActionCategory::Build, "CodeBuild", "Test")?)?)
        .build()
        .map_err(service)?;
    aws.codepipeline.create_pipeline().pipeline(pipeline).send().await.map_err(service)?;
    Ok(())
}
