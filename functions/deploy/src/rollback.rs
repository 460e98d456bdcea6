//! Rollbacks that an operator requests, in any state of the endpoint.
//!
//! An endpoint in service, out of service or between two configurations is updated. While it is in transition, the
//! version is queued. A failed endpoint is deleted first, because SageMaker allows nothing else. A missing one is created.

use trimtab_core::event::Approval;
use trimtab_core::name::PackageArn;
use trimtab_core::port::ListedPackage;

use crate::context::Ctx;
use crate::rollout::Cause;
use crate::targets;

/// The version to which an operator rolls back, the previous one if the request names none, or the reason for which there is none.
pub(crate) fn requested_version(ctx: Ctx<'_>, version: Option<u32>) -> Result<PackageArn, String> {
    match version {
        None => previous_version(ctx).ok_or_else(|| "no version was live before".to_owned()),
        Some(version) => named_version(ctx, version)
            .ok_or_else(|| format!("version {version} was not live in the stage, and is not approved")),
    }
}

/// The version that was live before. If the target does not have the live version, that one.
fn previous_version(ctx: Ctx<'_>) -> Option<PackageArn> {
    let now = ctx.state.live_now()?;
    let has_live_version = ctx.state.current.is_none() && targets::of(ctx.stage).has(ctx.observed, &now.resource);
    let previous = if has_live_version { ctx.state.live_before() } else { Some(now) };
    previous.map(|live| live.package.clone())
}

/// The version of this number, if it was live in the stage or is approved.
fn named_version(ctx: Ctx<'_>, version: u32) -> Option<PackageArn> {
    let live = ctx.state.live.iter().rev().find(|live| live.package.version() == version);
    let is_approved = |listed: &&ListedPackage| {
        let actual = &listed.actual;
        listed.package.version() == version && actual.approval == Approval::Approved && actual.status == "Completed"
    };
    let listed = || ctx.observed.newest.iter().find(is_approved).map(|listed| listed.package.clone());
    live.map(|live| live.package.clone()).or_else(listed)
}

/// Whether the endpoint serves this version and no rollout is in progress.
pub(crate) fn is_served(ctx: Ctx<'_>, package: &PackageArn) -> bool {
    let live = ctx.state.live_now().filter(|live| live.package == *package);
    ctx.state.current.is_none() && live.is_some_and(|live| ctx.observed.serves(&live.resource))
}

/// Whether an operator's version waits for the deletion of its failed endpoint. Other versions come after it.
pub(crate) fn operator_goes_first(ctx: Ctx<'_>) -> bool {
    ctx.state.current.is_none()
        && ctx.state.has_queued(Cause::Operator)
        && targets::of(ctx.stage).must_be_recreated(ctx.observed)
}
