//! What follows from an event of the Model Registry.

use trimtab_core::event::{Approval, Package};
use trimtab_core::policy::Gate;

use super::{Plan, promotion, verdict};
use crate::context::Ctx;
use crate::reason::Code;

/// The approval, rejection or life cycle of a version changed.
pub(crate) fn on_package(ctx: Ctx<'_>, package: &Package) -> Plan {
    let version = package.version;
    if package.arn.account() != ctx.event.envelope.account.as_str() {
        let text = "the package belongs to another account than the event, so it is not deployed from here";
        return Plan::fail(Code::ForeignAccount, text);
    }
    let Some(actual) = &ctx.observed.package else {
        let text = "the Model Registry has no such package: the event is forged or the package is gone";
        return Plan::fail(Code::NoSuchPackage, text);
    };
    if package.lifecycle_edit().is_some() && matches!(ctx.stage.gate, Gate::Lifecycle(_)) {
        return promotion::on_lifecycle(ctx, package);
    }
    if package.is_metadata_edit() {
        let text = format!("only the metadata of version {version} was edited: its approval is unchanged");
        return Plan::skip(Code::MetadataOnly, text);
    }
    // The event may be old: the registry decides.
    if actual.approval != package.approval {
        let text = format!("the Model Registry has another approval status of version {version} than the event");
        return Plan::skip(Code::Stale, text);
    }
    match package.approval {
        Approval::Approved => verdict::approve(ctx, &package.arn, actual),
        Approval::Rejected => verdict::reject(ctx, &package.arn),
        _ => Plan::skip(Code::NotAVerdict, format!("version {version} is neither approved nor rejected")),
    }
}
