//! Serde for the values: their text where a person reads it, their bytes where a machine does.

use std::fmt::Display;
use std::str::FromStr;

use serde_core::de::{Deserialize, Deserializer, Error};
use serde_core::ser::{Serialize, Serializer};

use crate::{
    EulaId, GroupId, ProtocolVersion, ServerId, Sha1Digest, Sha256Digest, Timestamp, UpdateId, UpdateIdentity,
};

/// Values that have a text form and a compact form.
macro_rules! two_forms {
    ($name:ident, $compact:ty, $to:expr, $from:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    return serializer.collect_str(self);
                }
                let to: fn(&Self) -> $compact = $to;
                to(self).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    return from_text(deserializer);
                }
                let from: fn($compact) -> Self = $from;
                <$compact>::deserialize(deserializer).map(from)
            }
        }
    };
}

fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: Display,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

two_forms!(UpdateId, [u8; 16], |id| *id.as_bytes(), Self::from_bytes);
two_forms!(GroupId, [u8; 16], |id| *id.as_bytes(), Self::from_bytes);
two_forms!(ServerId, [u8; 16], |id| *id.as_bytes(), Self::from_bytes);
two_forms!(EulaId, [u8; 16], |id| *id.as_bytes(), Self::from_bytes);
two_forms!(Sha1Digest, [u8; 20], |digest| digest.0, Self);
two_forms!(Sha256Digest, [u8; 32], |digest| digest.0, Self);
two_forms!(Timestamp, i64, |timestamp| timestamp.as_micros(), Self::from_micros);

impl Serialize for UpdateIdentity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.id, self.revision).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for UpdateIdentity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <(UpdateId, u32)>::deserialize(deserializer).map(|(id, revision)| Self { id, revision })
    }
}

impl Serialize for ProtocolVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.major, self.minor).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ProtocolVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <(u16, u16)>::deserialize(deserializer).map(|(major, minor)| Self { major, minor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T>(value: T, json: &str)
    where
        T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug,
    {
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<T>(json).unwrap(), value);
    }

    #[test]
    fn people_read_text() {
        let id: UpdateId = "56309036-4c77-4dd9-951a-99ee9c246a94".parse().unwrap();
        check(id, "\"56309036-4c77-4dd9-951a-99ee9c246a94\"");
        check(UpdateIdentity { id, revision: 101 }, "[\"56309036-4c77-4dd9-951a-99ee9c246a94\",101]");
        check(Sha1Digest([0xab; 20]), &format!("\"{}\"", "ab".repeat(20)));
        check(Timestamp::EPOCH, "\"1970-01-01T00:00:00Z\"");
        check(ProtocolVersion::new(1, 20), "[1,20]");
        assert!(serde_json::from_str::<UpdateId>("\"x\"").is_err());
    }
}
