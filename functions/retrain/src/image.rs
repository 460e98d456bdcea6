//! The image that runs get: `integrate` says which it is, and every run from then on gets it.

use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::ImageUri;
use trimtab_core::plan::{Decision, Plan};
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::reactor::Context;

use crate::decide::{Answer, Observed, triage};
use crate::incident::{Image, State};
use crate::trigger::{Kind, Trigger};

/// Whether the fact tells of an image.
pub(crate) fn is_in(fact: &Fact) -> bool {
    match fact.kind {
        FactKind::ImageAdopted => true,
        FactKind::TrainingRequested => fact.details.contains_key("image"),
        _ => false,
    }
}

/// The image is kept, if it is newer than the one that is known; a request gets its run.
pub(crate) fn on_image(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits, fact: &Fact) -> Answer {
    let Some(image) = read(fact) else {
        return Plan::fail("no_image", "expected details.image, an image in ECR by its digest, and details.serial");
    };
    let wanted = policy.integrate.as_ref().and_then(|integrate| integrate.image.as_ref());
    let own = image.uri.account() == ctx.event.envelope.account.as_str()
        && wanted.is_some_and(|wanted| wanted.repository.as_str() == image.uri.repository());
    if !own {
        return Plan::fail(
            "foreign_image",
            "the image is not in the account's own registry, under the policy's repository",
        );
    }
    let mut state = ctx.state.clone();
    let news = ctx.state.image.as_ref().is_none_or(|known| known.serial < image.serial);
    if news {
        state.image = Some(image.clone());
    }
    if fact.kind == FactKind::ImageAdopted {
        return match news {
            true => Plan::update(state, "image_adopted", format!("runs get image {} from now on", image.uri.digest())),
            false => Plan::skip("image_known", "this image, or a newer one, is known already"),
        };
    }
    if ctx.state.image.as_ref().is_some_and(|known| known.serial > image.serial) {
        return Plan::skip("image_superseded", "a newer image is known, and that has its own request");
    }
    let subject = format!("image/{}/{}", image.uri, image.serial);
    let trigger = Trigger::new(Kind::Image, subject, format!("image {} was pushed", image.uri.digest()));
    let mut plan = triage(&Context { state: &state, ..*ctx }, policy, limits, trigger);
    // Whatever becomes of the request, the image is known.
    if news && plan.state.is_none() && plan.decision != Decision::Failed {
        plan.state = Some(state);
    }
    plan
}

fn read(fact: &Fact) -> Option<Image> {
    let uri = ImageUri::parse(fact.details.get("image")?).ok()?;
    Some(Image { uri, serial: fact.details.get("serial")?.parse().ok()? })
}
