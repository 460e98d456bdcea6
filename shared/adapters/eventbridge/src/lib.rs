//! trimtab-eventbridge
