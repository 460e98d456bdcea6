//! The request for a run: its name, its token and its parameters.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::name::ModelName;
use trimtab_core::policy;
use trimtab_core::port::RunRequest;
use trimtab_core::text::digest;

use crate::engines;
use crate::state::{Incident, TrainingImage};
use crate::trigger::Trigger;

/// The run of this trigger. Its name and token contain no time, so that every retry requests the same run.
pub(crate) fn of(
    model: &ModelName,
    retrain: &policy::Retrain,
    image: Option<&TrainingImage>,
    trigger: &Trigger,
    now: Timestamp,
) -> RunRequest {
    let id = Incident::id_of(model, trigger);
    RunRequest {
        engine: retrain.engine.clone(),
        token: format!("trimtab-{}", digest(&[model.as_str(), &id, &trigger.subject.to_string()], 48)),
        parameters: parameters(model, retrain, image, trigger, &id),
        display_name: id,
        since: now,
    }
}

fn parameters(
    model: &ModelName,
    retrain: &policy::Retrain,
    image: Option<&TrainingImage>,
    trigger: &Trigger,
    id: &str,
) -> BTreeMap<String, String> {
    let names = engines::parameter_names(&retrain.engine, &retrain.parameters);
    let features = match trigger.features.is_empty() {
        true => None,
        false => Some(trigger.feature_list()),
    };
    [
        (names.commit, trigger.commit().map(ToString::to_string)),
        (names.incident, Some(id.to_owned())),
        (names.reason, Some(trigger.kind().as_str().to_owned())),
        (names.experiment, Some(model.to_string())),
        (names.trial, Some(id.to_owned())),
        (names.image, image.map(|image| image.uri.to_string())),
        (names.features, features),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name?, value?)))
    .collect()
}
