//! `trimtab-local`: the demo, and a local cloud to experiment with.

mod background;
mod durations;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand, ValueEnum};
use trimtab_cloud::{Cloud, CloudError, root};
use trimtab_stories::{Story, StoryName, StoryReport, lines, play, render};

use crate::durations::Durations;

/// An error that ends the command, ready to print.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Run Trimtab on this machine without an AWS account
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the stories, each on a local cloud of its own, and write their timeline
    Demo {
        /// Story to play [default: all]
        #[arg(long, value_enum)]
        story: Option<StoryName>,
        /// Folder of policies
        #[arg(long, default_value_os_t = root().join("policies"))]
        policies: PathBuf,
        /// Folder with the functions' packages, as FUNCTION.zip [default: the binaries of `make build`]
        #[arg(long)]
        packages: Option<PathBuf>,
        /// Output folder for timeline.json, timeline.html, durations.txt and the logs
        #[arg(long, default_value_os_t = root().join("target/demo"))]
        out: PathBuf,
    },
    /// Start a local cloud with Trimtab and leave it running
    Up {
        /// Folder with the functions' packages, as FUNCTION.zip [default: the binaries of `make build`]
        #[arg(long)]
        packages: Option<PathBuf>,
    },
    /// Stop the local cloud that `up` started
    Down,
    /// Serve the local cloud that `up` starts
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        packages: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(cause) => return failed(&cause.into()),
    };
    let done = runtime.block_on(async {
        match command {
            Command::Demo { story, policies, packages, out } => demo(story, &policies, packages.as_deref(), &out).await,
            Command::Up { packages } => background::up(packages.as_deref()).await,
            Command::Down => background::down(),
            Command::Serve { packages } => background::serve(packages.as_deref()).await,
        }
    });
    done.map_or_else(|fault| failed(&fault), |()| ExitCode::SUCCESS)
}

fn failed(fault: &Fault) -> ExitCode {
    say(&format!("error: {fault}"));
    ExitCode::FAILURE
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

async fn demo(story: Option<StoryName>, policies: &Path, packages: Option<&Path>, out: &Path) -> Result<(), Fault> {
    let began = Instant::now();
    std::fs::create_dir_all(out)?;
    let durations = Durations::in_folder(out);
    let stories = story.map_or_else(|| StoryName::value_variants().to_vec(), |story| vec![story]);
    let mut reports = Vec::new();
    for story in stories {
        let played = play_one(&mut reports, story, policies, packages, out, &durations).await;
        // A story that fails halfway leaves its timeline too: it shows the last step that succeeded.
        let took = format!("{:.0} s", began.elapsed().as_secs_f64());
        std::fs::write(out.join("timeline.json"), format!("{:#}\n", serde_json::json!(lines(&reports))))?;
        std::fs::write(out.join("timeline.html"), render(&reports, &took)?)?;
        played?;
    }
    say(&format!("\nDurations, also in {}:\n{}", durations.path().display(), durations.read()));
    say(&format!(
        "All steps were verified in the services, in {:.0} s. Open {}",
        began.elapsed().as_secs_f64(),
        out.join("timeline.html").display()
    ));
    Ok(())
}

fn deploy(cloud: &Cloud, packages: Option<&Path>) -> Result<(), CloudError> {
    packages.map_or_else(|| cloud.deploy(), |folder| cloud.deploy_packages(folder))
}

/// Plays one story on a local cloud of its own.
async fn play_one(
    reports: &mut Vec<StoryReport>,
    story: StoryName,
    policies: &Path,
    packages: Option<&Path>,
    out: &Path,
    durations: &Durations,
) -> Result<(), Fault> {
    let (name, about) = (story.name(), story.about());
    say(&format!("\n== {name}: {about}\nStarting the local cloud and deploying infra/template.yaml with SAM"));
    let began = Instant::now();
    let cloud = Cloud::start(&out.join("logs").join(&name), ([127, 0, 0, 1], 0).into()).await?;
    deploy(&cloud, packages)?;
    durations.record(began, &format!("local cloud for {name}"))?;
    let began = Instant::now();
    let mut playing = Story::new(&cloud, policies, true)?;
    let played = play(&mut playing, story).await;
    durations.record(began, &format!("story {name}"))?;
    reports.push(StoryReport { name, about, sections: playing.sections().to_vec() });
    cloud.stop().await;
    Ok(played?)
}
