//! `integrate` owns a commit's build: from the push to a watched branch to the build's end, and
//! the request for a training run that follows from it.
//!
//! [`decide`] knows no SDK; [`act`] starts the build, or adopts the one that is there.

pub mod act;
pub mod build;
pub mod decide;
mod definition;
mod endings;
mod look;
mod review;

pub use act::Reaction;
pub use decide::Integrate;

#[cfg(test)]
mod tests;
