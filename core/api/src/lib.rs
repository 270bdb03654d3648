//! Headwater's own JSON: what the console and the commands exchange.
