use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const FAST: Patience = Patience {
    connect: Duration::from_secs(1),
    answer: Duration::from_millis(200),
    span: Duration::from_millis(200),
};

/// Answers one request with these bytes, a piece at a time, and then closes or falls silent.
async fn source(pieces: Vec<Vec<u8>>, then: Then) -> (Address, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/Content/A2/86.cab", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        for piece in pieces {
            // A client that hung up is what some of the tests are about.
            let _ = stream.write_all(&piece).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if matches!(then, Then::FallSilent) {
            let _ = stream.read_u8().await;
        }
        String::from_utf8(request).unwrap()
    });
    (address.parse().unwrap(), task)
}

#[derive(Clone, Copy)]
enum Then {
    Close,
    FallSilent,
}

/// The bytes that came and where they began, or the error with what came before it.
async fn fetch(
    pieces: Vec<Vec<u8>>,
    then: Then,
    from: u64,
    size_bytes: u64,
) -> (u64, Vec<u8>, Option<Error>) {
    let (address, _task) = source(pieces, then).await;
    let downloader = Downloader::new(FAST).unwrap();
    let mut download = match downloader.get(&address, Trust::Configured, from, size_bytes).await {
        Ok(download) => download,
        Err(error) => return (0, Vec::new(), Some(error)),
    };
    let mut bytes = Vec::new();
    loop {
        match download.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return (download.start(), bytes, None),
            Err(error) => return (download.start(), bytes, Some(error)),
        }
    }
}

fn answer(head: &str, body: &[u8]) -> Vec<Vec<u8>> {
    vec![format!("HTTP/1.1 {}\r\n\r\n", head.replace('\n', "\r\n")).into_bytes(), body.to_vec()]
}

#[tokio::test]
async fn a_whole_file_and_the_rest_of_one() {
    let (start, bytes, error) = fetch(answer("200 OK\nContent-Length: 5", b"hello"), Then::Close, 0, 5).await;
    assert!(error.is_none() && start == 0 && bytes == b"hello", "{error:?}");
    let rest = answer("206 Partial Content\nContent-Range: bytes 3-4/5\nContent-Length: 2", b"lo");
    let (start, bytes, error) = fetch(rest, Then::Close, 3, 5).await;
    assert!(error.is_none() && start == 3 && bytes == b"lo", "{error:?}");
    let chunked = answer("200 OK\nTransfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n");
    let (start, bytes, error) = fetch(chunked, Then::FallSilent, 3, 5).await;
    assert!(error.is_none() && start == 0 && bytes == b"hello", "a server without ranges: {error:?}");
}

#[tokio::test]
async fn the_request_is_what_a_server_of_files_expects() {
    let (address, task) = source(answer("404 Not Found\nContent-Length: 0", b""), Then::Close).await;
    let error = Downloader::new(FAST)
        .unwrap()
        .get(&address, Trust::Configured, 1_048_576, 2_000_000)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, Error::NotThere));
    let request = task.await.unwrap().to_lowercase();
    assert!(request.starts_with("get /content/a2/86.cab http/1.1\r\n"), "{request}");
    for line in ["range: bytes=1048576-", "accept-encoding: identity", "host: 127.0.0.1:"] {
        assert!(request.contains(&format!("\r\n{line}")), "{request}");
    }
}

#[track_caller]
fn check(found: (u64, Vec<u8>, Option<Error>), bytes: &[u8], message: &str) {
    let (_, came, error) = found;
    assert_eq!(String::from_utf8_lossy(&came), String::from_utf8_lossy(bytes));
    assert_eq!(error.expect("an error").to_string(), message);
}

