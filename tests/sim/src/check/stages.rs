//! The model with stages.

use crate::events::LOANS;
use crate::promise::Violation;
use crate::services::Services;

/// Each stage took each version once; the one that did not answer went no further, and back.
pub(super) fn stages(services: &Services) -> Vec<Violation> {
    let (slots, mut found) = (&services.stages.updates, Vec::new());
    let taken = |other, name: &str| slots.get(&(other, name.to_owned())).cloned().unwrap_or_default();
    let (dev, staging, prod) = (taken(false, "loans-dev"), taken(true, "loans"), taken(false, "loans"));
    if dev.len() > 2 || staging.len() > 3 || prod.len() > 1 {
        found.push(Violation::doubled(format!("dev took {dev:?}, staging {staging:?}, production {prod:?}")));
    }
    if prod.contains(&(LOANS + 1)) {
        found.push(Violation::doubled("a version that does not answer went to production".to_owned()));
    }
    let told = |words: &str| services.messages.keys().any(|message| message.starts_with(words));
    // The first version may have reached the suite after the second.
    if told("Rollout Skipped on rollout/loans/") {
        return found;
    }
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(Violation::lost(what.to_owned()));
        }
    };
    must(services.serves(false, "loans") == Some(LOANS), "production does not serve the first version");
    must(services.serves(true, "loans") == Some(LOANS), "staging does not serve the first version again");
    must(told("Smoke Test Failed on rollout/loans/staging/302"), "nobody was told of the smoke test");
    must(told("Rollout Succeeded on rollout/loans/prod/301"), "nobody was told that the first version is live");
    found
}
