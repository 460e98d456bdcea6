//! trimtab-core
