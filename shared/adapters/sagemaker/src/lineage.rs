//! ML Lineage Tracking: actions and contexts are identified by name, artifacts by source URI.

use aws_sdk_sagemaker::types::{ActionSource, ActionStatus, ArtifactSource, AssociationEdgeType, ContextSource};
use trimtab_core::failure::Failure;
use trimtab_core::name::{PackageArn, RunArn};
use trimtab_core::port::PortResult;
use trimtab_core::port::{Entity, EntityKind, Lineage, LineageProgress, LinkKind, ObservedEntity};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, error_messages};

impl Lineage for SageMaker {
    async fn origin(&self, package: &PackageArn) -> PortResult<Option<RunArn>> {
        let operation = "sagemaker:DescribeModelPackage";
        match self.0.describe_model_package().model_package_name(package.as_str()).send().await {
            Ok(found) => {
                let by = found.metadata_properties().and_then(|properties| properties.generated_by());
                Ok(by.and_then(|arn| RunArn::parse(arn).ok()))
            }
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure(operation, &error)),
        }
    }

    async fn find(&self, entity: &Entity) -> PortResult<Option<ObservedEntity>> {
        match entity.kind {
            EntityKind::Artifact => self.artifact(entity).await,
            EntityKind::Action => self.action(&entity.name).await,
            EntityKind::Context => self.context(&entity.name).await,
        }
    }

    async fn create(&self, entity: &Entity) -> PortResult<String> {
        let properties = Some(entity.properties.clone().into_iter().collect());
        let arn = match entity.kind {
            EntityKind::Artifact => {
                let source = ArtifactSource::builder().source_uri(&entity.source).build();
                let call = self.0.create_artifact().artifact_name(&entity.name).artifact_type(&entity.of_type);
                match call.source(source).set_properties(properties).send().await {
                    Ok(made) => made.artifact_arn,
                    Err(error) => return Err(not_made("sagemaker:CreateArtifact", &error)),
                }
            }
            EntityKind::Action => {
                let source = ActionSource::builder().source_uri(&entity.source).build();
                let call = self.0.create_action().action_name(&entity.name).action_type(&entity.of_type);
                let status = entity.progress.map(|progress| ActionStatus::from(progress.as_str()));
                match call.source(source).set_status(status).set_properties(properties).send().await {
                    Ok(made) => made.action_arn,
                    Err(error) => return Err(not_made("sagemaker:CreateAction", &error)),
                }
            }
            EntityKind::Context => {
                let source = ContextSource::builder().source_uri(&entity.source).build();
                let call = self.0.create_context().context_name(&entity.name).context_type(&entity.of_type);
                match call.source(source).set_properties(properties).send().await {
                    Ok(made) => made.context_arn,
                    Err(error) => return Err(not_made("sagemaker:CreateContext", &error)),
                }
            }
        };
        arn.ok_or_else(|| Failure::transient("sagemaker:CreateAction", "the response has no ARN"))
    }

    async fn set_progress(&self, action: &str, progress: LineageProgress) -> PortResult<()> {
        let call = self.0.update_action().action_name(action).status(ActionStatus::from(progress.as_str()));
        call.send().await.map(drop).map_err(|error| failure("sagemaker:UpdateAction", &error))
    }

    async fn is_linked(&self, from: &str, to: &str) -> PortResult<bool> {
        let call = self.0.list_associations().source_arn(from).destination_arn(to);
        match call.send().await {
            Ok(listed) => Ok(!listed.association_summaries().is_empty()),
            Err(error) => Err(failure("sagemaker:ListAssociations", &error)),
        }
    }

    async fn link(&self, from: &str, to: &str, kind: LinkKind) -> PortResult<()> {
        let kind = match kind {
            LinkKind::ContributedTo => AssociationEdgeType::ContributedTo,
            LinkKind::AssociatedWith => AssociationEdgeType::AssociatedWith,
            LinkKind::Produced => AssociationEdgeType::Produced,
        };
        let call = self.0.add_association().source_arn(from).destination_arn(to).association_type(kind);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if error_messages::exists(message(&error)) => Ok(()),
            Err(error) => Err(failure("sagemaker:AddAssociation", &error)),
        }
    }
}

impl SageMaker {
    async fn artifact(&self, entity: &Entity) -> PortResult<Option<ObservedEntity>> {
        let call = self.0.list_artifacts().source_uri(&entity.source).artifact_type(&entity.of_type);
        match call.send().await {
            Ok(listed) => {
                let arn = listed.artifact_summaries().iter().find_map(|artifact| artifact.artifact_arn());
                Ok(arn.map(|arn| ObservedEntity { arn: arn.to_owned(), progress: None }))
            }
            Err(error) => Err(failure("sagemaker:ListArtifacts", &error)),
        }
    }

    async fn action(&self, name: &str) -> PortResult<Option<ObservedEntity>> {
        match self.0.describe_action().action_name(name).send().await {
            Ok(found) => {
                let progress = found.status.map(|status| status.as_str().to_owned());
                Ok(found.action_arn.map(|arn| ObservedEntity { arn, progress }))
            }
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeAction", &error)),
        }
    }

    async fn context(&self, name: &str) -> PortResult<Option<ObservedEntity>> {
        match self.0.describe_context().context_name(name).send().await {
            Ok(found) => Ok(found.context_arn.map(|arn| ObservedEntity { arn, progress: None })),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeContext", &error)),
        }
    }
}

/// The failure of a create call. An existing entity was created by another call a moment ago and is not visible yet;
/// the retry finds it.
fn not_made<E>(operation: &'static str, error: &Refused<E>) -> Failure
where
    E: aws_sdk_sagemaker::error::ProvideErrorMetadata,
{
    if error_messages::exists(message(error)) {
        return Failure::transient(operation, "the entity exists and is not visible yet");
    }
    failure(operation, error)
}

type Refused<E> = aws_sdk_sagemaker::error::SdkError<E, aws_sdk_sagemaker::config::http::HttpResponse>;
