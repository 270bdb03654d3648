//! Microsoft's messages: SOAP envelopes and faults, MS-WUSP and MS-WSUSSS, one file per operation.
