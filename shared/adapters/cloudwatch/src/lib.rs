//! trimtab-cloudwatch
