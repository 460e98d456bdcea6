//! trimtab-ledger
