"""Training jobs and processing jobs: made, tagged, stopped."""

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
