//! trimtab-cli
