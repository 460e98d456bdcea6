//! The image that training runs in: what was pushed last, by its digest, from the account's own
//! registry.
//!
//! `integrate` says which it is; `retrain` keeps it, and hands it to every run.

use std::collections::BTreeMap;

use trimtab_core::event::{Event, Image};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{ImageDigest, ImageTag, ImageUri};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Policy, TrainingImage};
use trimtab_core::reactor::Context;

use crate::build::{State, Tagged};
use crate::decide::{Action, Answer, Observed};

/// The aggregate: one for a model.
pub(crate) const AGGREGATE: &str = "image";

pub(crate) fn preview(event: &Event, image: &Image) -> Option<ImageUri> {
    let (account, region) = (event.envelope.account.as_str(), event.envelope.region.as_str());
    ImageUri::of(account, region, &image.repository, image.digest.as_ref()?).ok()
}

/// An image was pushed, or something else happened to one.
pub(crate) fn on_push(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    image: &Image,
    actual: Option<&ImageUri>,
) -> Answer {
    let Some(wanted) = &rules.image else { return off(policy) };
    if !image.pushed {
        return Plan::skip("not_a_push", "no image was pushed");
    }
    let Some(tag) = image.tag.as_ref().filter(|tag| wanted.tags.contains(tag)) else {
        return Plan::skip("tag_not_watched", format!("the policy of {} does not watch this tag", policy.model));
    };
    let Some(digest) = &image.digest else {
        return Plan::fail("no_digest", "the push names no digest: expected sha256: and 64 hexadecimal digits");
    };
    adopt(ctx, policy, wanted, tag, digest, actual)
}

/// A look found a tag that points at another image.
pub(crate) fn on_request(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    rules: &Rules,
    fact: &Fact,
    actual: Option<&ImageUri>,
) -> Answer {
    let Some(wanted) = &rules.image else { return off(policy) };
    let Some((tag, digest)) = requested(fact).filter(|(tag, _)| wanted.tags.contains(tag)) else {
        return Plan::fail(
            "no_digest",
            "the request names no watched tag, or no digest: expected details.tag and details.digest",
        );
    };
    adopt(ctx, policy, wanted, &tag, &digest, actual)
}

/// The tag and the digest that a request names.
pub(crate) fn requested(fact: &Fact) -> Option<(ImageTag, ImageDigest)> {
    let named = |name: &str| fact.details.get(name);
    Some((ImageTag::parse(named("tag")?).ok()?, ImageDigest::parse(named("digest")?).ok()?))
}

fn off(policy: &Policy) -> Answer {
    Plan::skip("off", format!("the policy of {} has no integrate.image", policy.model))
}

/// From now on this is the image, if the tag points at it and nobody has said so before.
fn adopt(
    ctx: &Context<'_, State, Observed>,
    policy: &Policy,
    wanted: &TrainingImage,
    tag: &ImageTag,
    digest: &ImageDigest,
    actual: Option<&ImageUri>,
) -> Answer {
    let Some(uri) = actual else {
        return Plan::skip("tag_gone", format!("{} has no image under {tag} any more", wanted.repository));
    };
    if uri.digest() != digest.as_str() {
        return Plan::skip(
            "tag_moved",
            format!("{tag} points at another image since, and that push has its own event"),
        );
    }
    if uri.account() != ctx.event.envelope.account.as_str() {
        return Plan::fail("foreign_registry", "the image is in another account's registry than the event says");
    }
    let (before, serial) = match ctx.state {
        State::Image { observed, serial, .. } => (observed.clone(), *serial),
        _ => (BTreeMap::new(), 0),
    };
    if before.get(tag) == Some(digest) {
        return Plan::skip("already_adopted", format!("{digest} has had its answer"));
    }
    let mut observed = before;
    observed.insert(tag.clone(), digest.clone());
    if let State::Image { uri: current, told: true, tag: under, .. } = ctx.state
        && current == uri
    {
        let (uri, tag) = (uri.clone(), under.clone());
        let state = State::Image { uri, tag, serial, told: true, observed };
        return Plan::update(state, "already_there", format!("{digest} is the image already, under another tag"));
    }
    let reason = Reason::new("image_pushed", format!("image {digest} was pushed to {} as {tag}", wanted.repository));
    let state = State::Image { uri: uri.clone(), tag: tag.clone(), serial: serial + 1, told: false, observed };
    let action = training_request(ctx, policy, &state);
    let plan = Plan::only(Decision::Acted, reason).with_state(state);
    action.into_iter().fold(plan, Plan::with_action)
}

/// StageClients the image on: by a request for training, or by saying so.
pub(crate) fn training_request(ctx: &Context<'_, State, Observed>, policy: &Policy, state: &State) -> Option<Action> {
    let State::Image { uri, tag, serial, .. } = state else { return None };
    let wanted = policy.integrate.as_ref()?.image.as_ref()?;
    let kind = if wanted.train { FactKind::TrainingRequested } else { FactKind::ImageAdopted };
    let reason = format!("image {} was pushed to {} as {tag}", uri.digest(), wanted.repository);
    let details = [
        ("image", uri.to_string()),
        ("digest", uri.digest().to_owned()),
        ("tag", tag.to_string()),
        ("serial", serial.to_string()),
    ];
    let fact = Fact {
        kind,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        dedup_key: format!("image/{}/{serial}", policy.model),
        at: ctx.now,
        reasons: vec![reason],
        details: details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    };
    Some(Action::PutEvents { service: "events", detail_type: fact.kind.as_str(), fact })
}

/// Asks for a tag that points at an image which has had no answer.
pub(crate) fn ask(ctx: &Context<'_, State, Observed>, policy: &Policy, tagged: &Tagged) -> Option<Action> {
    let (tag, digest) = (&tagged.tag, tagged.digest.as_ref()?);
    let fact = Fact {
        kind: FactKind::ImageRequested,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        dedup_key: format!("image/{}/{tag}/{digest}", policy.model),
        at: ctx.now,
        reasons: vec![format!("{tag} points at {digest}")],
        details: [("tag".to_owned(), tag.to_string()), ("digest".to_owned(), digest.to_string())].into(),
    };
    Some(Action::PutEvents { service: "events", detail_type: fact.kind.as_str(), fact })
}
