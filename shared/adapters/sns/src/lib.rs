//! trimtab-sns
