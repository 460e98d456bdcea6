//! What goes wrong, and when; and how events are delivered.

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Refused for now; not applied.
    Refused,
    /// This call and all others are throttled for half a minute.
    Throttled,
    /// Applied, but the answer is lost after a time-out.
    ResponseLost,
    /// No answer in time, and applied 25 seconds later all the same.
    AppliedLate,
    /// The process dies before the call.
    CrashBefore,
    /// The process dies after the call was applied.
    CrashAfter,
    /// The answer is what was true before the last change; only for what AWS reads eventually.
    Stale,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Refused,
        Self::Throttled,
        Self::ResponseLost,
        Self::AppliedLate,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Stale,
    ];
}

/// A fault at the call of this number, counted from 0 over the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The call's number.
    pub call: u32,
    /// What happens to it.
    pub kind: Kind,
}

/// How AWS delivers events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Schedule {
    /// Once, at once.
    Once,
    /// Twice at the same moment, under different ids.
    Twice,
    /// Again after two hours.
    Hours,
    /// Again after three days.
    Days,
    /// Late by three hours.
    Delayed,
    /// In any order within ten minutes.
    Jumbled,
    /// Three times, in any order within half an hour.
    Thrice,
    /// One best-effort event never comes.
    Dropped,
}

impl Schedule {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Once, Self::Twice, Self::Hours, Self::Days, Self::Delayed, Self::Jumbled, Self::Thrice, Self::Dropped];
}

/// SplitMix64: one seed is one run, on every machine.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// A sequence of its own for each seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(usize::try_from(self.below(all.len() as u64)).unwrap_or_default()).copied()
    }
}
