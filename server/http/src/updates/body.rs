//! Request bodies: bounded in length and pace, and as text.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use headwater_wsus::soap::decode_text;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// What every connection may have in memory, in bytes. Native agents send 51 KB at most (fact 26), so
/// they are served while others fill the [`Room`].
const SMALL_BYTES: usize = 64 << 10;
/// What bodies have beyond that, over all connections: four of the largest. Decoding one takes as much
/// again at most.
const LARGE_BYTES_MAX: usize = 256 << 20;
/// Until the first bytes have to be here.
const PATIENCE: Duration = Duration::from_secs(30);
/// How fast the rest comes on average, at least: as on a line of 128 kbit/s.
const BYTES_PER_SECOND_MIN: f64 = 16_384.0;

/// The memory for large bodies, which connections share.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_BYTES_MAX)))
    }
}

/// A body as text, with the room that it takes.
#[derive(Debug)]
pub(crate) struct Text {
    pub text: String,
    _room: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// Other bodies take all the room.
    Busy,
    /// With the reason, where there are words for it.
    Refused(StatusCode, String),
}

impl From<StatusCode> for Unread {
    fn from(status: StatusCode) -> Self {
        Self::Refused(status, String::new())
    }
}

/// Reads a body of at most `bytes_max` bytes, chunked or not, as text in UTF-8 or UTF-16.
pub(crate) async fn read(request: Request<Body>, bytes_max: usize, room: &Room) -> Result<Text, Unread> {
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse().ok());
    if declared.is_some_and(|len: u64| len > bytes_max as u64) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE.into());
    }
    let charset = charset(&request);
    let (body, room) = collect(request.into_body(), bytes_max, room).await?;
    match decode_text(&body, charset.as_deref()).map(Cow::into_owned) {
        Ok(text) => Ok(Text { text, _room: room }),
        Err(error) => Err(Unread::Refused(StatusCode::BAD_REQUEST, error.to_string())),
    }
}

/// Room is taken for what is here, not for what was announced: else who only announces has it all.
async fn collect(
    mut body: Body,
    bytes_max: usize,
    room: &Room,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Unread> {
    let start = Instant::now() + PATIENCE;
    let (mut bytes, mut taken) = (Vec::new(), None);
    loop {
        let deadline = start + Duration::from_secs_f64(bytes.len() as f64 / BYTES_PER_SECOND_MIN);
        let frame = timeout_at(deadline, body.frame()).await.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
        let Some(frame) = frame else { return Ok((bytes, taken)) };
        // The client went away; nobody reads this.
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        let chunk: Bytes = frame.into_data().unwrap_or_default();
        if bytes.len() + chunk.len() > bytes_max {
            return Err(StatusCode::PAYLOAD_TOO_LARGE.into());
        }
        bytes.extend_from_slice(&chunk);
        room.hold(&mut taken, bytes.len().saturating_sub(SMALL_BYTES))?;
    }
}

impl Room {
    /// Takes what is missing of `bytes`.
    fn hold(&self, taken: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), Unread> {
        let missing = bytes.saturating_sub(taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let more = Arc::clone(&self.0).try_acquire_many_owned(missing).map_err(|_| Unread::Busy)?;
        match taken {
            Some(taken) => taken.merge(more),
            None => *taken = Some(more),
        }
        Ok(())
    }
}

fn charset(request: &Request<Body>) -> Option<String> {
    let media_type = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let parameters = media_type.split(';').skip(1);
    let mut named = parameters.filter_map(|parameter| parameter.trim().split_once('='));
    let (_, charset) = named.find(|(name, _)| name.eq_ignore_ascii_case("charset"))?;
    Some(charset.trim_matches('"').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt as _, stream};

    use super::*;

    const KIB: usize = 1 << 10;

    /// A body of pieces of so many bytes, one each second.
    fn slow(pieces: usize, piece_bytes: usize) -> Request<Body> {
        let pieces = stream::iter(0..pieces).then(move |_| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>("x".repeat(piece_bytes))
        });
        Request::new(Body::from_stream(pieces))
    }

    fn whole(bytes: usize) -> Request<Body> {
        Request::new(Body::from("x".repeat(bytes)))
    }

    async fn status(request: Request<Body>, bytes_max: usize, room: &Room) -> u16 {
        match read(request, bytes_max, room).await {
            Ok(text) => {
                assert!(text.text.bytes().all(|b| b == b'x'));
                200
            }
            Err(Unread::Busy) => 503,
            Err(Unread::Refused(status, _)) => status.as_u16(),
        }
    }

    #[tokio::test]
    async fn no_more_than_the_limit_is_read() {
        let room = Room::default();
        assert_eq!(status(whole(10), 10, &room).await, 200);
        assert_eq!(status(whole(11), 10, &room).await, 413);
        let endless = stream::repeat_with(|| Ok::<_, Infallible>("x".repeat(KIB)));
        assert_eq!(status(Request::new(Body::from_stream(endless)), 100 * KIB, &room).await, 413);
        assert_eq!(room.0.available_permits(), LARGE_BYTES_MAX, "what was refused takes no room");
    }

    #[tokio::test]
    async fn large_bodies_share_their_room_and_small_ones_need_none() {
        let room = Room(Arc::new(Semaphore::new(100 * KIB)));
        let first = read(whole(164 * KIB), 1 << 20, &room).await.expect("there is room");
        assert_eq!(status(whole(65 * KIB), 1 << 20, &room).await, 503);
        assert_eq!(status(whole(64 * KIB), 1 << 20, &room).await, 200);
        drop(first);
        assert_eq!(status(whole(65 * KIB), 1 << 20, &room).await, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_keeps_its_pace() {
        let room = Room::default();
        assert_eq!(status(slow(100, 17 * KIB), 10 << 20, &room).await, 200, "a slow line");
        let before = Instant::now();
        assert_eq!(status(slow(10_000, 1), 1 << 20, &room).await, 408, "a byte each second");
        assert_eq!(before.elapsed().as_secs(), 30);
        assert_eq!(
            status(
                Request::new(Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())),
                10,
                &room
            )
            .await,
            408
        );
    }
}
