"""Training, processing and transform jobs: made, tagged, stopped."""

from client import ROLE, refused, until


def a_job(name, **more):
    return dict(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://bucket/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        **more,
    )


def training_jobs(aws):
    sagemaker = aws.sagemaker
    name = f"{aws.own}-job"
    arn = sagemaker.create_training_job(**a_job(name, Tags=[{"Key": "owner", "Value": "o"}]))["TrainingJobArn"]
    assert arn.endswith(f":training-job/{name}"), arn
    found = sagemaker.describe_training_job(TrainingJobName=name)
    assert (found["TrainingJobArn"], found["ResourceConfig"]["InstanceType"]) == (arn, "ml.m5.large"), found
    assert found["AlgorithmSpecification"]["TrainingImage"] == "image", found
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "o"}]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "model", "Value": "m"}])
    assert [tag["Key"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]] == ["owner", "model"]
    refused(sagemaker.describe_training_job, "ValidationException", "ot f", TrainingJobName="none")


def processing_jobs(aws):
    sagemaker = aws.sagemaker
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
    job = dict(
        ProcessingJobName=f"{aws.own}-baseline", RoleArn=ROLE, AppSpecification={"ImageUri": "image"},
        ProcessingResources={"ClusterConfig": cluster}, Environment={"output_path": "/opt/ml/processing/output"},
    )
    arn = sagemaker.create_processing_job(**job)["ProcessingJobArn"]
    look = lambda: sagemaker.describe_processing_job(ProcessingJobName=job["ProcessingJobName"])
    until(lambda: look()["ProcessingJobStatus"], "Completed")
    assert (look()["ProcessingJobArn"], look()["AppSpecification"]["ImageUri"]) == (arn, "image")
    assert job["ProcessingJobName"] in [one["ProcessingJobName"] for one in sagemaker.list_processing_jobs()["ProcessingJobSummaries"]]
    refused(sagemaker.describe_processing_job, "ValidationException", "ot f", ProcessingJobName="none")


def stops_of_training_jobs(aws):
    sagemaker = aws.sagemaker
    sagemaker.create_training_job(**a_job("to-stop"))
    refused(sagemaker.create_training_job, "ResourceInUse", "already exists", **a_job("to-stop"))
    status = lambda: sagemaker.describe_training_job(TrainingJobName="to-stop")["TrainingJobStatus"]
    assert status() == "InProgress"
    sagemaker.stop_training_job(TrainingJobName="to-stop")
    refused(sagemaker.stop_training_job, "ValidationException", "in status Stop", TrainingJobName="to-stop")
    until(status, "Stopped")
    refused(sagemaker.stop_training_job, "ValidationException", "not found", TrainingJobName="none")


def ends_of_processing_jobs(aws):
    sagemaker = aws.sagemaker
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
    job = dict(
        ProcessingJobName="to-stop", RoleArn=ROLE, AppSpecification={"ImageUri": "image"},
        ProcessingResources={"ClusterConfig": cluster}, Tags=[{"Key": "owner", "Value": "o"}],
    )
    arn = sagemaker.create_processing_job(**job)["ProcessingJobArn"]
    refused(sagemaker.create_processing_job, "ResourceInUse", "already exists", **job)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == job["Tags"]
    sagemaker.stop_processing_job(ProcessingJobName="to-stop")
    refused(sagemaker.stop_processing_job, "ValidationException", "in status Stop", ProcessingJobName="to-stop")
    until(lambda: sagemaker.describe_processing_job(ProcessingJobName="to-stop")["ProcessingJobStatus"], "Stopped")


def a_transform(name, model):
    objects = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}}
    return dict(
        TransformJobName=name, ModelName=model, MaxConcurrentTransforms=4, MaxPayloadInMB=6,
        TransformInput={"DataSource": objects, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://bucket/out/{name}/", "AssembleWith": "Line", "Accept": "text/csv"},
        TransformResources={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
        DataProcessing={"JoinSource": "Input"},
    )


def transform_jobs(aws):
    sagemaker = aws.sagemaker
    name = f"trimtab-{aws.own}-v1-0123abcd"
    sagemaker.create_model(ModelName=f"{aws.own}-asked", ExecutionRoleArn=ROLE, Containers=[{"Image": "image"}])
    arn = sagemaker.create_transform_job(**a_transform(name, f"{aws.own}-asked"))["TransformJobArn"]
    look = lambda: sagemaker.describe_transform_job(TransformJobName=name)
    until(lambda: look()["TransformJobStatus"], "Completed")
    assert (look()["TransformJobArn"], look()["ModelName"]) == (arn, f"{aws.own}-asked"), look()
    assert look()["TransformOutput"]["S3OutputPath"] == f"s3://bucket/out/{name}/"
    refused(sagemaker.describe_transform_job, "ValidationException", "ot f", TransformJobName="none")


def ends_of_transform_jobs(aws):
    sagemaker = aws.sagemaker
    job = a_transform("to-stop", f"{aws.own}-asked")
    refused(sagemaker.create_transform_job, "ValidationException", "Could not find model", **dict(job, ModelName="none"))
    sagemaker.create_transform_job(**job)
    refused(sagemaker.create_transform_job, "ResourceInUse", "already exists", **job)
    (listed,) = sagemaker.list_transform_jobs(NameContains="to-stop")["TransformJobSummaries"]
    assert listed["TransformJobStatus"] == "InProgress", listed
    sagemaker.stop_transform_job(TransformJobName="to-stop")
    until(lambda: sagemaker.describe_transform_job(TransformJobName="to-stop")["TransformJobStatus"], "Stopped")
