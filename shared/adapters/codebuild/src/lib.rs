//! trimtab-codebuild
