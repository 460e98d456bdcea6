//! CloudTrail's calls: SageMaker's operations, each with the resource that it is about.

use super::*;

#[test]
fn each_call_that_creates_changes_or_opens_is_checked() {
    use ResourceKind::*;
    let rows = [
        ("CreateTrainingJob", "trainingJobName", Training),
        ("UpdateTrainingJob", "trainingJobName", Training),
        ("CreateProcessingJob", "processingJobName", Processing),
        ("CreateModel", "modelName", Model),
        ("DeleteModel", "modelName", Model),
        ("CreateEndpointConfig", "endpointConfigName", EndpointConfig),
        ("DeleteEndpointConfig", "endpointConfigName", EndpointConfig),
        ("CreateEndpoint", "endpointName", Endpoint),
        ("UpdateEndpoint", "endpointName", Endpoint),
        ("DeleteEndpoint", "endpointName", Endpoint),
        ("CreateNotebookInstance", "notebookInstanceName", Notebook),
        ("UpdateNotebookInstance", "notebookInstanceName", Notebook),
        ("StartNotebookInstance", "notebookInstanceName", Notebook),
        ("CreatePresignedNotebookInstanceUrl", "notebookInstanceName", Notebook),
        ("DeleteNotebookInstance", "notebookInstanceName", Notebook),
    ];
    for (call, field, kind) in rows {
        let request = json!({field: "churn-1"});
        let raw = event(
            "aws.sagemaker",
            "AWS API Call via CloudTrail",
            json!([]),
            json!({"eventName": call, "requestParameters": request}),
        );
        let Body::ApiCall(read) = body_of(&raw) else { panic!("{call}") };
        let resource = read.resource.unwrap_or_else(|| panic!("{call} is looked at"));
        assert_eq!((resource.kind, resource.name.as_str()), (kind, "churn-1"), "{call}");
    }
    for call in ["DescribeTrainingJob", "ListModels", "StopTrainingJob", "InvokeEndpoint"] {
        let raw = event("aws.sagemaker", "AWS API Call via CloudTrail", json!([]), json!({"eventName": call}));
        let Body::ApiCall(read) = body_of(&raw) else { panic!("{call}") };
        assert_eq!(read.resource, None, "{call}");
    }
}

#[test]
fn resource_is_known_by_its_arn() {
    let rows = [
        (ResourceKind::Training, "training-job", "training job"),
        (ResourceKind::Processing, "processing-job", "processing job"),
        (ResourceKind::Model, "model", "model"),
        (ResourceKind::EndpointConfig, "endpoint-config", "endpoint configuration"),
        (ResourceKind::Endpoint, "endpoint", "endpoint"),
        (ResourceKind::Notebook, "notebook-instance", "notebook instance"),
    ];
    assert_eq!(rows.map(|(kind, _, _)| kind), ResourceKind::ALL);
    for (kind, word, said) in rows {
        let arn = format!("arn:aws:sagemaker:eu-west-1:123456789012:{word}/churn-1");
        let found = Resource::of_arn(&arn).unwrap();
        assert_eq!((found.kind, found.name.as_str()), (kind, "churn-1"), "{arn}");
        assert_eq!((kind.in_arn(), kind.as_str()), (word, said));
    }
    for other in [
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3",
        "arn:aws:sagemaker:eu-west-1:123456789012:endpoint",
        "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/-churn",
        "arn:aws:s3:eu-west-1:123456789012:endpoint/churn",
        "urn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn",
        "endpoint/churn",
        "",
    ] {
        assert_eq!(Resource::of_arn(other), None, "{other}");
    }
}

#[test]
fn call_that_takes_an_arn_for_a_name_is_about_that_resource() {
    let about = |arn: &str| {
        let detail = json!({"eventName": "DeleteEndpoint", "requestParameters": {"endpointName": arn}});
        match body_of(&event("aws.sagemaker", "AWS API Call via CloudTrail", json!([]), detail)) {
            Body::ApiCall(call) => call.resource.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let found = about("arn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn-prod");
    assert_eq!((found.kind, found.name.as_str()), (ResourceKind::Endpoint, "churn-prod"));
}

#[test]
fn removed_tags_are_of_the_resource_whose_arn_is_given() {
    let detail = json!({"eventName": "DeleteTags", "requestParameters":
        {"resourceArn": "arn:aws:sagemaker:eu-west-1:123456789012:model/churn-1"}});
    let Body::ApiCall(call) = body_of(&event("aws.sagemaker", "AWS API Call via CloudTrail", json!([]), detail)) else {
        panic!()
    };
    assert_eq!(call.resource.unwrap().kind, ResourceKind::Model);
}

#[test]
fn caller_is_named_by_the_end_of_its_arn() {
    let name = |arn: Value| {
        let detail = json!({"eventName": "ListModels", "userIdentity": {"arn": arn}});
        match body_of(&event("aws.sagemaker", "AWS API Call via CloudTrail", json!([]), detail)) {
            Body::ApiCall(call) => call.caller.name().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(name(json!("arn:aws:iam::123456789012:user/team/mira")), "mira");
    assert_eq!(name(json!("root")), "root");
    assert_eq!(name(json!("arn:aws:iam::123456789012:user/")), "unknown");
    assert_eq!(name(json!(null)), "unknown");
}
