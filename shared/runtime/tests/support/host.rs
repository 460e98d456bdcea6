//! A Lambda host for one function: its [Runtime API][api] on a loopback port, and the function as a separate process of
//! the test's own binary.
//!
//! [api]: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::function;
use super::wire::{Answer, Call, listen};

/// Set in the function's process.
const ROLE: &str = "TRIMTAB_TEST_IS_THE_FUNCTION";

/// The longest wait for the function; a passing test never waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The end of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The invocation.
    pub id: String,
    /// `response` or `error`.
    pub how: String,
    /// The body.
    pub body: Value,
}

/// The host and the function that it started.
pub struct Host {
    child: Child,
    out: JoinHandle<Vec<String>>,
    err: JoinHandle<String>,
    invoke: Sender<(String, Vec<u8>)>,
    ended: Receiver<Ended>,
    registered: Receiver<Value>,
}

/// The exit and the output of the process.
pub struct Exited {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Each line of standard output that is JSON.
    pub lines: Vec<Value>,
    /// All of standard output and of standard error.
    pub text: String,
}

/// What each function has in its environment.
pub const ENVIRONMENT: [(&str, &str); 6] = [
    ("TRIMTAB_TABLE", "table-1"),
    ("TRIMTAB_BUS", "bus-1"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_LAMBDA_FUNCTION_NAME", "trimtab-scripted"),
];

/// Runs the function and does not return, if this process is the function's. Each test calls this first.
pub fn or_be_the_function() {
    if std::env::var_os(ROLE).is_some() {
        function::main();
    }
}

fn process(test: &str, runtime_api: SocketAddr, environment: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
    // The environment of the machine must not reach the function.
    for (name, _) in std::env::vars_os() {
        if ["AWS_", "TRIMTAB_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.envs(environment.iter().copied()).env(ROLE, "1");
    command.env("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string());
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128").env("AWS_LAMBDA_FUNCTION_VERSION", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

impl Host {
    /// Starts the function of this test with this environment.
    pub fn start(test: &str, environment: &[(&str, &str)]) -> Self {
        Self::of(test, environment, true)
    }

    /// Starts the function on a host without an Extensions API.
    pub fn without_extensions(test: &str) -> Self {
        Self::of(test, &ENVIRONMENT, false)
    }

    fn of(test: &str, environment: &[(&str, &str)], extensions: bool) -> Self {
        let (invoke, invocations) = channel::<(String, Vec<u8>)>();
        let (ends, ended) = channel();
        let (registers, registered) = channel();
        let (invocations, ends, registers) = (Mutex::new(invocations), Mutex::new(ends), Mutex::new(registers));
        let api = listen(Arc::new(move |call: &Call| {
            let parts: Vec<&str> = call.path.trim_matches('/').split('/').collect();
            match parts.as_slice() {
                [_, "extension", "register"] if extensions => {
                    let _ = registers.lock().unwrap().send(call.json());
                    let body = json!({"functionName": "f", "functionVersion": "1", "handler": "h"});
                    Answer::ok(&body).with("Lambda-Extension-Identifier", "e-1")
                }
                // The function subscribed to no event: the next one never arrives.
                [_, "extension", "event", "next"] if extensions => loop {
                    thread::park();
                },
                [_, "runtime", "invocation", "next"] => match invocations.lock().unwrap().recv() {
                    Ok((id, event)) => invocation(&id, event),
                    Err(_) => Answer::hang_up(),
                },
                [_, "runtime", "invocation", id, how] => {
                    let ended = Ended { id: (*id).to_owned(), how: (*how).to_owned(), body: call.json() };
                    let _ = ends.lock().unwrap().send(ended);
                    Answer::text(202, r#"{"status": "OK"}"#)
                }
                _ => Answer::text(404, ""),
            }
        }));
        let mut child = process(test, api, environment);
        let (out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let out = thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).collect());
        let err = thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            text
        });
        Self { child, out, err, invoke, ended, registered }
    }

    /// Sends this event to the function, and waits for the result.
    pub fn invoke(&self, id: &str, event: impl Into<Vec<u8>>) -> Ended {
        self.invoke.send((id.to_owned(), event.into())).unwrap();
        let since = Instant::now();
        loop {
            if let Ok(ended) = self.ended.recv_timeout(Duration::from_millis(20)) {
                return ended;
            }
            assert!(!self.out.is_finished(), "the function did not answer invocation {id}: it has died");
            assert!(since.elapsed() < PATIENCE, "the function did not answer invocation {id}: it hangs");
        }
    }

    /// The body with which the function registered as an extension, before it requested its first event.
    pub fn registration(&self) -> Value {
        self.registered.try_recv().expect("the function did not register for Lambda's SIGTERM")
    }

    /// Sends Lambda's SIGTERM.
    pub fn terminate(self) -> Exited {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        self.exited()
    }

    /// Stops the Runtime API.
    pub fn hang_up(mut self) -> Exited {
        // Without a sender, the next invocation never arrives.
        self.invoke = channel().0;
        self.exited()
    }

    /// Ends the process.
    pub fn kill(mut self) -> Exited {
        self.child.kill().unwrap();
        self.exited()
    }

    /// Waits until the process exits.
    pub fn exited(mut self) -> Exited {
        let code = self.child.wait().unwrap().code();
        let (out, err) = (self.out.join().unwrap(), self.err.join().unwrap());
        // The test harness writes between the lines, and before the first one without a line break.
        let json = |line: &String| serde_json::from_str(&line[line.find('{')?..]).ok();
        Exited { code, lines: out.iter().filter_map(json).collect(), text: format!("{}\n{err}", out.join("\n")) }
    }
}

/// An invocation as the response of `GET /runtime/invocation/next`.
fn invocation(id: &str, event: Vec<u8>) -> Answer {
    Answer::text(200, event)
        .with("Lambda-Runtime-Aws-Request-Id", id)
        .with("Lambda-Runtime-Deadline-Ms", "4102444800000")
        .with("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:trimtab-scripted")
        .with("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
}
