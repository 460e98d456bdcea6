//! The stories of the demo: each runs Trimtab on a local cloud, deployed from the same template as on AWS.
//!
//! A step ends when its effect is visible through the APIs of the services, never because a log reports it.

mod aws;
mod batch_transform;
mod cloudformation;
mod engines;
mod guard;
mod integrate;
mod lineage;
mod lost_events;
mod main_loop;
mod monitoring;
mod notifications;
mod page;
mod promotion;
mod pull_request;
mod queries;
mod setup;
mod stages;
mod story;
mod strategies;
mod timeline;
mod triggers;

use clap::ValueEnum;

pub use aws::{Aws, config};
pub use page::render;
pub use story::{Story, StoryError};
pub use timeline::{Entry, Line, Section, StoryReport, lines};
pub use triggers::create_monitoring_schedule;

/// The name of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoryName {
    /// From a push to production: build, training, canary, drift, rollback, dead letter
    #[value(alias = "drift", alias = "canary-rollback")]
    Loop,
    /// Every AWS event is lost; periodic reconciles reach the same result
    LostEvents,
    /// Versions are tested, then approved, rejected or submitted for manual approval
    Promotion,
    /// A training image, a build in CodePipeline, a merged pull request, chat messages and digests
    #[value(alias = "pull-request")]
    Integrate,
    /// Asynchronous and serverless endpoints, rolling and linear updates, shadow and A/B tests, batch transform
    #[value(alias = "shadow", alias = "batch-transform")]
    Strategies,
    /// A CloudFormation stack serves a model; failed updates are rolled back
    Cloudformation,
    /// A training job outside the pipelines breaks the organization's rules and is stopped
    Guard,
    /// Step Functions, Airflow, Kubeflow and CodePipeline train models
    #[value(alias = "step-functions", alias = "airflow", alias = "kubeflow")]
    Engines,
    /// Versions pass through stages in two accounts, and are rolled back
    Stages,
    /// Model Monitor and Clarify compare the live version with its baselines; drift starts a run
    Monitor,
    /// Monitoring violations, new data, an operator request and a composite alarm start runs
    Triggers,
}

impl StoryName {
    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.possible().get_name().to_owned()
    }

    /// A summary in one line.
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
/// A step has no visible effect in time, or a service call fails.
pub async fn play(story: &mut Story, name: StoryName) -> Result<(), StoryError> {
    setup::prepare(story).await?;
    match name {
        StoryName::Loop => main_story(story).await?,
        StoryName::LostEvents => lost_events::every_event(story).await?,
        StoryName::Promotion => promotion::by_policy(story).await?,
        StoryName::Integrate => integrate::everything(story).await?,
        StoryName::Strategies => strategies::all(story).await?,
        StoryName::Cloudformation => cloudformation::stack_updates(story).await?,
        StoryName::Guard => guard::training_outside_pipelines(story).await?,
        StoryName::Engines => engines::each(story).await?,
        StoryName::Stages => stages::all(story).await?,
        StoryName::Monitor => monitoring::live_version(story).await?,
        StoryName::Triggers => triggers::each(story).await?,
    }
    story.close().await
}

async fn main_story(story: &mut Story) -> Result<(), StoryError> {
    main_loop::first_version(story).await?;
    main_loop::push(story).await?;
    main_loop::canary(story).await?;
    main_loop::drift(story).await?;
    main_loop::cool_down(story).await?;
    main_loop::duplicates(story).await?;
    main_loop::queued_and_rolled_back(story).await?;
    main_loop::rejected(story).await?;
    main_loop::codepipeline_deployment(story).await?;
    main_loop::malformed(story).await?;
    pull_request::pull_request(story).await?;
    lost_events::a_push(story).await?;
    lineage::graph(story).await
}
