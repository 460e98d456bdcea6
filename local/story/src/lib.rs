//! One story, played through the suite on the local cloud by the same template and binaries as on
//! AWS. A step is over when it was seen to happen in the services, never because a log said so.

mod aws;
mod chapters;
mod look;
mod page;
mod stage;
mod story;
mod timeline;

pub use aws::{Aws, config};
pub use page::render;
pub use story::{Story, StoryError};
pub use timeline::{Chapter, Entry};

/// Plays the whole story.
///
/// # Errors
/// A step that was not seen to happen, or a service that did not answer.
pub async fn play(story: &mut Story) -> Result<(), StoryError> {
    stage::set(story).await?;
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
    story.close().await
}
