//! Parties that speak TLS: a service, a client that goes through the proxy, and confcall itself.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use confcall_test_support::cassette::{self, Cassette};
use confcall_test_support::process::Process;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::http::uri::Authority;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A service at `127.0.0.1` and `localhost` that says what it was asked, and its authority.
pub(crate) struct Service {
    pub port: u16,
    /// Breaks off the answers to `/breaks`, whose first bytes have gone.
    pub breaking: watch::Sender<bool>,
    pub ca: PathBuf,
    _folder: TempDir,
}

impl Service {
    /// One that speaks these versions of HTTP, by their names in ALPN; without any, plain HTTP.
    pub(crate) async fn start(protocols: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("service.pem");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        fs::write(&ca, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        let acceptor = (!protocols.is_empty()).then(|| TlsAcceptor::from(Arc::new(config)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let breaking = watch::Sender::new(false);
        let broken = breaking.subscribe();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, broken) = (acceptor.clone(), broken.clone());
                tokio::spawn(async move {
                    let Some(acceptor) = acceptor else {
                        serve(stream, false, broken).await;
                        return;
                    };
                    // A client that does not trust it goes away.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        serve(stream, is_http2, broken).await;
                    }
                });
            }
        });
        Self {
            port,
            breaking,
            ca,
            _folder: folder,
        }
    }

    pub(crate) fn at(&self, host: &str) -> String {
        format!("{host}:{}", self.port)
    }
}

async fn serve<S>(stream: S, is_http2: bool, broken: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = TokioIo::new(stream);
    let answer = service_fn(move |request| answer(request, broken.clone()));
    // The client decides when it has had enough.
    if is_http2 {
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(stream, answer).await;
    } else {
        let builder = hyper::server::conn::http1::Builder::new();
        let _ = builder.serve_connection(stream, answer).await;
    }
}

async fn answer(
    request: Request<Incoming>,
    mut broken: watch::Receiver<bool>,
) -> hyper::Result<Response<BoxBody>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let field = |name| Some(head.headers.get(name)?.to_str().unwrap());
    let authority = head.uri.authority().map(Authority::as_str);
    let text = json!({
        "host": field("host").or(authority),
        "target": head.uri.path_and_query().unwrap().as_str(),
        "version": format!("{:?}", head.version),
        "authorization": field("authorization"),
        "cookie": field("cookie"),
        "via": field("via"),
        "te": field("te"),
        "connection": field("connection"),
        "body": String::from_utf8(body.to_vec()).unwrap(),
    });
    if head.uri.path() == "/empty" {
        // Over HTTP/2 the end comes by itself, after the head.
        let body = Full::default().with_trailers(async { None });
        let mut response = Response::new(body.map_err(io::Error::other).boxed_unsync());
        *response.status_mut() = hyper::StatusCode::NO_CONTENT;
        return Ok(response);
    }
    if head.uri.path() == "/breaks" {
        let breaking = Box::pin(async move {
            // A service that has gone breaks off as well.
            let _ = broken.wait_for(|it| *it).await;
        });
        let first = Some("whatever ".into());
        return Ok(Response::new(Breaking { first, breaking }.boxed_unsync()));
    }
    let body = Full::from(text.to_string());
    let mut trailers = HeaderMap::new();
    trailers.insert("etag", "\"checked\"".parse().unwrap());
    let is_trailed = head.uri.path() == "/trailers";
    let trailers = async move { is_trailed.then_some(Ok(trailers)) };
    let body = body.with_trailers(trailers).map_err(io::Error::other);
    Ok(Response::new(body.boxed_unsync()))
}

type BoxBody = http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>;

/// A body that breaks off when it is told to.
struct Breaking {
    first: Option<Bytes>,
    breaking: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Body for Breaking {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        ready!(self.breaking.as_mut().poll(cx));
        Poll::Ready(Some(Err(io::Error::other("broken on purpose"))))
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// confcall as a proxy, which ends with the test.
pub(crate) struct Recorder {
    process: Process,
    stderr: BufReader<ChildStderr>,
    pub addresses: Vec<String>,
    folder: TempDir,
}

impl Recorder {
    /// Starts `confcall record` with these arguments; it prints so many addresses.
    pub(crate) fn start(arguments: &[&str], lines: usize) -> Self {
        let record = ["record", "--cassette", "a.jsonl"];
        Self::of(&[&record, arguments].concat(), lines)
    }

    /// Starts confcall with these arguments, in a folder of its own; it prints so many addresses.
    pub(crate) fn of(arguments: &[&str], lines: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = confcall(&folder);
        command.args(arguments).current_dir(folder.path());
        let mut process = Process::start(command.stderr(Stdio::piped()), lines);
        let addresses = process.addresses.iter();
        let addresses = addresses.map(|it| it.strip_prefix("http://").unwrap().to_owned());
        Self {
            addresses: addresses.collect(),
            stderr: BufReader::new(process.child.stderr.take().unwrap()),
            process,
            folder,
        }
    }

    /// The certificate that its clients trust.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca/ca.pem")
    }

    /// Ends it by SIGKILL; gives the cassette, and what it said on standard error.
    pub(crate) fn kill(mut self) -> (Cassette, String) {
        self.process.kill();
        let mut message = String::new();
        self.stderr.read_to_string(&mut message).unwrap();
        (cassette::load(&self.folder.path().join("a.jsonl")), message)
    }

    /// Waits for two lines on standard error: what is said, and what helps.
    pub(crate) fn warning(&mut self) -> String {
        let mut message = String::new();
        for _ in 0..2 {
            self.stderr.read_line(&mut message).unwrap();
        }
        message
    }

    /// Ends it by SIGTERM; gives its exit code.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let process = self.process.child.id().to_string();
        let expected = Command::new("kill").args(["-TERM", &process]).status();
        assert!(expected.unwrap().success());
        self.process.child.wait().unwrap().code()
    }

