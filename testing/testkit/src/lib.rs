//! Starts real servers and walks them as an update agent does.
