//! `reconcile`, `retrain`, `promote` and `rollback`: what they put on the event bus.

use serde_json::json;

use crate::cloud::Cloud;

fn shows(what: &str) -> String {
    format!("requested {what}: `trimtab history churn` shows the outcome\n")
}

#[test]
fn reconcile_requests_a_reconcile_of_the_model() {
    let cloud = Cloud::new();
    cloud.prints(&["reconcile", "churn", "--bus", "b"], &shows("a reconcile of churn"));
    let event = cloud.event();
    assert_eq!((&event["EventBusName"], &event["DetailType"]), (&json!("b"), &json!("Reconcile Requested")));
    assert_eq!((&event["Source"], &event["Detail"]["model"]), (&json!("trimtab"), &json!("churn")));
}

#[test]
fn retrain_with_one_key_requests_one_run() {
    let dedup_key = |arguments: &[&str]| {
        let cloud = Cloud::new();
        let ended = cloud.run(&[&["retrain", "churn", "--reason", "new labels"], arguments].concat());
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        let event = cloud.event();
        let dedup_key = event["Detail"]["dedup_key"].as_str().unwrap().to_owned();
        let wanted = shows(&format!("a training run of churn ({dedup_key})"));
        assert_eq!(ended.out, wanted);
        assert_eq!((&event["EventBusName"], &event["DetailType"]), (&json!("trimtab"), &json!("Training Requested")));
        (dedup_key, event["Detail"]["details"].clone())
    };
    let (first, details) = dedup_key(&["--request", "ticket-7"]);
    let wanted = json!({"by": "maya", "reason": "new labels", "request": "ticket-7"});
    assert_eq!(details, wanted);
    let (again, details) = dedup_key(&["--request", "ticket-7", "--by", "noor", "--over-budget"]);
    let wanted = json!({"by": "noor", "reason": "new labels", "request": "ticket-7", "over_budget": "true"});
    assert_eq!((again, details), (first.clone(), wanted), "one request is one dedup key");
    assert_ne!(dedup_key(&["--request", "ticket-8"]).0, first);
    assert_ne!(dedup_key(&[]).0, first);
}

#[test]
fn promote_and_rollback_send_requests_to_deploy() {
    let cloud = Cloud::new();
    let wanted = shows("the promotion of version 3 into stage prod");
    cloud.prints(&["promote", "churn", "3", "--to", "prod"], &wanted);
    let event = cloud.event();
    assert_eq!((&event["EventBusName"], &event["DetailType"]), (&json!("trimtab"), &json!("Promotion Requested")));
    let detail = &event["Detail"];
    assert_eq!(detail["details"], json!({"by": "maya", "stage": "prod", "version": "3"}));
    assert_eq!(
        (&detail["model"], &detail["reasons"]),
        (&json!("churn"), &json!(["maya promotes version 3 into stage prod"]))
    );
    for (arguments, what, details) in [
        (&[][..], "a rollback of the last stage to its previous version", json!({"by": "maya"})),
        (&["--to", "2"], "a rollback of the last stage to version 2", json!({"by": "maya", "version": "2"})),
        (
            &["--stage", "prod", "--by", "noor"],
            "a rollback of stage prod to its previous version",
            json!({"by": "noor", "stage": "prod"}),
        ),
    ] {
        let cloud = Cloud::new();
        let ended = cloud.run(&[&["rollback", "churn"], arguments].concat());
        assert_eq!((ended.code, ended.out), (Some(0), shows(what)));
        let event = cloud.event();
        assert_eq!((&event["DetailType"], &event["Detail"]["details"]), (&json!("Rollback Requested"), &details));
    }
}
