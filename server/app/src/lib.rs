//! Use cases of the update server, one file per verb, and the reconcilers.
