//! `remove`.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_cli::in_flight::{function_of, in_flight};
use trimtab_core::fact::{Fact, FactKind, FactSubject, Token};
use trimtab_core::port::{AggregateId, Ledger, Record};
use trimtab_ledger::Aggregate;

use crate::cloud::{CHURN, Cloud, Folder, RECIPIENT, TOPIC, block, churn};
use crate::support::{ledger, noon};

const NO_TOPIC: &str = "no SNS topic is given (--topic): subscriptions are left unchanged\n";
const UNCHANGED: &str = "AWS resources of churn and its history are left unchanged\n";

/// A cloud in which `churn` is applied, with this policy.
fn applied(policy: &str) -> Cloud {
    let cloud = Cloud::new();
    let policy = trimtab_core::policy::Policy::parse("churn.toml", policy).unwrap();
    block(ledger(&cloud.table).apply(&policy)).unwrap();
    cloud
}

fn incident() -> AggregateId {
    AggregateId { owner: "churn".into(), name: "incident".into() }
}

/// The aggregate of `retrain` with a queued request.
fn queued() -> serde_json::Value {
    let trigger = retrain::trigger::Trigger::new(retrain::trigger::TriggerSubject::Operator("1".into()), "maya");
    json!(retrain::state::State { queued: Some(trigger), ..retrain::state::State::default() })
}

#[test]
fn model_is_removed_and_its_keys_are_free() {
    let cloud = applied(CHURN);
    let before: BTreeSet<_> = cloud.table.keys();
    let planned = format!("would remove policy `churn`\nwould release package-group#churn\n{NO_TOPIC}{UNCHANGED}");
    cloud.prints(&["remove", "churn", "--dry-run"], &planned);
    assert_eq!(cloud.table.keys(), before, "a dry run writes nothing");
    let removed = format!("removed policy `churn`\nreleased package-group#churn\n{NO_TOPIC}{UNCHANGED}");
    cloud.prints(&["remove", "churn"], &removed);
    assert_eq!(cloud.table.keys(), BTreeSet::new());
    cloud.fails(&["remove", "churn"], 1, "no policy of churn is applied");
    let heir = CHURN.replace("model = \"churn\"", "model = \"heir\"");
    let folder = Folder::new("heir", &[("heir.toml", &heir)]);
    assert_eq!(cloud.run(&["apply", "--policies", folder.path()]).code, Some(0));
}

