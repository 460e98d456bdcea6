//! The model with stages.

use crate::events::LOANS;
use crate::promise::Violation;
use crate::services::Services;

/// Requires that each stage took each version once, and that the version that failed its smoke test was rolled back.
pub(super) fn stages(services: &Services) -> Vec<Violation> {
    let (slots, mut found) = (&services.stages.updates, Vec::new());
    let taken = |other, name: &str| slots.get(&(other, name.to_owned())).cloned().unwrap_or_default();
    let (dev, staging, prod) = (taken(false, "loans-dev"), taken(true, "loans"), taken(false, "loans"));
    if dev.len() > 2 || staging.len() > 3 || prod.len() > 1 {
        found.push(Violation::doubled(format!("dev took {dev:?}, staging {staging:?}, production {prod:?}")));
    }
    if prod.contains(&(LOANS + 1)) {
        found.push(Violation::doubled("a version that fails its smoke test went to production".to_owned()));
    }
    let has_message = |words: &str| services.messages.keys().any(|message| message.starts_with(words));
    // The first version may have arrived after the second.
    if has_message("Rollout Skipped on rollout/loans/") {
        return found;
    }
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(Violation::lost(what.to_owned()));
        }
    };
    must(services.serves(false, "loans") == Some(LOANS), "production does not serve the first version");
    must(services.serves(true, "loans") == Some(LOANS), "staging does not serve the first version again");
    must(has_message("Smoke Test Failed on rollout/loans/staging/302"), "the failed smoke test was not reported");
    must(
        has_message("Rollout Succeeded on rollout/loans/prod/301"),
        "the rollout of the first version was not reported",
    );
    found
}
