//! `trimtab-local`: the demo, and a local cloud to play with.

mod daemon;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand, ValueEnum};
use trimtab_cloud::{Cloud, root};
use trimtab_stories::{Story, Tale, Told, lines, play, render};

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
    /// Play the stories, each on a local cloud of its own, and leave their timeline.
    Demo {
        /// Which story; all of them unless named.
        #[arg(long, value_enum)]
        story: Option<Tale>,
        /// The folder of policies.
        #[arg(long, default_value_os_t = root().join("policies"))]
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

async fn demo(tale: Option<Tale>, models: PathBuf, out: PathBuf) -> Result<(), Fault> {
    let began = Instant::now();
    std::fs::create_dir_all(&out)?;
    let tales = tale.map_or_else(|| Tale::value_variants().to_vec(), |tale| vec![tale]);
    let mut told = Vec::new();
    let mut ended = Ok(());
    for tale in tales {
        ended = tell(&mut told, tale, &models, &out).await;
        // What was seen is worth reading also when a story stopped half-way.
        let took = format!("{:.0} s", began.elapsed().as_secs_f64());
        std::fs::write(out.join("timeline.json"), format!("{:#}\n", serde_json::json!(lines(&told))))?;
        std::fs::write(out.join("timeline.html"), render(&told, &took)?)?;
        if ended.is_err() {
            break;
        }
    }
    ended?;
    let (took, page) = (began.elapsed().as_secs_f64(), out.join("timeline.html"));
    say(&format!("\nEvery step was seen in the services, in {took:.0} s. Look at {}", page.display()));
    Ok(())
}

/// Plays one story on a local cloud of its own.
async fn tell(told: &mut Vec<Told>, tale: Tale, models: &Path, out: &Path) -> Result<(), Fault> {
    let (name, about) = (tale.name(), tale.about());
    say(&format!("\n== {name}: {about}\nStarting the local cloud, and deploying infra/template.yaml to it with SAM"));
    let cloud = Cloud::start(&out.join("logs").join(&name), ([127, 0, 0, 1], 0).into()).await?;
    cloud.deploy()?;
    let mut story = Story::new(&cloud, models, true)?;
    let played = play(&mut story, tale).await;
    told.push(Told { name, about, chapters: story.chapters().to_vec() });
    cloud.stop().await;
    Ok(played?)
}
