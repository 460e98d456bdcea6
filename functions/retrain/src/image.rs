//! The training image: which images the model accepts, and which of two is newer.

use trimtab_core::name::AccountId;
use trimtab_core::policy::Policy;

use crate::state::TrainingImage;
use crate::trigger::{Trigger, TriggerSubject};

/// Whether the image is in the account's own registry, under the policy's repository. An image from elsewhere would
/// run foreign code with the training role.
pub(crate) fn is_own(image: &TrainingImage, policy: &Policy, account: &AccountId) -> bool {
    let configured = policy.integrate.as_ref().and_then(|integrate| integrate.image.as_ref());
    image.uri.account() == account.as_str()
        && configured.is_some_and(|configured| configured.repository.as_str() == image.uri.repository())
}

/// Whether the image is newer than the recorded one, in whatever order they are reported.
pub(crate) fn is_newer(image: &TrainingImage, recorded: Option<&TrainingImage>) -> bool {
    recorded.is_none_or(|recorded| recorded.serial < image.serial)
}

/// Whether the image is older than the recorded one.
pub(crate) fn is_superseded(image: &TrainingImage, recorded: Option<&TrainingImage>) -> bool {
    recorded.is_some_and(|recorded| recorded.serial > image.serial)
}

/// The trigger of the image's own run.
pub(crate) fn trigger(image: &TrainingImage) -> Trigger {
    let subject = TriggerSubject::Image { uri: image.uri.clone(), serial: image.serial };
    Trigger::new(subject, format!("image {} was pushed", image.uri.digest()))
}