    /// Waits for its end; gives its exit code, and what it said since it printed its addresses.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let mut message = String::new();
        message += &self.process.read_to_end();
        self.stderr.read_to_string(&mut message).unwrap();
        (self.process.child.wait().unwrap().code(), message)
    }

    /// A connection to its first listener.
    pub(crate) async fn connect(&self) -> TcpStream {
        self.at(0).await
    }

    /// A connection to one of its listeners.
    pub(crate) async fn at(&self, listener: usize) -> TcpStream {
        TcpStream::connect(&self.addresses[listener]).await.unwrap()
    }

    /// A tunnel through its first listener, or the status and the text that refuse one.
    pub(crate) async fn tunnel(&self, target: &str) -> Result<TcpStream, (u16, String)> {
        self.tunnel_at(0, target).await
    }

    /// A tunnel through one of its listeners, or the status and the text that refuse one.
    pub(crate) async fn tunnel_at(
        &self,
        listener: usize,
        target: &str,
    ) -> Result<TcpStream, (u16, String)> {
        let mut stream = self.at(listener).await;
        let connect = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        stream.write_all(connect.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        if status == 200 {
            return Ok(stream);
        }
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut text = vec![0; length];
        stream.read_exact(&mut text).await.unwrap();
        Err((status, String::from_utf8(text).unwrap()))
    }

    /// TLS with a host through a tunnel of its first listener, trusting only this authority and
    /// offering these versions.
    pub(crate) async fn tls(
        &self,
        target: &str,
        ca: &Path,
        protocols: &[&str],
    ) -> io::Result<TlsStream<TcpStream>> {
        self.tls_at(0, target, ca, protocols).await
    }

    /// The same through one of its listeners.
    pub(crate) async fn tls_at(
        &self,
        listener: usize,
        target: &str,
        ca: &Path,
        protocols: &[&str],
    ) -> io::Result<TlsStream<TcpStream>> {
        let tunnel = self.tunnel_at(listener, target).await.unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(ca).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        let (host, _) = target.rsplit_once(':').unwrap();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, tunnel)
            .await
    }
}

/// The binary with an authority of its own, away from the environment of the test.
pub(crate) fn confcall(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
    command
        .env("CONFCALL_CA_DIR", folder.path().join("ca"))
        .env_remove("SSL_CERT_FILE")
        .env_remove("SSL_CERT_DIR")
        .stdin(Stdio::null());
    command
}

/// An answer: its head, whether its body came whole, its text as JSON, null where it is none, and
/// its trailers.
pub(crate) struct Answer {
    pub head: hyper::http::response::Parts,
    pub is_whole: bool,
    pub json: Value,
    pub trailers: Option<HeaderMap>,
}

impl Answer {
    /// Reads an answer to its end.
    pub(crate) async fn read(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await;
        let is_whole = body.is_ok();
        let body = body.unwrap_or_default();
        let trailers = body.trailers().cloned();
        let json = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
        Self {
            head,
            is_whole,
            json,
            trailers,
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }
}

/// Sends a request over a connection that speaks HTTP/1.1, and reads the answer.
pub(crate) async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Answer::read(begin(stream, request).await).await
}

/// Sends a request over a connection that speaks HTTP/1.1, and reads the head of the answer.
pub(crate) async fn begin<S>(stream: S, request: Request<Full<Bytes>>) -> Response<Incoming>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap()
}

/// What sends requests over a connection that speaks HTTP/2.
pub(crate) async fn sender(stream: TlsStream<TcpStream>) -> http2::SendRequest<Full<Bytes>> {
    let executor = TokioExecutor::new();
    let handshake = http2::handshake(executor, TokioIo::new(stream)).await;
    let (sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    sender
}

/// Sends requests at a time over a connection that speaks HTTP/2, and reads the answers.
pub(crate) async fn send_all(
    stream: TlsStream<TcpStream>,
    requests: Vec<Request<Full<Bytes>>>,
) -> Vec<Answer> {
    let sender = sender(stream).await;
    let mut sent = tokio::task::JoinSet::new();
    for request in requests {
        let mut sender = sender.clone();
        sent.spawn(async move { Answer::read(sender.send_request(request).await.unwrap()).await });
    }
    sent.join_all().await
}

/// A POST with a secret and this body.
pub(crate) fn post(target: &str, host: &str, body: &str) -> Request<Full<Bytes>> {
    Request::post(target)
        .header("host", host)
        .header("authorization", "Bearer hunter2x")
        .header("content-type", "application/json")
        .body(Full::from(body.to_owned()))
        .unwrap()
}
