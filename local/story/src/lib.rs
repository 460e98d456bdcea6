//! trimtab-story
