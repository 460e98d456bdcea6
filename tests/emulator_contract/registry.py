"""The Model Registry, and the lineage of its versions."""

from client import refused


def registry(aws):
    sagemaker = aws.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName=aws.own)
    container = {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/serving:1", "ModelDataUrl": "s3://b/m.tar.gz"}
    specification = {"Containers": [container], "SupportedContentTypes": ["text/csv"]}
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=aws.own,
        InferenceSpecification={**specification, "SupportedResponseMIMETypes": ["text/csv"]},
        ModelApprovalStatus="PendingManualApproval",
    )["ModelPackageArn"]
    assert arn.endswith(f":model-package/{aws.own}/1"), arn
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (found["ModelApprovalStatus"], found["ModelPackageStatus"]) == ("Approved", "Completed")


def registry_of_the_emulator(aws):
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/none/1"
    refused(aws.sagemaker.describe_model_package, "ValidationException", "does not exist", ModelPackageName=arn)
    mine = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/emulator/1"
    aws.sagemaker.update_model_package(ModelPackageArn=mine, CustomerMetadataProperties={"team": "a"})
    found = aws.sagemaker.describe_model_package(ModelPackageName=mine)
    assert found["ModelApprovalStatus"] == "Approved", "what an update leaves out stays as it is"


def life_cycles_of_the_emulator(aws):
    mine = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/emulator/1"
    stage = {"Stage": "Staging", "StageStatus": "Approved"}
    aws.sagemaker.update_model_package(ModelPackageArn=mine, ModelLifeCycle=stage)
    found = aws.sagemaker.describe_model_package(ModelPackageName=mine)
    assert (found["ModelLifeCycle"], found["ModelApprovalStatus"]) == (stage, "Approved"), found


def lineage_of_the_emulator(aws):
    sagemaker = aws.sagemaker
    uri = {"SourceUri": "codecommit://churn-model/" + "c" * 40}
    commit = sagemaker.create_artifact(ArtifactName="own-commit", ArtifactType="Commit", Source=uri)["ArtifactArn"]
    refused(
        sagemaker.create_artifact, "ValidationException", "already exists",
        ArtifactName="own-other", ArtifactType="Commit", Source=uri,
    )
    run = {"SourceUri": "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/own/execution/1"}
    action = sagemaker.create_action(ActionName="own-run", ActionType="TrainingRun", Source=run, Status="InProgress")
    action = action["ActionArn"]
    sagemaker.create_context(ContextName="own-incident", ContextType="Incident", Source={"SourceUri": "trimtab:x"})
    refused(sagemaker.describe_action, "ResourceNotFound", "does not exist", ActionName="none")
    assert sagemaker.describe_context(ContextName="own-incident")["ContextType"] == "Incident"
    found = sagemaker.list_artifacts(SourceUri=uri["SourceUri"], ArtifactType="Commit")["ArtifactSummaries"]
    assert [artifact["ArtifactArn"] for artifact in found] == [commit], found
    link = {"SourceArn": commit, "DestinationArn": action}
    assert sagemaker.list_associations(**link)["AssociationSummaries"] == []
    sagemaker.add_association(**link, AssociationType="ContributedTo")
    refused(sagemaker.add_association, "ValidationException", "already exists", **link)
    refused(sagemaker.add_association, "ResourceNotFound", "does not exist", **{**link, "SourceArn": commit + "0"})
    (there,) = sagemaker.list_associations(**link)["AssociationSummaries"]
    assert (there["AssociationType"], there["DestinationType"]) == ("ContributedTo", "TrainingRun"), there
    sagemaker.update_action(ActionName="own-run", Status="Completed")
    assert sagemaker.describe_action(ActionName="own-run")["Status"] == "Completed"
