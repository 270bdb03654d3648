use headwater_content::{ContentStore, Expected, FileDigests};
use tokio::net::TcpListener;

use super::*;

#[test]
fn only_plain_requests_for_content_are_taken() {
    let is_taken = |request: &str| plain_request(request.as_bytes()).map(|(len, _)| len);
    let plain = "GET /content/AB/12.cab HTTP/1.1\r\nHost: wsus\r\nRange: bytes=0-1\r\n\r\n";
    assert_eq!(is_taken(plain), Some(plain.len()));
    assert_eq!(is_taken(&format!("{plain}GET /other")), Some(plain.len()), "one after the other");
    let agent = "GET /Content/AB/12.cab HTTP/1.1\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(is_taken(agent), Some(agent.len()), "as Delivery Optimization asks");
    for left in [
        &plain[..plain.len() - 1],
        "GET /content/AB/12.cab HTTP/1.0\r\n\r\n",
        "GET http://wsus/content/AB/12.cab HTTP/1.1\r\n\r\n",
        "GET /contents HTTP/1.1\r\n\r\n",
        "GET  /content/AB/12.cab HTTP/1.1\r\n\r\n",
        "HEAD /content/AB/12.cab HTTP/1.1\r\n\r\n",
        "GET /content/AB/12.cab HTTP/1.1\r\nHost wsus\r\n\r\n",
        "GET /content/AB/\u{e9}\u{7f} HTTP/1.1\r\n\r\n",
    ] {
        assert_eq!(is_taken(left), None, "{left:?}");
    }
    for field in [
        "Content-Length: 1",
        "Content-Length: 0\r\nContent-Length: 1",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "connection: keep-alive, upgrade",
        "Expect: 100-continue",
        "Upgrade: h2c",
        "TE: trailers",
    ] {
        assert_eq!(is_taken(&format!("GET /Content/A/1 HTTP/1.1\r\n{field}\r\n\r\n")), None, "{field}");
    }
    let many = "A: b\r\n".repeat(FIELDS_MAX + 1);
    assert_eq!(is_taken(&format!("GET /Content/A/1 HTTP/1.1\r\n{many}\r\n")), None);
}

/// The two ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let theirs = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connects");
    (listener.accept().await.expect("accepts").0, theirs)
}

/// Serves one end until it ends. For every request there are these bytes.
async fn serve_bytes(mut ours: TcpStream, bytes: Vec<u8>, limits: Limits) -> io::Result<Next> {
    let folder = tempfile::tempdir()?;
    let store = ContentStore::open(folder.path()).expect("a store");
    let FileDigests { sha1, sha256, size_bytes } = FileDigests::of(&bytes[..])?;
    let mut staged = store.stage(Expected { sha1, sha256: Some(sha256), size_bytes }).expect("begins");
    staged.write(&bytes).expect("writes");
    staged.finish().expect("is whole");
    let file = store.open_verified(&sha256).expect("opens").expect("is there");
    let router = Router::new().fallback(move || {
        let mut answer = Response::new(Body::from("a body that is not read"));
        offer(&mut answer, &file, 0..size_bytes);
        std::future::ready(answer)
    });
    let from = From::plain(ours.peer_addr().expect("an address"));
    let (_sender, mut stop) = watch::channel(false);
    serve(&mut ours, &from, &router, &limits, &mut stop).await
}

const REQUEST: &[u8] = b"GET /Content/A/1 HTTP/1.1\r\n\r\n";

#[tokio::test]
async fn one_request_after_the_other_is_answered_until_the_peer_closes() {
    let (ours, mut theirs) = pair().await;
    let serving = tokio::spawn(serve_bytes(ours, vec![7; 100_000], Limits::default()));
    theirs.write_all(&REQUEST.repeat(2)).await.expect("writes");
    for _ in 0..2 {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(theirs.read_u8().await.expect("a header"));
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\ndate: "), "{head}");
        let mut bytes = vec![0; 100_000];
        theirs.read_exact(&mut bytes).await.expect("the file");
        assert_eq!(bytes, [7; 100_000]);
    }
    drop(theirs);
    assert_eq!(serving.await.expect("ends").expect("in order"), Next::End);
}

#[tokio::test]
async fn another_request_stays_on_the_stream() {
    let (mut ours, mut theirs) = pair().await;
    let other = b"POST /Content/A/1 HTTP/1.1\r\n\r\n";
    theirs.write_all(other).await.expect("writes");
    let from = From::plain(ours.peer_addr().expect("an address"));
    let (_sender, mut stop) = watch::channel(false);
    let next = serve(&mut ours, &from, &Router::new(), &Limits::default(), &mut stop).await;
    assert_eq!(next.expect("in order"), Next::Library);
    let mut left = vec![0; other.len()];
    ours.read_exact(&mut left).await.expect("is there");
    assert_eq!(left, other);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_left() {
    let (ours, mut theirs) = pair().await;
    let limits = Limits { write_timeout: Duration::from_millis(100), ..Limits::default() };
    let serving = tokio::spawn(serve_bytes(ours, vec![7; 64 << 20], limits));
    theirs.write_all(REQUEST).await.expect("writes");
    let error = serving.await.expect("ends").expect_err("nobody reads");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_stop_ends_a_connection_that_waits() {
    let (mut ours, _theirs) = pair().await;
    let from = From::plain(ours.peer_addr().expect("an address"));
    let (_sender, mut stop) = watch::channel(true);
    let next = serve(&mut ours, &from, &Router::new(), &Limits::default(), &mut stop).await;
    assert_eq!(next.expect("in order"), Next::End);
}
