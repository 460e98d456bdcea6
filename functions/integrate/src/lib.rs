//! `integrate` owns a commit's build: from the push to a watched branch to the build's end, and
//! the request for a training run that follows from it; and the image that training runs in.
//!
//! [`decide`] knows no SDK; [`act`] starts the build, or adopts the one that is there.

pub mod act;
mod branch;
pub mod build;
pub mod decide;
mod definition;
mod endings;
mod execution;
mod image;
mod look;
mod merge;
mod review;
mod settle;
pub mod watching;

pub use act::Reaction;
pub use decide::Integrate;

#[cfg(test)]
mod tests;
