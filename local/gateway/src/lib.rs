//! trimtab-gateway
