//! One story, played through the suite on the local cloud by the same template and binaries as on
//! AWS. A step is over when it was seen to happen in the services, never because a log said so.

mod aws;
mod chapters;
mod cloudformation;
mod code;
mod engines;
mod guard;
mod integrate;
mod lineage;
mod look;
mod lost;
mod page;
mod people;
mod promotion;
mod stage;
mod stages;
mod story;
mod strategies;
mod timeline;
mod transform;
mod triggers;
mod watched;

use clap::ValueEnum;

pub use aws::{Aws, config};
pub use page::render;
pub use story::{Story, StoryError};
pub use timeline::{Chapter, Entry, Line, Told, lines};
pub use triggers::watch;

/// A story that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tale {
    /// All that the suite does, once.
    #[value(alias = "drift", alias = "canary-rollback")]
    Loop,
    /// AWS loses every one of its events; the loop comes to the same end.
    LostEvents,
    /// Versions are tested, and approved, rejected or asked about by policy.
    Promotion,
    /// An image is pushed, CodePipeline builds, and a pull request is merged.
    #[value(alias = "pull-request")]
    Integrate,
    /// Asynchronous, serverless; batch by batch, step by step; a shadow, a challenger; batch transform.
    #[value(alias = "shadow", alias = "batch-transform")]
    Strategies,
    /// A stack takes versions, goes back, and is helped back.
    Cloudformation,
    /// Somebody trains by hand, and breaks the organization's rules.
    Guard,
    /// PolicySet are trained by Step Functions, Airflow, Kubeflow and CodePipeline.
    #[value(alias = "step-functions", alias = "airflow", alias = "kubeflow")]
    Engines,
    /// Versions go through stages, in two accounts, and back.
    Stages,
    /// A live version is held against its baselines, and the alarm on its drift starts a run.
    Monitor,
    /// What starts a run, besides a push and an alarm on a metric.
    Triggers,
}

impl Tale {
    /// The name that the command line knows it by.
    #[must_use]
    pub fn name(self) -> String {
        self.possible().get_name().to_owned()
    }

    /// What it is about, in a sentence.
    #[must_use]
    pub fn about(self) -> String {
        self.possible().get_help().map(ToString::to_string).unwrap_or_default()
    }

    fn possible(self) -> clap::builder::PossibleValue {
        self.to_possible_value().unwrap_or_else(|| "story".into())
    }
}

/// Plays a story.
///
/// # Errors
/// A step that was not seen to happen, or a service that did not answer.
pub async fn play(story: &mut Story, tale: Tale) -> Result<(), StoryError> {
    stage::set(story).await?;
    match tale {
        Tale::Loop => whole(story).await?,
        Tale::LostEvents => lost::every_event(story).await?,
        Tale::Promotion => promotion::by_policy(story).await?,
        Tale::Integrate => integrate::everything(story).await?,
        Tale::Strategies => strategies::all(story).await?,
        Tale::Cloudformation => cloudformation::there_and_back(story).await?,
        Tale::Guard => guard::by_hand(story).await?,
        Tale::Engines => engines::each(story).await?,
        Tale::Stages => stages::all(story).await?,
        Tale::Monitor => watched::live_version(story).await?,
        Tale::Triggers => triggers::each(story).await?,
    }
    story.close().await
}

async fn whole(story: &mut Story) -> Result<(), StoryError> {
    chapters::first_version(story).await?;
    chapters::push(story).await?;
    chapters::canary(story).await?;
    chapters::drift(story).await?;
    chapters::cool_down(story).await?;
    chapters::duplicates(story).await?;
    chapters::parked_and_rolled_back(story).await?;
    chapters::rejected(story).await?;
    chapters::delivered(story).await?;
    chapters::malformed(story).await?;
    code::pull_request(story).await?;
    lost::a_push(story).await?;
    lineage::chain(story).await
}
