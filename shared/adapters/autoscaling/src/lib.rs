//! trimtab-autoscaling
