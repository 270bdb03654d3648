//! Finds what repeats: chains of places with equal hashes, and one byte of patience.

use super::WINDOW_BITS;
use super::tokens::{MATCH_BYTES_MAX, MATCH_BYTES_MIN, Recent, Token, slot};
use crate::prefix::common_bytes;

/// Farther back nothing can be named: three positions stand for the recent offsets.
const OFFSET_MAX: usize = (1 << WINDOW_BITS) - 3;
/// What is hashed: two characters of UTF-16.
const KEY_BYTES: usize = 4;
const HASH_BITS: u32 = 15;
/// How many places of a chain are tried.
const PLACES_MAX: usize = 48;
/// A match this long is taken without looking further.
const LONG_BYTES: usize = 128;

pub(super) struct Matcher<'a> {
    input: &'a [u8],
    at: usize,
    recent: Recent,
    /// Places before this one are in the chains. A place is kept plus one: zero is none.
    chained: usize,
    /// By hash, the newest place.
    newest: Vec<u32>,
    /// By place within the window, the next older place of the same hash.
    older: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Match {
    offset: u32,
    length: usize,
    saved_bits: i32,
}

impl Match {
    /// What the match saves against literals. The estimate suits text in UTF-16, where a literal
    /// takes about three bits, every other one being zero.
    fn new(offset: u32, position: u32, length: usize) -> Self {
        let symbol_bits = if position < 3 { 4 } else { 6 };
        let (_, footer_bits) = slot(position);
        Self { offset, length, saved_bits: 3 * length as i32 - symbol_bits - footer_bits as i32 }
    }
}

impl<'a> Matcher<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let window_bytes = input.len().next_power_of_two().min(1 << WINDOW_BITS);
        Self {
            input,
            at: 0,
            recent: Recent::new(),
            chained: 0,
            newest: vec![0; 1 << HASH_BITS],
            older: vec![0; window_bytes],
        }
    }

    /// The tokens from where the last call stopped up to `end`.
    pub(super) fn tokens(&mut self, end: usize) -> Vec<Token> {
        let mut tokens = Vec::new();
        while self.at < end {
            let mut found = self.best_match(self.at, end);
            while let Some(now) = found.filter(|now| now.length < LONG_BYTES && self.at + 1 < end) {
                let next = self.best_match(self.at + 1, end);
                if next.is_none_or(|next| next.saved_bits <= now.saved_bits) {
                    break;
                }
                tokens.push(self.literal());
                found = next;
            }
            tokens.push(match found {
                Some(found) => self.copy(found),
                None => self.literal(),
            });
        }
        tokens
    }

    fn literal(&mut self) -> Token {
        self.at += 1;
        Token::literal(self.input[self.at - 1])
    }

    fn copy(&mut self, found: Match) -> Token {
        self.at += found.length;
        Token::copy(self.recent.position(found.offset), found.length)
    }

    /// The match from `at` to `end` at most that saves the most bits, if one saves any. To be asked
    /// once for a place.
    fn best_match(&mut self, at: usize, end: usize) -> Option<Match> {
        let here = &self.input[at..end.min(at + MATCH_BYTES_MAX)];
        let mut best: Option<Match> = None;
        let mut consider = |candidate: Match| {
            if candidate.saved_bits > best.map_or(0, |best| best.saved_bits) {
                best = Some(candidate);
            }
        };
        for (position, offset) in (0..).zip(self.recent.offsets()) {
            let Some(from) = at.checked_sub(offset as usize) else { continue };
            let length = common_bytes(&self.input[from..], here);
            if length >= MATCH_BYTES_MIN {
                consider(Match::new(offset, position, length));
            }
        }
        let mut place = self.chain(at);
        let mut longest = KEY_BYTES - 1;
        for _ in 0..PLACES_MAX {
            let Some(from) = (place as usize).checked_sub(1) else { break };
            if at - from > OFFSET_MAX || longest >= here.len() {
                break;
            }
            // Only what goes on past the longest so far can be longer.
            if self.input[from + longest] == here[longest] {
                let length = common_bytes(&self.input[from..], here);
                if length > longest {
                    longest = length;
                    let offset = (at - from) as u32;
                    consider(Match::new(offset, offset + 2, length));
                }
            }
            place = self.older[from & (self.older.len() - 1)];
        }
        best
    }

    /// Takes all places up to `at` into the chains. Returns the one before `at` in its chain.
    fn chain(&mut self, at: usize) -> u32 {
        let window = self.older.len() - 1;
        let mut older = 0;
        while self.chained <= at {
            older = match self.input[self.chained..].first_chunk::<KEY_BYTES>() {
                Some(key) => {
                    let hash = u32::from_le_bytes(*key).wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS);
                    std::mem::replace(&mut self.newest[hash as usize], self.chained as u32 + 1)
                }
                None => 0,
            };
            self.older[self.chained & window] = older;
            self.chained += 1;
        }
        older
    }
}