#[test]
fn work_in_flight_refuses_the_removal_unless_forced() {
    let cloud = applied(CHURN);
    block(ledger(&cloud.table).save_state(&incident(), 0, &queued(), noon())).unwrap();
    let before = cloud.table.keys();
    cloud.fails(
        &["remove", "churn"],
        1,
        "error: churn has work in flight: queued training request (incident): nothing was removed\n\
         hint: wait until it ends (`trimtab history churn`), or pass --force\n",
    );
    assert_eq!(cloud.table.keys(), before);
    let ended = cloud.run(&["remove", "churn", "--dry-run"]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.out.contains("in flight: queued training request (incident)\n"), "{}", ended.out);
    let ended = cloud.run(&["remove", "churn", "--force"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert!(ended.out.contains("in flight: queued training request (incident), not continued\n"), "{}", ended.out);
    let left: Vec<(String, String)> = cloud.table.keys().into_iter().collect();
    assert_eq!(left, [("model#churn".to_owned(), "aggregate#incident".to_owned())], "the aggregate stays");
}

#[test]
fn subscription_of_the_model_alone_is_ended() {
    let cloud = applied(&format!("{CHURN}{RECIPIENT}"));
    *cloud.filter.lock().unwrap() = Some(r#"{"audience":[{"prefix":"churn/"}]}"#.to_owned());
    cloud.fails(&["remove", "churn"], 2, "no SNS topic is given");
    assert!(block(ledger(&cloud.table).policy(&churn())).unwrap().is_some(), "nothing was removed");
    let planned = cloud.run(&["remove", "churn", "--topic", TOPIC, "--dry-run"]);
    assert!(planned.out.contains("email oncall@example.com: would be unsubscribed"), "{}", planned.out);
    assert!(!cloud.sns.lock().unwrap().iter().any(|form| form.contains("Action=Unsubscribe")));
    let ended = cloud.run(&["remove", "churn", "--topic", TOPIC]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert!(ended.out.contains("email oncall@example.com: unsubscribed: no policy names it\n"), "{}", ended.out);
    assert!(cloud.sns.lock().unwrap().last().unwrap().starts_with("Action=Unsubscribe&"));
}

#[test]
fn subscription_for_other_models_continues_for_them() {
    let cloud = applied(&format!("{CHURN}{RECIPIENT}"));
    let filter = r#"{"audience":[{"suffix":"/critical"},"churn/info",{"prefix":"demand/"}]}"#;
    *cloud.filter.lock().unwrap() = Some(filter.to_owned());
    let ended = cloud.run(&["remove", "churn", "--topic", TOPIC]);
    let wanted = "email oncall@example.com: receives all models (critical), demand (all) from now on";
    assert!(ended.out.contains(wanted), "{} {}", ended.out, ended.err);
    let sns = cloud.sns.lock().unwrap();
    let set = sns.iter().find(|form| form.contains("SetSubscriptionAttributes")).unwrap();
    assert!(set.contains("demand") && !set.contains("churn"), "{set}");
}

#[test]
fn removal_that_failed_at_sns_is_completed_by_the_next_one() {
    let cloud = Cloud::new();
    *cloud.filter.lock().unwrap() = Some(r#"{"audience":[{"prefix":"churn/"}]}"#.to_owned());
    let wanted = format!("email oncall@example.com: unsubscribed: no policy names it\n{UNCHANGED}");
    cloud.prints(&["remove", "churn", "--topic", TOPIC], &wanted);
    cloud.fails(&["remove", "demand", "--topic", TOPIC], 1, "no subscription of the topic is for it");
}

#[test]
fn lease_and_outbox_are_work_in_flight() {
    let until = Timestamp::now() + SignedDuration::from_secs(50);
    let at = |lease_until, outbox| {
        let record = Record { epoch: 1, lease_until, state: Some(json!({"written": null})), outbox };
        in_flight(&Aggregate { name: "lineage#1".into(), record }, Timestamp::now())
    };
    let acting = "an invocation that is acting now (lineage#1)";
    assert_eq!(at(Some(until), vec![]).as_deref(), Some(acting));
    let failed = "an attempt that did not complete (lineage#1)";
    assert_eq!(at(Some(noon() - SignedDuration::from_hours(24 * 365 * 10)), vec![]).as_deref(), Some(failed));
    let subject = FactSubject::Incident { incident: Token::of("1") };
    let fact = Fact::new(FactKind::TrainingStarted, subject, noon()).of_model(&churn());
    assert_eq!(at(None, vec![fact]).as_deref(), Some(failed));
    assert_eq!(at(None, vec![]), None);
}

#[test]
fn state_that_cannot_be_read_is_work_in_flight() {
    let record = Record { epoch: 1, lease_until: None, state: Some(json!("odd")), outbox: vec![] };
    let text = in_flight(&Aggregate { name: "incident".into(), record }, noon()).unwrap();
    assert_eq!(text, "a state of retrain that this version cannot read (incident)");
}

/// Whatever a function names its aggregates, its work is found there.
#[test]
fn every_aggregate_name_belongs_to_its_function() {
    use trimtab_core::reactor::Decide;
    fn check<F: Decide>(event: &trimtab_core::event::Event, set: &trimtab_cli::policies::PolicySet) {
        let policies = set.policies.iter().map(Some).chain([None]);
        for aggregate in policies.map(|policy| F::aggregate(event, policy)) {
            assert_eq!(function_of(&aggregate), Some(F::FUNCTION), "{aggregate}");
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let set = trimtab_cli::policies::read(&root.join("policies")).unwrap();
    let routes: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(root.join("events/routes.json")).unwrap()).unwrap();
    for file in routes.keys() {
        let (_, event) = trimtab_cli::commands::plan::read(&root.join("events").join(file)).unwrap();
        check::<deploy::Deploy>(&event, &set);
        check::<evaluate::Evaluation>(&event, &set);
        check::<guard::Guard>(&event, &set);
        check::<integrate::Integrate>(&event, &set);
        check::<lineage::Lineage>(&event, &set);
        check::<monitor::Monitor>(&event, &set);
        check::<notify::Notify>(&event, &set);
        check::<reconcile::Reconcile>(&event, &set);
        check::<retrain::Retrain>(&event, &set);
    }
}
