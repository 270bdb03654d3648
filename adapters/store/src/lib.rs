//! The database: every statement of SQL lives here.
