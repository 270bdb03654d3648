//! The server, and how it is reached.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::{Access, Account, Credentials, Password, Patience, PlainHttp, Secret, Wsus};

/// A request, as the server has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub operation: String,
    pub path: String,
    pub authorization: Option<String>,
    pub body: String,
    /// Counted from 1, over all connections.
    pub number: usize,
    /// Counted from 0.
    pub connection: usize,
    /// The header `Host`.
    pub host: String,
}

/// What the server does with a request.
pub enum Reaction {
    Answer(Vec<u8>),
    /// Answers and closes.
    AnswerAndClose(Vec<u8>),
    /// Writes the first part, waits, and writes the second.
    Late(Vec<u8>, Duration, Vec<u8>),
    /// Writes the first part, and the second again and again, with this time between.
    Endless(Vec<u8>, Vec<u8>, Duration),
    Close,
}

type Script = Arc<dyn Fn(&Asked) -> Reaction + Send + Sync>;

/// A server that reacts as the script says and writes down what it was asked.
pub struct Server {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub async fn start(script: impl Fn(&Asked) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (seen, script): (_, Script) = (asked.clone(), Arc::new(script));
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, connection, seen.clone(), script.clone()));
                connection += 1;
            }
        });
        Self { address, asked }
    }

    /// One that we ask with a token, so that each request is answered at once.
    pub fn by_token(&self) -> Wsus {
        self.with(Credentials::Token(Secret::new("token")), Patience::default())
    }

    pub fn by_ntlm(&self) -> Wsus {
        let account = Account::new(r"EXAMPLE\wsus", Password::new("hunter2")).expect("an account");
        self.with(Credentials::Ntlm(account), Patience::default())
    }

    pub fn with(&self, credentials: Credentials, patience: Patience) -> Wsus {
        let access = Access {
            address: self.address.parse().expect("an address"),
            credentials,
            ca_pem: None,
            plain_http: PlainHttp::OnLoopback,
            patience,
        };
        Wsus::new(access).expect("a server")
    }

    /// What was asked since this was asked last.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().expect("a list"))
    }

    pub fn operations(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.operation).collect()
    }
}

async fn serve(stream: TcpStream, connection: usize, seen: Arc<Mutex<Vec<Asked>>>, script: Script) {
    let mut stream = BufReader::new(stream);
    while let Some(mut asked) = request(&mut stream).await {
        asked.connection = connection;
        {
            let mut seen = seen.lock().expect("a list");
            asked.number = seen.last().map_or(0, |last| last.number) + 1;
            seen.push(asked.clone());
        }
        match script(&asked) {
            Reaction::Answer(bytes) => stream.write_all(&bytes).await.expect("writes"),
            Reaction::AnswerAndClose(bytes) => {
                stream.write_all(&bytes).await.expect("writes");
                return;
            }
            Reaction::Late(first, wait, second) => {
                stream.write_all(&first).await.expect("writes");
                tokio::time::sleep(wait).await;
                let _ = stream.write_all(&second).await;
            }
            Reaction::Endless(head, piece, pause) => {
                stream.write_all(&head).await.expect("writes");
                while stream.write_all(&piece).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
                return;
            }
            Reaction::Close => return,
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut lines: Vec<String> = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let header = |name: &str| {
        let named = |line: &&String| line.to_lowercase().starts_with(&format!("{name}:"));
        lines.iter().find(named).and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
    };
    let length = header("content-length").expect("a length").parse().expect("a number");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let action = header("soapaction").expect("an action");
    let action = action.strip_prefix('"').and_then(|action| action.strip_suffix('"')).expect("quotes");
    Some(Asked {
        operation: action.rsplit('/').next().expect("an operation").to_owned(),
        path: lines[0].split(' ').nth(1).expect("a path").to_owned(),
        authorization: header("authorization"),
        body: String::from_utf8(body).expect("UTF-8"),
        number: 0,
        connection: 0,
        host: header("host").expect("a host"),
    })
}

pub fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}
