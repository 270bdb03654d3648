//! Requests as bytes on a socket, and what comes back.

use headwater_encoding::xpress;
use headwater_testkit::{TestServer, shared};
use headwater_wsus::soap::{Envelope, ErrorCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub const CLIENT: &str = "/ClientWebService/client.asmx";
pub const SIMPLE_AUTH: &str = "/SimpleAuthWebService/SimpleAuth.asmx";
pub const REPORTING: &str = "/ReportingWebService/ReportingWebService.asmx";

/// An answer: its head in lower case and its body.
pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    pub fn text(&self) -> String {
        let plain = match self.head.contains("content-encoding: xpress") {
            true => xpress::decode(&self.body, 64 << 20).expect("decodes"),
            false => self.body.clone(),
        };
        String::from_utf8(plain).expect("is text")
    }
}

/// Writes these bytes and reads until the server closes, which it is asked to do.
pub async fn raw(server: &TestServer, request: &[u8]) -> Answer {
    let address = server.updates_url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
    // A server that refuses early may close before all is written.
    let _ = stream.write_all(request).await;
    let mut whole = Vec::new();
    stream.read_to_end(&mut whole).await.expect("reads");
    let mut rest = &whole[..];
    loop {
        let end = rest.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let (head, body) = rest.split_at(end);
        if head.starts_with(b"HTTP/1.1 100") {
            rest = body;
            continue;
        }
        return Answer { head: String::from_utf8_lossy(head).to_lowercase(), body: body.to_vec() };
    }
}

pub async fn post(server: &TestServer, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: wsus.example:8530\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    raw(server, &request).await
}

pub fn capture(name: &str) -> Option<String> {
    shared(&format!("wsus-data/captures/{name}")).map(|path| std::fs::read_to_string(path).expect("reads"))
}

pub fn fault(answer: &Answer) -> (u16, Option<ErrorCode>, String) {
    let text = answer.text();
    let fault = Envelope::parse(&text).expect("an envelope").decode_fault().expect("a fault");
    (answer.status(), fault.code, fault.message)
}

/// The elements of a message in their order, each with its depth, without values and prefixes of
/// envelopes; how an empty element is written does not matter.
pub fn skeleton(xml: &str) -> Vec<(usize, &str)> {
    let mut depth = 0;
    let mut elements = Vec::new();
    for tag in xml.split('<').skip(1) {
        if tag.starts_with('/') {
            depth -= 1;
        } else if !tag.starts_with('?') {
            let name = tag.split(['>', ' ', '/']).next().unwrap_or_default();
            elements.push((depth, name));
            depth += usize::from(!tag.split('>').next().unwrap_or_default().ends_with('/'));
        }
    }
    elements
}

/// Replaces the text of every element of this name.
pub fn with(xml: &str, element: &str, text: &str) -> String {
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    let mut parts = xml.split(&start);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(&end).expect("the element ends");
        whole += &format!("{start}{text}{end}{rest}");
    }
    whole
}

/// The texts of all elements of this name.
pub fn texts<'x>(xml: &'x str, element: &str) -> Vec<&'x str> {
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    let starts = xml.match_indices(&start).map(|(at, _)| &xml[at + start.len()..]);
    starts.map(|rest| rest.split_once(&end).expect("the element ends").0).collect()
}
