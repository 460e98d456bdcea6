//! The image that training runs use: the newest push under a configured tag, by its digest, from the account's own
//! registry. `integrate` numbers the images; `retrain` gives the newest to each run.

use std::collections::BTreeMap;

use trimtab_core::event::{Event, Image};
use trimtab_core::name::{ImageDigest, ImageTag, ImageUri};

use crate::fact::TaggedImage;
use crate::observation::ObservedTag;
use crate::state::TrainingImage;

/// The image as its event alone describes it.
pub(crate) fn preview(event: &Event, image: &Image) -> Option<ImageUri> {
    let (account, region) = (event.envelope.account.as_str(), event.envelope.region.as_str());
    ImageUri::of(account, region, &image.repository, image.digest.as_ref()?).ok()
}

/// Whether an image under a tag becomes the training image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Adoption {
    TagGone,
    TagMoved,
    /// The event of another account cannot select an image.
    ForeignRegistry,
    AlreadyHandled,
    /// Training runs use the image, from another tag. The tag is recorded as handled.
    SameImage(TrainingImage),
    New(TrainingImage),
}

/// Compares a pushed image with the registry (`observed`) and with the current training image.
pub(crate) fn adoption(
    current: Option<&TrainingImage>,
    pushed: &TaggedImage,
    observed: Option<&ImageUri>,
    account: &str,
) -> Adoption {
    let Some(uri) = observed else { return Adoption::TagGone };
    if uri.digest() != pushed.digest.as_str() {
        return Adoption::TagMoved;
    }
    if uri.account() != account {
        return Adoption::ForeignRegistry;
    }
    let mut handled = current.map_or_else(BTreeMap::new, |current| current.handled.clone());
    if handled.get(&pushed.tag) == Some(&pushed.digest) {
        return Adoption::AlreadyHandled;
    }
    handled.insert(pushed.tag.clone(), pushed.digest.clone());
    match current {
        // An image that was claimed and not published must be published under its new tag.
        Some(current) if current.published && current.uri == *uri => {
            Adoption::SameImage(TrainingImage { handled, ..current.clone() })
        }
        _ => Adoption::New(TrainingImage {
            uri: uri.clone(),
            tag: pushed.tag.clone(),
            serial: current.map_or(0, |current| current.serial) + 1,
            published: false,
            handled,
        }),
    }
}

/// A tag, and whether its image was handled and published.
pub(crate) fn observed_tag(tag: &ImageTag, uri: Option<&ImageUri>, current: Option<&TrainingImage>) -> ObservedTag {
    let digest = uri.and_then(|uri| ImageDigest::parse(uri.digest()).ok());
    // An image that was claimed and not published is open: the reconcile requests it, and it is resumed.
    let handled = current.is_some_and(|current| current.published && current.handled.get(tag) == digest.as_ref());
    ObservedTag { tag: tag.clone(), digest, handled }
}
