//! Translation of HTTP, SOAP and JSON to use cases, and back.
