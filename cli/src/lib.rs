//! The administrator's commands; they speak to the API only.
