//! `trimtab-local`: the demo, and a local cloud to play with.

mod daemon;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use trimtab_cloud::{Cloud, root};
use trimtab_story::{Story, Tale, play, render};

/// Anything that ends the command, already in words.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The suite on a laptop, with no AWS account.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a local cloud of its own, play the story, leave the timeline, end it.
    Demo {
        /// Which story.
        #[arg(long, value_enum, default_value_t = Tale::Loop)]
        story: Tale,
        /// The folder of policies.
        #[arg(long, default_value_os_t = root().join("models"))]
        models: PathBuf,
        /// Where timeline.json and timeline.html go.
        #[arg(long, default_value_os_t = root().join("target/demo"))]
        out: PathBuf,
    },
    /// Start a local cloud with the suite in it, and leave it running.
    Up,
    /// End the local cloud that `up` left running.
    Down,
    /// Be the local cloud that `up` leaves running.
    #[command(hide = true)]
    Serve,
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(cause) => return failed(&cause.into()),
    };
    let done = runtime.block_on(async {
        match command {
            Command::Demo { story, models, out } => demo(story, models, out).await,
            Command::Up => daemon::up().await,
            Command::Down => daemon::down(),
            Command::Serve => daemon::serve().await,
        }
    });
    done.map_or_else(|fault| failed(&fault), |()| ExitCode::SUCCESS)
}

fn failed(fault: &Fault) -> ExitCode {
    say(&format!("trimtab-local: {fault}"));
    ExitCode::FAILURE
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

async fn demo(tale: Tale, models: PathBuf, out: PathBuf) -> Result<(), Fault> {
    let began = Instant::now();
    std::fs::create_dir_all(&out)?;
    say("Starting the local cloud: MiniStack, moto, the gateway");
    let cloud = Cloud::start(&out.join("logs"), ([127, 0, 0, 1], 0).into()).await?;
    say("Deploying infra/template.yaml to it with SAM");
    cloud.deploy()?;
    let mut story = Story::new(&cloud, &models, true)?;
    let played = play(&mut story, tale).await;
    // What was seen is worth reading also when the story stopped half-way.
    let took = format!("{:.0} s", began.elapsed().as_secs_f64());
    std::fs::write(out.join("timeline.json"), format!("{:#}\n", serde_json::json!(story.timeline())))?;
    std::fs::write(out.join("timeline.html"), render(story.chapters(), &took)?)?;
    cloud.stop().await;
    played?;
    say(&format!("\nEvery step was seen in the services, in {took}. Look at {}", out.join("timeline.html").display()));
    Ok(())
}
