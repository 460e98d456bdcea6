//! The training image: from a push to the registry to the fact for `retrain`.

use jiff::Timestamp;
use trimtab_core::event::Image;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::policy::Policy;

use crate::action::{Action, Plan};
use crate::context::ImageCtx;
use crate::fact::{self, ImageUse, TaggedImage};
use crate::image::{self, Adoption};
use crate::reason::Code;
use crate::state::{State, TrainingImage};

/// An image was pushed, or changed otherwise.
pub(crate) fn on_push(ctx: ImageCtx<'_>, pushed: &Image) -> Plan {
    let Some(configured) = &ctx.integrate.image else { return off(ctx.policy) };
    if !pushed.pushed {
        return Plan::skip(Code::NotAPush, "the image changed without a push: the training image stays the same");
    }
    let Some(tag) = pushed.tag.as_ref().filter(|tag| configured.tags.contains(tag)) else {
        let text = format!("this tag is not in integrate.image.tags of {}", ctx.policy.model);
        return Plan::skip(Code::TagNotConfigured, text);
    };
    let Some(digest) = &pushed.digest else {
        let text = "the push names no digest: expected sha256: and 64 hexadecimal digits";
        return Plan::fail(Code::NoDigest, text);
    };
    adopt(ctx, &TaggedImage { tag: tag.clone(), digest: digest.clone() })
}

/// A reconcile found a tag that points at an image which was not handled.
pub(crate) fn on_request(ctx: ImageCtx<'_>, requested: Option<&TaggedImage>) -> Plan {
    let Some(configured) = &ctx.integrate.image else { return off(ctx.policy) };
    let Some(requested) = requested.filter(|requested| configured.tags.contains(&requested.tag)) else {
        let text = "the request names no configured tag, or no digest: expected details.tag and details.digest";
        return Plan::fail(Code::NoDigest, text);
    };
    adopt(ctx, requested)
}

fn off(policy: &Policy) -> Plan {
    let text = format!("the policy of {} has no integrate.image: images are not followed", policy.model);
    Plan::skip(Code::Off, text)
}

fn adopt(ctx: ImageCtx<'_>, pushed: &TaggedImage) -> Plan {
    let TaggedImage { tag, digest } = pushed;
    match image::adoption(ctx.state, pushed, ctx.observed, ctx.event.envelope.account.as_str()) {
        Adoption::TagGone => Plan::skip(Code::TagGone, format!("no image has the tag {tag} any more")),
        Adoption::TagMoved => {
            Plan::skip(Code::TagMoved, format!("{tag} points at another image now, whose push has its own event"))
        }
        Adoption::ForeignRegistry => {
            let text = "the image is in the registry of another account than the event's: it is not used";
            Plan::fail(Code::ForeignRegistry, text)
        }
        Adoption::AlreadyHandled => Plan::skip(Code::AlreadyAdopted, format!("{digest} was handled before")),
        Adoption::SameImage(image) => {
            let text = format!("training uses {digest} already, from another tag");
            Plan::update(State::TrainingImage(image), Code::AlreadyThere, text)
        }
        Adoption::New(image) => {
            let Some((action, text)) = publish(ctx.policy, &image, ctx.now) else { return off(ctx.policy) };
            Plan::only(Decision::Acted, Reason::new(Code::ImagePushed, text))
                .with_state(State::TrainingImage(image))
                .with_action(action)
        }
    }
}

/// The action that gives the image to `retrain`, and its reason; `None` if the policy has no `integrate.image`.
fn publish(policy: &Policy, image: &TrainingImage, now: Timestamp) -> Option<(Action, String)> {
    let configured = policy.integrate.as_ref()?.image.as_ref()?;
    let kind = if configured.train { ImageUse::TrainNow } else { ImageUse::NextRun };
    let reason = format!("image {} was pushed to {} as {}", image.uri.digest(), configured.repository, image.tag);
    let fact = fact::image_adopted(&policy.model, image, kind, &reason, now);
    Some((Action::publish_image(fact), reason))
}

/// The actions of an earlier attempt that may not have completed.
pub(crate) fn pending_actions(policy: &Policy, state: &TrainingImage, now: Timestamp) -> Vec<Action> {
    if state.published {
        return Vec::new();
    }
    publish(policy, state, now).map(|(action, _)| action).into_iter().collect()
}
