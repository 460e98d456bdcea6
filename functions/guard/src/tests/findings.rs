//! A finding whose resource or call changes before it is closed.

use trimtab_core::event::{Body, ResourceKind};

use super::*;

fn arn() -> Value {
    json!({"resourceArn": "arn:aws:sagemaker:eu-west-1:123456789012:training-job/churn-by-hand"})
}

#[test]
fn job_that_ended_before_its_stop_is_not_reported_as_stopped() {
    let stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.services.resources().ends_first = true;
    let event = call(1, NOW, "CreateTrainingJob", &without("tags"));
    let report = stage.react(&event);
    assert_eq!(report.codes, ["finding", "breach", "breach", "already_ended"]);
    assert_eq!(stage.published(), expected(&[("Finding Reported", "1")]));
    let calls: Vec<String> = stage.services.calls().into_iter().filter(|call| call.starts_with("resources.")).collect();
    let expected = ["resources.describe churn-by-hand", "resources.stop churn-by-hand"];
    assert_eq!(calls, expected, "described, then stopped");
}

#[test]
fn stop_names_the_resource_as_its_owner_wrote_it() {
    let mut named = without("tags");
    named["trainingJobName"] = json!("Churn-By-Hand");
    let mut stage = Rig::with("CreateTrainingJob", &named);
    stage.refuse();
    stage.receives("CreateTrainingJob", &named);
    // An ARN has the name in lower case, and SageMaker's calls are case-sensitive.
    let report = stage.receives("AddTags", &arn());
    assert_eq!(report.entry.actions[0]["resource"]["name"], "Churn-By-Hand");
    // Another breach is another finding, of the same resource.
    stage.change(|actual| actual.vpc = Some(false));
    let report = stage.receives("AddTags", &arn());
    assert_eq!(report.entry.actions[0]["resource"]["name"], "Churn-By-Hand");
}

#[test]
fn pending_stop_is_resumed_by_the_next_event() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.receives("CreateTrainingJob", &without("tags"));
    {
        let mut contents = stage.world.ledger.contents();
        let record = contents.aggregates.values_mut().next().unwrap();
        record.state.as_mut().unwrap()["finding"]["stop"] = json!("requested");
    }
    stage.change(|actual| actual.activity = Activity::Running);
    stage.receives("AddTags", &arn());
    assert_eq!(stage.stops(), 2);
}

#[test]
fn recreated_resource_is_a_finding_of_its_own() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.receives("CreateTrainingJob", &without("tags"));
    stage.change(|actual| {
        actual.created = "2026-11-20T09:30:00Z".parse().unwrap();
        actual.activity = Activity::Running;
    });
    stage.receives("CreateTrainingJob", &without("tags"));
    let numbers =
        expected(&[("Finding Reported", "1"), ("Job Stopped", "1"), ("Finding Reported", "2"), ("Job Stopped", "2")]);
    assert_eq!((stage.published(), stage.stops()), (numbers, 2));
}

#[test]
fn compliant_successor_of_the_same_name_closes_the_finding() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.receives("CreateTrainingJob", &without("tags"));
    let compliant_one = Rig::with("CreateTrainingJob", &compliant());
    let mut actual = compliant_one.services.resources().resource.clone().unwrap();
    actual.created = "2026-11-20T09:30:00Z".parse().unwrap();
    stage.services.resources().resource = Some(actual);
    assert_eq!(stage.receives("CreateTrainingJob", &compliant()).codes, ["gone"]);
    assert_eq!(stage.published().last(), expected(&[("Finding Closed", "1")]).last());
}

#[test]
fn exempt_caller_closes_an_open_finding() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.receives("CreateTrainingJob", &without("tags"));
    stage.world.ledger.contents().organization.as_mut().unwrap().guard.as_mut().unwrap().exempt =
        ["arn:aws:iam::123456789012:role/data-*".to_owned()].into();
    let tags = [("owner", "mira"), ("model", "churn")].map(|(key, value)| (key.into(), value.into()));
    stage.change(|actual| actual.tags = tags.into());
    assert_eq!(stage.receives("AddTags", &arn()).codes, ["resolved"]);
}

#[test]
fn exemption_by_the_session_arn_holds_too() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.world.ledger.contents().organization.as_mut().unwrap().guard.as_mut().unwrap().exempt =
        ["arn:aws:sts::123456789012:assumed-role/data-science/*".to_owned()].into();
    assert_eq!(stage.receives("CreateTrainingJob", &without("tags")).codes, ["exempt"]);
}

#[test]
fn empty_owner_tag_counts_as_missing() {
    let mut request = compliant();
    request["tags"] = json!([{"key": "owner", "value": " "}, {"key": "model", "value": "churn"}]);
    let mut stage = Rig::with("CreateTrainingJob", &request);
    stage.receives("CreateTrainingJob", &request);
    assert_eq!(stage.world.bus.facts()[0].details.text("owner").unwrap(), "maya");
}

#[test]
fn unknown_resource_without_a_finding_is_skipped() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.services.resources().resource = None;
    let report = stage.receives("CreateTrainingJob", &without("tags"));
    assert_eq!(report.codes, ["gone"]);
    assert_eq!((stage.published(), stage.stops()), (vec![], 0));
}

