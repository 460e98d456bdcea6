//! trimtab-runtime
