//! Decisions about updates: groups, approvals, offers, compliance.
