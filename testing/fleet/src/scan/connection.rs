//! One connection that is kept open, as an update agent keeps it.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::WalkError;

/// A server: its address and whether answers are asked in xpress.
#[derive(Debug, Clone)]
pub struct Target {
    /// Such as `127.0.0.1:8530`.
    pub authority: String,
    pub xpress: bool,
}

impl Target {
    /// Out of a URL such as `http://127.0.0.1:8530`. Only plain HTTP is spoken.
    pub fn parse(url: &str) -> Option<Self> {
        let authority = url.strip_prefix("http://")?.trim_end_matches('/');
        (!authority.is_empty() && !authority.contains('/'))
            .then(|| Self { authority: authority.to_owned(), xpress: true })
    }
}

pub struct Connection {
    target: Target,
    sender: SendRequest<Full<Bytes>>,
}

/// An answer as it came.
pub struct Answer {
    pub status: u16,
    pub xpress: bool,
    pub body: Bytes,
}

impl Connection {
    pub async fn open(target: &Target) -> Result<Self, WalkError> {
        let stream = TcpStream::connect(&target.authority).await.map_err(WalkError::Connect)?;
        stream.set_nodelay(true).map_err(WalkError::Connect)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // The sender sees the end of the connection as the error of its next request.
            let _ = connection.await;
        });
        Ok(Self { target: target.clone(), sender })
    }

    /// Posts a message and waits for the whole answer.
    pub async fn post(&mut self, path: &str, action: &str, body: Bytes) -> Result<Answer, WalkError> {
        let mut request = Request::post(path)
            .header(header::HOST, &self.target.authority)
            .header(header::CONTENT_TYPE, "text/xml; charset=utf-8")
            .header(header::USER_AGENT, "Windows-Update-Agent/1507.2601.30012.0 Client-Protocol/2.90")
            .header("SOAPAction", format!("\"{action}\""));
        if self.target.xpress {
            request = request.header(header::ACCEPT_ENCODING, "xpress");
        }
        let request = request.body(Full::new(body)).map_err(|_| WalkError::Request)?;
        self.sender.ready().await?;
        let response: Response<_> = self.sender.send_request(request).await?;
        let status = response.status().as_u16();
        let xpress =
            response.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "xpress");
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, xpress, body })
    }
}
