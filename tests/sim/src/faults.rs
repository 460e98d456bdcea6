//! The faults, the calls at which they are injected, and the schedules of deliveries.

/// The kind of a fault at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The service refuses the call and does not apply it.
    Refused,
    /// The service throttles this call and all others for half a minute.
    Throttled,
    /// The service applies the call; the response is lost, and the call times out.
    ResponseLost,
    /// The call times out, and the service applies it 25 seconds later.
    AppliedLate,
    /// The process dies before the call.
    CrashBefore,
    /// The process dies after the call was applied.
    CrashAfter,
    /// The response is out of date by one change; only for eventually consistent reads.
    Stale,
}

impl Kind {
    /// All variants.
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

/// A fault at one call of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The number of the call in the run, from 0.
    pub call: u32,
    /// The kind of the fault.
    pub kind: Kind,
}

/// The schedule on which AWS delivers events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Schedule {
    /// Each event once, without delay.
    Once,
    /// Each event twice at the same time, under different IDs.
    Twice,
    /// Each event without delay, and again after two hours.
    Hours,
    /// Each event without delay, and again after three days.
    Days,
    /// Each event once, delayed by three hours.
    Delayed,
    /// Each event once, in random order within ten minutes.
    Jumbled,
    /// Each event three times, in random order within half an hour.
    Thrice,
    /// Each event once, except one best-effort event that is never delivered.
    Dropped,
}

impl Schedule {
    /// All variants.
    pub const ALL: [Self; 8] =
        [Self::Once, Self::Twice, Self::Hours, Self::Days, Self::Delayed, Self::Jumbled, Self::Thrice, Self::Dropped];
}

/// A random number generator (SplitMix64): one seed gives the same run on every machine.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The generator with this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number of the sequence.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    /// A random element; `None` if there is none.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(usize::try_from(self.below(all.len() as u64)).unwrap_or_default()).copied()
    }
}
