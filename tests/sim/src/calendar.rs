//! A model that nothing but the calendar asks to train: its policy, and when it is looked at.

use jiff::SignedDuration;

/// How long a period is.
pub(crate) const PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Its policy.
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

/// When it is looked at: when the first period begins, and when that and the next are over; each time
/// once more soon after, which finds nothing, or what a look that came to nothing has left.
pub(crate) fn reconciles() -> [SignedDuration; 6] {
    let hours = SignedDuration::from_hours;
    let day = |number: i64| hours(24 * number);
    [hours(0), hours(1), day(31), day(32), day(63), day(64)]
}
