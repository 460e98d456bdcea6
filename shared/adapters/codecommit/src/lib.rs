//! trimtab-codecommit
