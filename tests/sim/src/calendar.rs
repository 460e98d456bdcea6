//! A model that is trained on a schedule only: its policy, and the times of its reconciles.

use jiff::SignedDuration;

/// The period of the schedule.
pub(crate) const PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The policy of `seasons`.
pub(crate) const POLICY: &str = r#"
version = 1
model = "seasons"
owner = "seasons-team@example.com"
package_group = "seasons"

[retrain]
pipeline = "seasons-training"
every = "30d"
cool_down = "24h"
budget = { runs = 4, per = "7d" }

[reconcile]
"#;

/// The times of the reconciles: at the start of the first period, and after the ends of the first two. A second
/// reconcile follows each one, in case a fault stopped the first.
pub(crate) fn reconciles() -> [SignedDuration; 6] {
    let hours = SignedDuration::from_hours;
    let day = |number: i64| hours(24 * number);
    [hours(0), hours(1), day(31), day(32), day(63), day(64)]
}
