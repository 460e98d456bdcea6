//! trimtab-sagemaker
