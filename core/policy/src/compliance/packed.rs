//! Numbers in few bytes: seven bits each, the lowest first, and small ones of either sign small.

use headwater_model::Timestamp;

/// Why packed bytes cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    #[error("the packed row is of version {0}, which this program does not know")]
    Version(u8),
    #[error("the packed row is damaged")]
    Damaged,
}

/// Appends numbers to bytes that begin with a version.
pub(super) struct Packer(Vec<u8>);

impl Packer {
    pub(super) fn new(version: u8) -> Self {
        Self(vec![version])
    }

    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(super) fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Takes numbers off bytes.
pub(super) struct Unpacker<'a>(&'a [u8]);

impl<'a> Unpacker<'a> {
    pub(super) fn new(bytes: &'a [u8], version: u8) -> Result<Self, PackedError> {
        match bytes.split_first() {
            Some((found, rest)) if *found == version => Ok(Self(rest)),
            Some((found, _)) => Err(PackedError::Version(*found)),
            None => Err(PackedError::Damaged),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn number(&mut self) -> Result<u64, PackedError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(PackedError::Damaged)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(PackedError::Damaged)
    }

    pub(super) fn signed(&mut self) -> Result<i64, PackedError> {
        let value = self.number()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, PackedError> {
        T::try_from(self.number()?).map_err(|_| PackedError::Damaged)
    }

    pub(super) fn hresult(&mut self) -> Result<i32, PackedError> {
        i32::try_from(self.signed()?).map_err(|_| PackedError::Damaged)
    }

    /// A time that is given as milliseconds since another.
    pub(super) fn time_after(&mut self, millis: &mut i64) -> Result<Timestamp, PackedError> {
        *millis = millis.checked_add(self.signed()?).ok_or(PackedError::Damaged)?;
        let micros = millis.checked_mul(1000).ok_or(PackedError::Damaged)?;
        let time = Timestamp::from_micros(micros);
        if time.as_micros() == micros { Ok(time) } else { Err(PackedError::Damaged) }
    }
}

/// Agents tell milliseconds, and so many are kept.
pub(super) fn millis(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(1000)
}

/// The time without what is finer than a millisecond.
pub(super) fn whole_millis(time: Timestamp) -> Timestamp {
    Timestamp::from_micros(millis(time) * 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(value: i64, bytes: &[u8]) {
        let mut packer = Packer::new(7);
        packer.signed(value);
        assert_eq!(packer.finish()[1..], *bytes);
    }

    #[test]
    fn small_numbers_take_one_byte() {
        check(0, &[0]);
        check(-1, &[1]);
        check(63, &[126]);
        check(64, &[0x80, 1]);
        check(i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    }

    #[test]
    fn other_versions_and_numbers_without_end_are_refused() {
        assert_eq!(Unpacker::new(&[2], 1).err(), Some(PackedError::Version(2)));
        assert_eq!(Unpacker::new(&[], 1).err(), Some(PackedError::Damaged));
        for bytes in [&[1, 0x80][..], &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]] {
            let mut unpacker = Unpacker::new(bytes, 1).expect("version 1");
            assert_eq!(unpacker.number(), Err(PackedError::Damaged), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(value: i64) {
            let mut packer = Packer::new(1);
            packer.signed(value);
            let bytes = packer.finish();
            prop_assert_eq!(Unpacker::new(&bytes, 1).and_then(|mut unpacker| unpacker.signed()), Ok(value));
        }
    }
}
