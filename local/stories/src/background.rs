//! The local cloud in the background: `up` starts it, `down` stops it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};
use trimtab_cli::commands::apply;
use trimtab_cli::policies;
use trimtab_cloud::{ACCOUNT, Cloud, REGION, STACK, root};
use trimtab_ledger::DynamoLedger;

use crate::{Fault, deploy, say};

/// The port of the background cloud, as other AWS emulators use it.
const PORT: u16 = 4566;

/// Time that `up` allows for the start of the cloud and the deployment.
const TIMEOUT: Duration = Duration::from_secs(180);

/// Interval between checks of a cloud that starts or stops.
const POLL: Duration = Duration::from_millis(100);

fn folder() -> PathBuf {
    root().join(".trimtab/local")
}

fn pid_file() -> PathBuf {
    folder().join("pid")
}

/// The process that `up` started, if it is still running.
fn running() -> Option<Pid> {
    let pid = Pid::from_raw(std::fs::read_to_string(pid_file()).ok()?.trim().parse().ok()?);
    kill(pid, None).is_ok().then_some(pid)
}

pub(crate) async fn up(packages: Option<&Path>) -> Result<(), Fault> {
    if running().is_some() {
        return Err("the local cloud is already running; stop it with `make local-down`".into());
    }
    std::fs::create_dir_all(folder())?;
    let ready = folder().join("ready");
    let _ = std::fs::remove_file(&ready);
    let log = std::fs::File::create(folder().join("local.log"))?;
    say("Starting the local cloud and deploying infra/template.yaml");
    let mut child = Command::new(std::env::current_exe()?)
        .arg("serve")
        .args(packages.into_iter().flat_map(|folder| ["--packages".as_ref(), folder.as_os_str()]))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    std::fs::write(pid_file(), child.id().to_string())?;
    let since = Instant::now();
    while !ready.exists() {
        if !matches!(child.try_wait(), Ok(None)) || since.elapsed() > TIMEOUT {
            let log = std::fs::read_to_string(folder().join("local.log")).unwrap_or_default();
            return Err(format!("the local cloud did not start:\n{log}").into());
        }
        tokio::time::sleep(POLL).await;
    }
    say(HINT);
    Ok(())
}

pub(crate) fn down() -> Result<(), Fault> {
    let Some(pid) = running() else {
        say("No local cloud is running");
        return Ok(());
    };
    kill(pid, Signal::SIGTERM)?;
    while kill(pid, None).is_ok() {
        std::thread::sleep(POLL);
    }
    std::fs::remove_file(pid_file())?;
    say("The local cloud has stopped");
    Ok(())
}

pub(crate) async fn serve(packages: Option<&Path>) -> Result<(), Fault> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // The cloud outlives the terminal in which `up` ran.
    let mut hang_up = signal(SignalKind::hangup())?;
    let cloud = Cloud::start(&folder(), ([127, 0, 0, 1], PORT).into()).await?;
    deploy(&cloud, packages)?;
    let ledger = DynamoLedger::new(&trimtab_stories::config(&cloud.endpoint()), format!("{STACK}-ledger"));
    apply::apply(&ledger, &policies::read(&root().join("policies"))?).await?;
    std::fs::write(folder().join("environment"), variables(&cloud))?;
    std::fs::write(folder().join("ready"), "")?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => {}
        }
    }
    cloud.stop().await;
    Ok(())
}

/// The environment variables with which an SDK, `trimtab` and `cargo lambda watch` reach the cloud.
fn variables(cloud: &Cloud) -> String {
    let exported =
        ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"];
    let mut all: Vec<(&str, String)> =
        cloud.environment().into_iter().filter(|(name, _)| exported.contains(name)).collect();
    all.push(("TRIMTAB_TABLE", format!("{STACK}-ledger")));
    all.push(("TRIMTAB_BUS", STACK.to_owned()));
    all.push(("TRIMTAB_TOPIC_ARN", format!("arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-notices")));
    let mut lines: String = all.iter().map(|(name, value)| format!("export {name}={value}\n")).collect();
    if let Some(tools) = trimtab_cloud::tool("cargo-lambda").ok().as_deref().and_then(Path::parent) {
        lines.push_str(&format!("export PATH={}:$PATH\n", tools.display()));
    }
    lines
}

const HINT: &str = "The local cloud runs Trimtab with the policies of policies/. In your shell:\n\n    \
    source .trimtab/local/environment\n\nTo stop it: make local-down";