#[test]
fn finding_names_the_resource_the_caller_and_each_rule_once() {
    let mut request = without("tags");
    request["resourceConfig"]["instanceType"] = json!("ml.p5.48xlarge");
    let mut stage = Rig::with("CreateTrainingJob", &request);
    stage.receives("CreateTrainingJob", &request);
    let facts = stage.world.bus.facts();
    for fact in &facts {
        let arn = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/churn-by-hand";
        assert_eq!(fact.details.text("resource").unwrap(), arn);
        assert_eq!(
            (fact.details.text("caller").unwrap(), fact.details.text("rules").unwrap()),
            ("maya", "tags, instance_types")
        );
        assert_eq!(fact.model, None, "a finding belongs to no model");
    }
    assert_eq!(facts[1].reasons, ["training job churn-by-hand was stopped, as guard.stop says"]);
}

/// Planning offline: a call that creates nothing describes no resource.
#[test]
fn request_that_creates_nothing_is_no_resource() {
    for name in ["DeleteModel", "StopTrainingJob", "CreatePresignedNotebookInstanceUrl", "UpdateEndpoint"] {
        let request =
            json!({"modelName": "a", "trainingJobName": "a", "notebookInstanceName": "a", "endpointName": "a"});
        let event = Event::parse(&call(1, NOW, name, &request)).unwrap();
        assert_eq!(Guard::preview(&event), None, "{name}");
    }
    let other = json!({"version": "0", "id": "1", "source": "aws.events", "detail-type": "Scheduled Event",
        "account": "123456789012", "region": "eu-west-1", "time": NOW, "resources": [], "detail": {}});
    let event = Event::parse(&other).unwrap();
    assert_eq!((Guard::preview(&event), event.body == Body::Scheduled), (None, true));
}

/// The activity that a request leads to: only a running resource can be stopped.
#[test]
fn request_leads_to_what_can_be_stopped_by_its_kind() {
    let expected = [
        ("CreateTrainingJob", "trainingJobName", ResourceKind::Training, Activity::Running),
        ("CreateProcessingJob", "processingJobName", ResourceKind::Processing, Activity::Running),
        ("CreateNotebookInstance", "notebookInstanceName", ResourceKind::Notebook, Activity::Starting),
        ("CreateModel", "modelName", ResourceKind::Model, Activity::Over),
        ("CreateEndpoint", "endpointName", ResourceKind::Endpoint, Activity::Over),
    ];
    for (name, field, kind, activity) in expected {
        let event = Event::parse(&call(1, NOW, name, &json!({(field): "Churn-A"}))).unwrap();
        let actual = Guard::preview(&event).unwrap();
        assert_eq!(actual.activity, activity, "{name}");
        let arn = format!("arn:aws:sagemaker:eu-west-1:123456789012:{}/churn-a", kind.in_arn());
        assert_eq!((actual.arn, actual.created), (arn, NOW.parse().unwrap()), "{name}");
    }
}

#[test]
fn two_resources_have_findings_of_their_own() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.receives("CreateTrainingJob", &without("tags"));
    let mut other = without("tags");
    other["trainingJobName"] = json!("another-by-hand");
    stage.change(|actual| actual.activity = Activity::Running);
    stage.receives("CreateTrainingJob", &other);
    // The same name for another kind of resource is another resource.
    let processing = json!({"processingJobName": "churn-by-hand"});
    let event = Event::parse(&call(9, NOW, "CreateProcessingJob", &processing)).unwrap();
    stage.services.resources().resource = Guard::preview(&event);
    stage.receives("CreateProcessingJob", &processing);
    let subjects: std::collections::BTreeSet<String> =
        stage.world.bus.facts().into_iter().map(|fact| fact.dedup_key()).collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    assert_eq!(stage.world.ledger.contents().aggregates.len(), 3, "one record each");
}

#[test]
fn known_finding_of_what_cannot_be_stopped_is_reported_once() {
    let request = json!({"endpointName": "churn-prod"});
    let mut stage = Rig::with("CreateEndpoint", &request);
    stage.change(|actual| actual.activity = Activity::Running);
    stage.receives("CreateEndpoint", &request);
    assert_eq!(stage.receives("UpdateEndpoint", &request).codes, ["already_reported"]);
    assert_eq!((stage.published(), stage.stops()), (expected(&[("Finding Reported", "1")]), 0));
}

#[test]
fn second_attempt_to_stop_is_recorded_before_the_call() {
    let mut stage = Rig::with("CreateTrainingJob", &without("tags"));
    stage.refuse();
    stage.receives("CreateTrainingJob", &without("tags"));
    stage.services.accept();
    stage.services.fail_next("resources.stop", Fault::Throttled);
    let event = call(8, "2026-11-20T11:00:00Z", "CreateTrainingJob", &without("tags"));
    let lost = stage.try_react(&event);
    assert!(matches!(lost, Err(Failure::Transient { .. })), "the event goes back to Lambda");
    let contents = stage.world.ledger.contents();
    let state = contents.aggregates.values().next().unwrap().state.clone().unwrap();
    assert_eq!((&state["finding"]["stop"], &state["count"]), (&json!("requested"), &json!(1)));
}
