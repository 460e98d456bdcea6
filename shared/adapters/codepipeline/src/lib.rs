//! trimtab-codepipeline
