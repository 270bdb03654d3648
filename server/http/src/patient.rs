//! A stream that gives up on a peer that does not read: an answer must not stay in memory for long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What has to go out before there is patience anew, in bytes: a window opened byte by byte is a stall
/// too.
pub(crate) const PROGRESS_BYTES: usize = 16 << 10;

/// Fails to write what has waited for too long. Reading is as it was.
pub(crate) struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs while something waits to be written.
    deadline: Option<Pin<Box<Sleep>>>,
    written: usize,
}

impl<S> Patient<S> {
    pub fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, deadline: None, written: 0 }
    }

    fn rest(&mut self) {
        self.written = 0;
        self.deadline = None;
    }

    fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        if self.written >= PROGRESS_BYTES {
            self.rest();
        }
    }

    /// What was polled, or an error if it has been pending for too long.
    fn wait<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_pending() {
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(self.patience)));
            ready!(deadline.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes).map_ok(|written| {
            self.wrote(written);
            written
        });
        self.wait(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices).map_ok(|written| {
            self.wrote(written);
            written
        });
        self.wait(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context).map_ok(|()| self.rest());
        self.wait(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.wait(context, polled)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Writes 100 KB to a peer that reads so many bytes each second, and says how it ended and when.
    async fn check(bytes_per_second: usize) -> (Result<(), io::ErrorKind>, u64) {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let reader = tokio::spawn(async move {
            let mut buffer = vec![0; bytes_per_second];
            while theirs.read_exact(&mut buffer).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let start = Instant::now();
        let mut ours = Patient::new(ours, PATIENCE);
        let done = async {
            ours.write_all(&vec![b'x'; 100_000]).await?;
            ours.flush().await
        };
        let done = done.await.map_err(|error: io::Error| error.kind());
        reader.abort();
        (done, start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_waited_for_and_one_that_stalls_is_left() {
        assert_eq!(check(1_000).await.0, Ok(()));
        assert_eq!(check(1).await, (Err(io::ErrorKind::TimedOut), 30));
        let (ours, _theirs) = tokio::io::duplex(1024);
        let error = Patient::new(ours, PATIENCE).write_all(&[b'x'; 2_000]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn time_without_an_answer_to_write_does_not_count() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut ours = Patient::new(ours, PATIENCE);
        for _ in 0..3 {
            let answer = async {
                ours.write_all(&[b'x'; 2_000]).await?;
                ours.flush().await
            };
            let read = async {
                tokio::time::sleep(Duration::from_secs(20)).await;
                theirs.read_exact(&mut [0; 2_000]).await
            };
            let (answered, read) = tokio::join!(answer, read);
            answered.expect("is read in time");
            read.expect("has come");
            tokio::time::sleep(Duration::from_secs(100)).await;
        }
    }
}
