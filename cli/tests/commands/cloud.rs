//! AWS for one process of the command, and what the process printed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use trimtab_core::name::ModelName;

use crate::support::wire::{Answer, Call, listen};
use crate::support::{Table, table};

/// A list that the service fills and the test reads.
type Shared<T> = Arc<Mutex<Vec<T>>>;

/// AWS for one process.
pub struct Cloud {
    address: SocketAddr,
    pub table: Table,
    /// The entries that were put on a bus.
    pub events: Arc<Mutex<Vec<Value>>>,
    /// The forms that SNS received.
    pub sns: Arc<Mutex<Vec<String>>>,
    /// The filter policy of the topic's only subscription; `None` if it has none.
    pub filter: Arc<Mutex<Option<String>>>,
}

/// The result of a process.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Cloud {
    pub fn new() -> Self {
        Self::refusing(None)
    }

    /// A cloud that refuses each call of EventBridge with this status and code.
    pub fn refusing(refusal: Option<(u16, &'static str)>) -> Self {
        let (table, events, sns) = (Table::default(), Arc::default(), Arc::default());
        let (played, put, asked): (Table, Shared<Value>, Shared<String>) =
            (table.clone(), Arc::clone(&events), Arc::clone(&sns));
        let filter: Arc<Mutex<Option<String>>> = Arc::default();
        let subscribed = Arc::clone(&filter);
        let address = listen(Arc::new(move |call: &Call| match call.operation.as_str() {
            "PutEvents" => match refusal {
                Some((status, code)) => Answer::error(status, code, "no"),
                None => {
                    put.lock().unwrap().extend(call.json()["Entries"].as_array().unwrap().clone());
                    Answer::ok(&json!({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}))
                }
            },
            "GetQueueUrl" => Answer::ok(&json!({"QueueUrl": "http://queue"})),
            "ReceiveMessage" => Answer::ok(&json!({})),
            "" => topic(&asked, &subscribed, call),
            _ => played.answer(call),
        }));
        Self { address, table, events, sns, filter }
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[])
    }

    pub fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
        command.args(arguments);
        // The configuration of this machine must not reach the command.
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

    /// The command succeeds and prints this.
    pub fn prints(&self, arguments: &[&str], wanted: &str) {
        let ended = self.run(arguments);
        assert_eq!((ended.code, ended.err.as_str(), ended.out.as_str()), (Some(0), "", wanted), "{arguments:?}");
    }

    /// The command exits with this code, and prints one line of error, at most one of hint, and these words.
    pub fn fails(&self, arguments: &[&str], code: i32, words: &str) {
        let ended = self.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{arguments:?}: {}", ended.err);
        let lines: Vec<&str> = ended.err.trim_end().lines().collect();
        let hinted = lines.len() == 2 && lines[1].starts_with("hint: ");
        assert!(lines[0].starts_with("error: ") && (lines.len() == 1 || hinted), "{}", ended.err);
        assert!(ended.err.contains(words), "{}", ended.err);
    }

    /// The only event that was put on a bus.
    pub fn event(&self) -> Value {
        let events = self.events.lock().unwrap();
        assert_eq!(events.len(), 1, "{events:?}");
        let mut event = events[0].clone();
        event["Detail"] = serde_json::from_str(event["Detail"].as_str().unwrap()).unwrap();
        event
    }
}

/// A topic with one subscription for `churn`, if the test put one there; it accepts all changes.
fn topic(asked: &Mutex<Vec<String>>, filter: &Mutex<Option<String>>, call: &Call) -> Answer {
    let form = String::from_utf8(call.body.clone()).unwrap();
    let action = form.split('&').next().unwrap().trim_start_matches("Action=").to_owned();
    let inside = match (action.as_str(), &*filter.lock().unwrap()) {
        ("ListSubscriptionsByTopic", None) => "<Subscriptions/>".to_owned(),
        ("ListSubscriptionsByTopic", Some(_)) => format!(
            "<Subscriptions><member><SubscriptionArn>{TOPIC}:1</SubscriptionArn><Owner>123456789012</Owner>\
             <Protocol>email</Protocol><Endpoint>oncall@example.com</Endpoint><TopicArn>{TOPIC}</TopicArn></member>\
             </Subscriptions>"
        ),
        ("GetSubscriptionAttributes", Some(filter)) => format!(
            "<Attributes><entry><key>FilterPolicy</key><value>{}</value></entry></Attributes>",
            filter.replace('"', "&quot;")
        ),
        ("Subscribe", _) => "<SubscriptionArn>pending confirmation</SubscriptionArn>".to_owned(),
        ("Unsubscribe" | "SetSubscriptionAttributes", Some(_)) => String::new(),
        (other, _) => panic!("{other} is not played"),
    };
    asked.lock().unwrap().push(form);
    let body = format!(
        "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>{inside}</{action}Result></{action}Response>"
    );
    Answer::text(200, body)
}

/// A directory of policies, which is removed after the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("trimtab-commands-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub const CHURN: &str = "version = 1\nmodel = \"churn\"\nowner = \"team\"\npackage_group = \"churn\"\n";
pub const RECIPIENT: &str = "[[notify.recipients]]\nprotocol = \"email\"\nendpoint = \"oncall@example.com\"\n";
pub const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:trimtab-messages";

pub fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub fn churn() -> ModelName {
    ModelName::parse("churn").unwrap()
}
