//! Each command of the binary against AWS as the test plays it: what it asks, what it prints, how it exits.
//! 0 is done, 1 is what the world answered, 2 is what the caller brought.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../../shared/ledger/tests/support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::wire::{Call, PortResult, listen};
use support::{Table, entry, ledger, noon, table};
use trimtab_core::name::ModelName;
use trimtab_core::plan::Decision;
use trimtab_core::port::{AggregateId, Ledger};

/// A list that the stub fills and the test reads.
type Shared<T> = Arc<Mutex<Vec<T>>>;

/// AWS for one process.
struct Cloud {
    address: SocketAddr,
    table: Table,
    /// The entries that were put on a bus.
    events: Arc<Mutex<Vec<Value>>>,
    /// The forms that SNS was sent.
    sns: Arc<Mutex<Vec<String>>>,
}

/// How a command ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Cloud {
    fn new() -> Self {
        Self::refusing(None)
    }

    /// A cloud that refuses each call of EventBridge with this status and code.
    fn refusing(refusal: Option<(u16, &'static str)>) -> Self {
        let (table, events, sns) = (Table::default(), Arc::default(), Arc::default());
        let (played, put, asked): (Table, Shared<Value>, Shared<String>) =
            (table.clone(), Arc::clone(&events), Arc::clone(&sns));
        let address = listen(Arc::new(move |call: &Call| match call.operation.as_str() {
            "PutEvents" => match refusal {
                Some((status, code)) => PortResult::error(status, code, "no"),
                None => {
                    put.lock().unwrap().extend(call.json()["Entries"].as_array().unwrap().clone());
                    PortResult::ok(&json!({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}))
                }
            },
            "GetQueueUrl" => PortResult::ok(&json!({"QueueUrl": "http://queue"})),
            "ReceiveMessage" => PortResult::ok(&json!({})),
            "" => topic(&asked, call),
            _ => played.answer(call),
        }));
        Self { address, table, events, sns }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
        command.args(arguments);
        // Whatever this machine is configured with is not the operator's.
        for (name, _) in std::env::vars_os() {
            if ["AWS_", "TRIMTAB_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.env("AWS_ENDPOINT_URL", format!("http://{}", self.address)).env("HOME", "/nonexistent");
        command.envs([("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
        command.envs([("AWS_MAX_ATTEMPTS", "1"), ("AWS_EC2_METADATA_DISABLED", "true"), ("USER", "maya")]);
        command.envs([("TRIMTAB_TABLE", table::NAME)]).envs(environment.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The command is done, and prints this.
    fn prints(&self, arguments: &[&str], wanted: &str) {
        let ended = self.run(arguments);
        assert_eq!((ended.code, ended.err.as_str(), ended.out.as_str()), (Some(0), "", wanted), "{arguments:?}");
    }

    /// The command ends with this code, prints one line of error, at most one of hint, and these words.
    fn fails(&self, arguments: &[&str], code: i32, words: &str) {
        let ended = self.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{arguments:?}: {}", ended.err);
        let lines: Vec<&str> = ended.err.trim_end().lines().collect();
        let hinted = lines.len() == 2 && lines[1].starts_with("hint: ");
        assert!(lines[0].starts_with("error: ") && (lines.len() == 1 || hinted), "{}", ended.err);
        assert!(ended.err.contains(words), "{}", ended.err);
    }

    /// The only event that was put on a bus.
    fn event(&self) -> Value {
        let events = self.events.lock().unwrap();
        assert_eq!(events.len(), 1, "{events:?}");
        let mut event = events[0].clone();
        event["Detail"] = serde_json::from_str(event["Detail"].as_str().unwrap()).unwrap();
        event
    }
}

/// A topic without subscriptions, which takes new ones.
fn topic(asked: &Mutex<Vec<String>>, call: &Call) -> PortResult {
    let form = String::from_utf8(call.body.clone()).unwrap();
    let result = match form.split('&').next().unwrap() {
        "Action=ListSubscriptionsByTopic" => ("ListSubscriptionsByTopic", "<Subscriptions/>"),
        "Action=Subscribe" => ("Subscribe", "<SubscriptionArn>pending confirmation</SubscriptionArn>"),
        other => panic!("{other} is not played"),
    };
    let (action, inside) = result;
    asked.lock().unwrap().push(form);
    let body = format!(
        "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>{inside}</{action}Result></{action}Response>"
    );
    PortResult::text(200, body)
}

/// A folder of policies that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("trimtab-commands-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const CHURN: &str = "version = 1\nmodel = \"churn\"\nowner = \"team\"\npackage_group = \"churn\"\n";
const TOLD: &str = "[[notify.recipients]]\nprotocol = \"email\"\nendpoint = \"oncall@example.com\"\n";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:suite-notices";

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn churn() -> ModelName {
    ModelName::parse("churn").unwrap()
}

#[test]
fn pause_and_resume_hold_for_what_is_named() {
    let cloud = Cloud::new();
    cloud.prints(&["pause", "churn"], "paused churn: events that come meanwhile are kept\n");
    let pause = block(ledger(&cloud.table).pause(Some(&churn()))).unwrap().unwrap();
    assert_eq!(pause.by, "maya", "whoever runs the command, unless --by says otherwise");
    assert!((jiff::Timestamp::now() - pause.since).as_hours() == 0, "since now: {}", pause.since);
    assert_eq!(block(ledger(&cloud.table).pause(None)), Ok(None), "the suite goes on");
    cloud.prints(&["resume", "churn"], "resumed churn\n");
    assert_eq!(block(ledger(&cloud.table).pause(Some(&churn()))), Ok(None));
    cloud.prints(&["pause", "--by", "noor"], "paused the suite: events that come meanwhile are kept\n");
    assert_eq!(block(ledger(&cloud.table).pause(None)).unwrap().unwrap().by, "noor");
    cloud.prints(&["resume"], "resumed the suite\n");
    assert_eq!(block(ledger(&cloud.table).pause(None)), Ok(None));
    cloud.fails(&["pause", "Churn; rm"], 2, "not a valid model name");
}

#[test]
fn history_says_what_was_done_and_why_oldest_first() {
    let cloud = Cloud::new();
    cloud.prints(&["history", "churn"], "nothing is on record for churn\n");
    cloud.prints(&["history"], "nothing is on record for the suite\n");
    let id = AggregateId { owner: "churn".into(), name: "incident".into() };
    let mut second = entry("churn", "e-2", Decision::Skipped);
    (second.event_time, second.actions) = (noon(), vec![]);
    second.reasons = vec!["first".into(), "second\u{202e}\nline".into()];
    second.detail_type = "Odd\nKind".into();
    for entry in [&second, &entry("churn", "e-1", Decision::Acted)] {
        block(ledger(&cloud.table).finish(&id, 0, None, entry)).unwrap();
    }
    let wanted = "2026-11-20 12:00:00Z retrain acted: CloudWatch Alarm State Change\n    because because\n    \
                  did StartPipelineExecution\n\
                  2026-11-20 12:00:00Z retrain skipped: Odd Kind\n    because first\n    because second line\n";
    cloud.prints(&["history", "churn"], wanted);
    cloud.prints(&["history"], "nothing is on record for the suite\n");
}

#[test]
fn dead_letters_are_listed_with_their_reasons() {
    let cloud = Cloud::new();
    cloud.prints(&["dead-letters"], "no event is kept: each could be acted on\n");
    let mut entry = entry("churn", "e-1", Decision::Failed);
    entry.actions = vec![];
    block(ledger(&cloud.table).dead_letter(&entry, &json!({"id": "e-1"}))).unwrap();
    let wanted = "2026-11-20 12:00:00Z retrain failed: CloudWatch Alarm State Change\n    because because\n";
    cloud.prints(&["dead-letters"], wanted);
}

#[test]
fn redrive_reaches_the_queues_and_the_ledger_of_its_stack() {
    let cloud = Cloud::new();
    cloud.prints(&["redrive"], "nothing waits\n");
    block(ledger(&cloud.table).dead_letter(&entry("churn", "e-1", Decision::Failed), &json!({"id": "e-1"}))).unwrap();
    let wanted = "dead-letters: unknown e-1 for prod-retrain\n    waits because because\n";
    cloud.prints(&["redrive", "--queue", "dead-letters", "--dry-run", "--stack", "prod"], wanted);
    cloud.prints(&["redrive", "--queue", "failures"], "nothing waits\n");
}

#[test]
fn apply_writes_policies_then_subscribes_recipients() {
    let cloud = Cloud::new();
    let suite = "version = 1\n[guard]\ntags = [\"owner\"]\n";
    let folder = Folder::new("apply", &[("churn.toml", &format!("{CHURN}{TOLD}")), ("organization.toml", suite)]);
    let applied = "applied the suite's own: the guard is on\napplied churn: 1 names lead to it\n";
    let ended = cloud.run_with(&["apply", "--policies", folder.path()], &[("TRIMTAB_TOPIC_ARN", TOPIC)]);
    let told = "email oncall@example.com: subscribed to churn (all); hears nothing until it is confirmed there\n";
    assert_eq!((ended.code, ended.err, ended.out), (Some(0), String::new(), format!("{applied}{told}")));
    assert!(block(ledger(&cloud.table).policy(&churn())).unwrap().is_some());
    assert!(block(ledger(&cloud.table).organization_policy()).unwrap().unwrap().guard.is_some());
    let sns = cloud.sns.lock().unwrap().clone();
    assert_eq!(sns.len(), 2, "looked at, then subscribed: {sns:?}");
    assert!(sns.iter().all(|form| form.contains("suite-notices")), "{sns:?}");
}

#[test]
fn apply_without_recipients_needs_no_topic() {
    let cloud = Cloud::new();
    let folder = Folder::new(
        "plain",
        &[("churn.toml", CHURN), ("organization.toml", "version = 1\n"), ("notes.txt", "no policy")],
    );
    let wanted = "applied the suite's own: the guard is off\napplied churn: 1 names lead to it\n\
                  no topic was given (--topic): who is told stays as it is\n";
    cloud.prints(&["apply", "--policies", folder.path()], wanted);
    assert_eq!(*cloud.sns.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn apply_without_a_topic_for_recipients_writes_nothing() {
    let cloud = Cloud::new();
    let folder = Folder::new("outbox", &[("churn.toml", &format!("{CHURN}{TOLD}"))]);
    cloud.fails(&["apply", "--policies", folder.path()], 2, "the policies name recipients, and no topic");
    cloud.fails(&["apply", "--policies", folder.path(), "--topic", "notices"], 2, "not a valid topic ARN");
    assert_eq!(cloud.table.contents().calls.len(), 0);
}

#[test]
fn check_reads_the_policies_and_asks_nothing_of_aws() {
    let cloud = Cloud::new();
    let folder = Folder::new("check", &[("churn.toml", &format!("{CHURN}{TOLD}"))]);
    cloud.prints(&["apply", "--check", "--policies", folder.path()], "1 policies are in order\n");
    let too_many: Vec<(String, String)> = (0..51)
        .map(|number| {
            let text = CHURN.replace("churn", &format!("m{number}"));
            (format!("m{number}.toml"), format!("{text}{TOLD}severities = [\"info\", \"critical\"]\n"))
        })
        .collect();
    let files: Vec<(&str, &str)> = too_many.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::new("many", &files);
    cloud.fails(&["apply", "--check", "--policies", folder.path()], 2, "SNS takes 150");
    assert_eq!((cloud.table.contents().calls.len(), cloud.sns.lock().unwrap().len()), (0, 0));
}

#[test]
fn a_folder_that_cannot_be_applied_exits_2() {
    let cloud = Cloud::new();
    cloud.fails(&["apply", "--policies", "/nowhere/at/all"], 2, "/nowhere/at/all: ");
    let folder = Folder::new("organization-only", &[("organization.toml", "version = 1\n"), ("churn.txt", CHURN)]);
    cloud.fails(&["apply", "--policies", folder.path()], 2, "no policy here: expected at least one .toml file");
    let folder = Folder::new(
        "wrong-organization",
        &[("churn.toml", CHURN), ("organization.toml", "version = 1\nmodel = \"churn\"\n")],
    );
    cloud.fails(&["apply", "--policies", folder.path()], 2, "organization.toml");
    let second = CHURN.replace("model = \"churn\"", "model = \"thief\"");
    let folder = Folder::new("thief", &[("churn.toml", CHURN), ("thief.toml", &second)]);
    cloud.fails(&["apply", "--policies", folder.path()], 2, "thief.toml");
    assert_eq!(cloud.table.contents().calls.len(), 0);
}

#[test]
fn what_the_world_refuses_exits_1() {
    let cloud = Cloud::new();
    let folder = Folder::new("refused", &[("churn.toml", CHURN)]);
    cloud.table.answers(PortResult::error(400, "ResourceNotFoundException", "no such table"));
    cloud.fails(
        &["apply", "--policies", folder.path()],
        1,
        "\nhint: check the region (AWS_REGION), the credentials and --table\n",
    );
    let holder = json!({"pk": {"S": "key#package-group#churn"}, "sk": {"S": "model"}, "model": {"S": "other"}});
    cloud.table.put(&holder);
    cloud.fails(&["apply", "--policies", folder.path()], 1, "belongs to another model already: other");
    for (refusal, words) in
        [((400, "AccessDeniedException"), "was refused"), ((500, "InternalFailure"), "can be retried")]
    {
        let cloud = Cloud::refusing(Some(refusal));
        for command in [
            &["reconcile", "churn"][..],
            &["retrain", "churn", "--reason", "r"],
            &["promote", "churn", "3", "--to", "prod"],
            &["rollback", "churn"],
        ] {
            cloud.fails(command, 1, words);
        }
    }
}

#[test]
fn the_wrong_arguments_exit_2() {
    let cloud = Cloud::new();
    for arguments in
        [&["promote", "churn", "three", "--to", "prod"][..], &["redrive", "--queue", "other"], &["fly"], &[]]
    {
        let ended = cloud.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
    }
    for arguments in [
        &["reconcile", "Churn;"][..],
        &["retrain", "Churn;", "--reason", "r"],
        &["promote", "Churn;", "3", "--to", "prod"],
        &["promote", "churn", "3", "--to", "Prod;"],
        &["rollback", "Churn;"],
        &["rollback", "churn", "--stage", "Prod;"],
        &["history", "Churn;"],
        &["resume", "Churn;"],
    ] {
        cloud.fails(arguments, 2, "not a valid ");
    }
    assert_eq!(*cloud.events.lock().unwrap(), Vec::<Value>::new());
}

#[test]
fn look_asks_for_one_look_at_the_model() {
    let cloud = Cloud::new();
    cloud.prints(
        &["reconcile", "churn", "--bus", "b"],
        "asked for a look at churn: trimtab history churn says what was found\n",
    );
    let event = cloud.event();
    assert_eq!((&event["EventBusName"], &event["DetailType"]), (&json!("b"), &json!("Reconcile Requested")));
    assert_eq!((&event["Source"], &event["Detail"]["model"]), (&json!("trimtab"), &json!("churn")));
}

#[test]
fn retrain_asks_for_one_run_however_often_it_is_made() {
    let dedup_key = |arguments: &[&str]| {
        let cloud = Cloud::new();
        let ended = cloud.run(&[&["retrain", "churn", "--reason", "new labels"], arguments].concat());
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        let event = cloud.event();
        let dedup_key = event["Detail"]["dedup_key"].as_str().unwrap().to_owned();
        let wanted = format!("asked for a run of churn ({dedup_key}): trimtab history churn says what came of it\n");
        assert_eq!(ended.out, wanted);
        assert_eq!((&event["EventBusName"], &event["DetailType"]), (&json!("trimtab"), &json!("Training Requested")));
        (dedup_key, event["Detail"]["details"].clone())
    };
    let (first, details) = dedup_key(&["--request", "ticket-7"]);
    let wanted = json!({"by": "maya", "reason": "new labels", "request": "ticket-7"});
    assert_eq!(details, wanted);
    let (again, details) = dedup_key(&["--request", "ticket-7", "--by", "noor", "--over-budget"]);
    let wanted = json!({"by": "noor", "reason": "new labels", "request": "ticket-7", "over_budget": "true"});
    assert_eq!(
        (again, details),
        (first.clone(), wanted),
        "one request is one dedup key, whoever makes it and whenever"
    );
    assert_ne!(dedup_key(&["--request", "ticket-8"]).0, first);
    assert_ne!(dedup_key(&[]).0, first);
}

#[test]
fn promote_and_roll_back_ask_deploy() {
    let cloud = Cloud::new();
    let wanted = "asked to let version 3 into prod: trimtab history churn says what came of it\n";
    cloud.prints(&["promote", "churn", "3", "--to", "prod"], wanted);
    let event = cloud.event();
    assert_eq!((&event["EventBusName"], &event["DetailType"]), (&json!("trimtab"), &json!("Promotion Requested")));
    let detail = &event["Detail"];
    assert_eq!(detail["details"], json!({"by": "maya", "stage": "prod", "version": "3"}));
    assert_eq!((&detail["model"], &detail["reasons"]), (&json!("churn"), &json!(["maya lets version 3 into prod"])));
    for (arguments, details) in [
        (&[][..], json!({"by": "maya"})),
        (&["--to", "2"], json!({"by": "maya", "version": "2"})),
        (&["--stage", "prod", "--by", "noor"], json!({"by": "noor", "stage": "prod"})),
    ] {
        let cloud = Cloud::new();
        let wanted = "asked to go back: trimtab history churn says what came of it\n";
        cloud.prints(&[&["rollback", "churn"], arguments].concat(), wanted);
        let event = cloud.event();
        assert_eq!((&event["DetailType"], &event["Detail"]["details"]), (&json!("Rollback Requested"), &details));
    }
}
