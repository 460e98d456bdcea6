//! The local cloud that stays: `up` leaves it running, `down` ends it.

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

use crate::{Fault, say};

/// The port of the cloud that stays: AWS's own local convention.
const PORT: u16 = 4566;

/// How long `up` waits for the cloud and the suite in it.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often a cloud that comes up or ends is looked at.
const LOOK: Duration = Duration::from_millis(100);

fn folder() -> PathBuf {
    root().join(".trimtab/local")
}

fn pid_file() -> PathBuf {
    folder().join("pid")
}

/// The process that `up` left, if it still runs.
fn running() -> Option<Pid> {
    let pid = Pid::from_raw(std::fs::read_to_string(pid_file()).ok()?.trim().parse().ok()?);
    kill(pid, None).is_ok().then_some(pid)
}

pub(crate) async fn up() -> Result<(), Fault> {
    if running().is_some() {
        return Err("the local cloud is running already: `make local-down` ends it".into());
    }
    std::fs::create_dir_all(folder())?;
    let ready = folder().join("ready");
    let _ = std::fs::remove_file(&ready);
    let log = std::fs::File::create(folder().join("local.log"))?;
    say("Starting the local cloud, and deploying infra/template.yaml to it");
    let mut child = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    std::fs::write(pid_file(), child.id().to_string())?;
    let since = Instant::now();
    while !ready.exists() {
        if !matches!(child.try_wait(), Ok(None)) || since.elapsed() > PATIENCE {
            let said = std::fs::read_to_string(folder().join("local.log")).unwrap_or_default();
            return Err(format!("the local cloud did not come up:\n{said}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
    say(HINT);
    Ok(())
}

pub(crate) fn down() -> Result<(), Fault> {
    let Some(pid) = running() else {
        say("no local cloud is running");
        return Ok(());
    };
    kill(pid, Signal::SIGTERM)?;
    while kill(pid, None).is_ok() {
        std::thread::sleep(LOOK);
    }
    std::fs::remove_file(pid_file())?;
    say("the local cloud has ended");
    Ok(())
}

pub(crate) async fn serve() -> Result<(), Fault> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Whoever started it may close its terminal.
    let mut hang_up = signal(SignalKind::hangup())?;
    let cloud = Cloud::start(&folder(), ([127, 0, 0, 1], PORT).into()).await?;
    cloud.deploy()?;
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

/// The variables that a shell needs to use it, for an SDK, `trimtab` and `cargo lambda watch` alike.
fn variables(cloud: &Cloud) -> String {
    let wanted = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"];
    let mut all: Vec<(&str, String)> =
        cloud.environment().into_iter().filter(|(name, _)| wanted.contains(name)).collect();
    all.push(("TRIMTAB_TABLE", format!("{STACK}-ledger")));
    all.push(("TRIMTAB_BUS", STACK.to_owned()));
    all.push(("TRIMTAB_TOPIC_ARN", format!("arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-notices")));
    let mut lines: String = all.iter().map(|(name, value)| format!("export {name}={value}\n")).collect();
    if let Some(tools) = trimtab_cloud::tool("cargo-lambda").ok().as_deref().and_then(Path::parent) {
        lines.push_str(&format!("export PATH={}:$PATH\n", tools.display()));
    }
    lines
}

/// What to type to use it.
const HINT: &str = "The local cloud is up, with the suite and the policies of policies/ in it. In your shell:\n\n    \
    source .trimtab/local/environment\n\n`make local-down` ends it.";