#[tokio::test]
async fn every_way_to_fail_has_its_own_words() {
    let close = Then::Close;
    for (head, message) in [
        ("404 Not Found", "the source does not have it"),
        ("302 Found\nLocation: http://127.0.0.1:1/", "the source only points elsewhere"),
        ("503 Service Unavailable", "the source answers 503 Service Unavailable"),
        ("416 Range Not Satisfiable", "the source answers 416 Range Not Satisfiable"),
        ("200 OK\nContent-Length: 9", "the source has 9 bytes under its name, 5 are announced"),
        (
            "206 Partial Content\nContent-Range: bytes 2-4/5",
            "the source sends another part than was asked for",
        ),
        ("206 Partial Content", "the source sends another part than was asked for"),
        (
            "206 Partial Content\nContent-Range: bytes 3-8/9",
            "the source has 9 bytes under its name, 5 are announced",
        ),
        ("200 OK\nContent-Encoding: gzip", "the source sends it encoded"),
    ] {
        check(fetch(answer(head, b""), close, 3, 5).await, b"", message);
    }
    let cut = fetch(answer("200 OK\nContent-Length: 5", b"hel"), close, 0, 5).await;
    check(cut, b"hel", "the source stopped after 3 of 5 bytes");
    let ended = fetch(answer("200 OK\nConnection: close", b"hel"), close, 0, 5).await;
    check(ended, b"hel", "the source stopped after 3 of 5 bytes");
    let endless = answer("200 OK\nTransfer-Encoding: chunked", b"4\r\nhell\r\n4\r\no wo\r\n4\r\nrld \r\n");
    let (_, came, error) = fetch(endless, Then::FallSilent, 0, 5).await;
    assert!(came.len() <= 5);
    assert_eq!(error.unwrap().to_string(), "the source sends more than the 5 bytes announced");
}

#[tokio::test]
async fn a_source_that_keeps_one_waiting_is_left() {
    let silent = fetch(vec![], Then::FallSilent, 0, 5).await;
    check(silent, b"", "the source said nothing for 0 seconds");
    let stopped = fetch(answer("200 OK\nContent-Length: 5", b""), Then::FallSilent, 0, 5).await;
    check(stopped, b"", "the source said nothing for 0 seconds");
    let mut drip = answer("200 OK\nContent-Length: 5000000", b"");
    drip.extend((0..100).map(|_| vec![b'x']));
    let (_, came, error) = fetch(drip, Then::FallSilent, 0, 5_000_000).await;
    assert!(matches!(error, Some(Error::Slow { bytes: 1.., .. })), "{error:?}");
    assert!(came.len() < 50);
}

#[tokio::test]
async fn the_pace_is_an_average_over_a_span() {
    assert_eq!(body::bytes_min(Patience::default().span), 60 * BYTES_PER_SECOND_MIN);
    // A piece comes every 20 milliseconds, or a little later.
    let content = vec![b'x'; 20 * 8_192];
    let mut steady = answer("200 OK\nContent-Length: 163840", b"");
    steady.extend(content.chunks(8_192).map(<[u8]>::to_vec));
    let (_, came, error) = fetch(steady, Then::Close, 0, 163_840).await;
    assert!(error.is_none() && came == content, "{error:?}");
    let mut slow = answer("200 OK\nContent-Length: 163840", b"");
    slow.extend((0..100).map(|_| vec![b'x'; 512]));
    let (.., error) = fetch(slow, Then::FallSilent, 0, 163_840).await;
    assert!(matches!(error, Some(Error::Slow { .. })), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_no_panic() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let downloader = Downloader::new(FAST).unwrap();
    let get = async |url: String| {
        downloader.get(&url.parse().unwrap(), Trust::Configured, 0, 5).await.err().unwrap()
    };
    assert!(matches!(get(format!("http://{address}/")).await, Error::Connect(_)));
    let (plain, _task) = source(answer("200 OK", b""), Then::Close).await;
    let error = get(format!("https://{}/", plain.authority())).await;
    assert!(matches!(error, Error::Tls(_) | Error::Connect(_)), "{error:?}");
}

#[tokio::test]
async fn no_document_leads_into_this_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let downloader = Downloader::new(FAST).unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let address = format!("http://{host}:{port}/").parse().unwrap();
        let error = downloader.get(&address, Trust::Announced, 0, 5).await.err().unwrap();
        assert!(matches!(error, Error::OutOfReach(_)), "{host}: {error:?}");
    }
    let nobody_came = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await.is_err();
    assert!(nobody_came);
}
