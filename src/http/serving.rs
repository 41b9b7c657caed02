//! What a listener does with a connection, once it is there.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap};
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::interception::{Interception, Opened, Origin, destination, unnamed};
use super::listener::{Received, Refusal, Refused, read};
use super::message::Headers;
use super::outgoing::{Framing, Outgoing};
use super::reply::{Manner, Reply, response};
use super::secure;
use super::secure::{Opening, Transport};
use super::{HEAD_TIMEOUT, MAX_FIELDS, MAX_HEAD};
use tokio_util::sync::CancellationToken;

/// What the connections of a listener share.
pub(super) struct Serving<F> {
    /// Gives the answers.
    pub answer: Arc<F>,
    /// Told of what is refused.
    pub refused: Option<Refused>,
    /// The hosts that it is a forward proxy for, where it is one.
    pub interception: Option<Arc<Interception>>,
    /// Ends it.
    pub shutdown: CancellationToken,
}

impl<F> Clone for Serving<F> {
    fn clone(&self) -> Self {
        Self {
            answer: Arc::clone(&self.answer),
            refused: self.refused.clone(),
            interception: self.interception.clone(),
            shutdown: self.shutdown.clone(),
        }
    }
}

/// A reply that is no response: the connection is taken from hyper.
#[derive(Debug)]
enum Hijack {
    Reset,
    Raw(Bytes),
}

impl fmt::Display for Hijack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is not answered in HTTP")
    }
}

impl Error for Hijack {}

impl<F, Fut> Serving<F>
where
    F: Fn(Received) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, Refusal>> + Send + 'static,
{
    /// Serves what comes in TLS, and refuses what does not.
    pub(super) async fn take_secured(self, stream: TcpStream, tls: Arc<ServerConfig>) {
        let opening = tokio::select! {
            opening = secure::open(stream, || Ok(tls)) => opening,
            () = self.shutdown.cancelled() => return,
        };
        match opening {
            Opening::Secure(stream) => self.take(*stream).await,
            Opening::Gone => {}
            Opening::Plain(mut stream) => {
                secure::refuse_plain(&mut stream).await;
                self.tell("it came in plain HTTP, and this listener speaks TLS (`https://`)");
            }
            Opening::Failed(why) => {
                let remedy = "`confcall ca` says how a client comes to trust its certificate";
                self.tell(&format!("{why}; {remedy}"));
            }
        }
    }

    /// Serves a connection until its client closes it, or the shutdown begins and its exchange has
    /// ended.
    pub(super) async fn take<S: Transport>(self, stream: S) {
        match self.interception.clone() {
            None => self.serve(stream, None).await,
            Some(interception) => self.proxy(stream, interception).await,
        }
    }

    /// Serves requests; where they come through a tunnel, those for its own host.
    async fn serve<S: Transport>(self, stream: S, origin: Option<Origin>) {
        let service = {
            let serving = self.clone();
            service_fn(move |request| {
                let (serving, origin) = (serving.clone(), origin.clone());
                Box::pin(async move {
                    let Some(origin) = origin else {
                        return serving.exchange(request).await;
                    };
                    if !is_for(&origin, &request) {
                        let why = format!("this tunnel leads to {} only", origin.authority());
                        return Ok(serving.refuse(StatusCode::MISDIRECTED_REQUEST, &why));
                    }
                    serving.exchange(in_origin_form(request)).await
                })
            })
        };
        let mut connection = builder().serve_connection(TokioIo::new(stream), service);

        let mut begun = pin!(self.shutdown.cancelled());
        let mut ended = false;
        let outcome = poll_fn(|cx| {
            if !ended && begun.as_mut().poll(cx).is_ready() {
                ended = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            connection.poll_without_shutdown(cx)
        })
        .await;

        if let Err(error) = &outcome
            && error.is_parse()
        {
            let limits = format!("{MAX_HEAD} bytes and {MAX_FIELDS} fields of head");
            self.tell(&format!("{error} (a request has at most {limits})"));
        }
        let mut stream = connection.into_parts().io.into_inner();
        let hijack = outcome.as_ref().err().and_then(Error::source);
        match hijack.and_then(|cause| cause.downcast_ref::<Hijack>()) {
            Some(Hijack::Reset) => stream.reset(),
            Some(Hijack::Raw(bytes)) => {
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            }
            None => {
                let _ = stream.shutdown().await;
            }
        }
    }

    /// Serves as a forward proxy for the hosts that are named, and goes nowhere else. Ends with its
    /// tunnel, where it becomes one.
    async fn proxy<S: Transport>(self, stream: S, interception: Arc<Interception>) {
        let (open, mut closed) = mpsc::channel::<Infallible>(1);
        let shutdown = self.shutdown.clone();
        let service = service_fn(move |request| {
            let (serving, interception) = (self.clone(), Arc::clone(&interception));
            let open = open.clone();
            Box::pin(async move {
                if request.method() == Method::CONNECT {
                    return Ok(serving.connect(request, &interception, open));
                }
                match meant(request, &interception) {
                    Ok(request) => serving.exchange(request).await,
                    Err((status, why)) => Ok(serving.refuse(status, &why)),
                }
            })
        });
        let connection = builder().serve_connection(TokioIo::new(stream), service);
        let mut connection = Box::pin(connection.with_upgrades());
        // A connection that breaks has nobody left who could be told.
        tokio::select! {
            _ = &mut connection => {}
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = (&mut connection).await;
            }
        }
        drop(connection);
        // Nothing is ever sent: it ends once nobody could.
        let _ = closed.recv().await;
    }

    /// Answers `CONNECT`: the tunnel to a named host ends here. It holds `open` as long as it is open.
    fn connect(
        &self,
        request: Request<Incoming>,
        interception: &Arc<Interception>,
        open: mpsc::Sender<Infallible>,
    ) -> Response<Outgoing> {
        let (host, port) = match destination(&request) {
            Ok(destination) => destination,
            Err(why) => return self.refuse(StatusCode::BAD_REQUEST, why),
        };
        if !interception.names(&host, port) {
            return self.refuse(StatusCode::FORBIDDEN, &unnamed(&host));
        }
        let serving = self.clone();
        let serve = async move |opened, origin| {
            match opened {
                Opened::Secure(stream) => serving.serve(*stream, Some(origin)).await,
                Opened::Plain(stream) => serving.serve(stream, Some(origin)).await,
            }
            drop(open);
        };
        let shutdown = self.shutdown.clone();
        interception.open(request, (host, port), secure::only_http1, shutdown, serve);
        let nothing = Outgoing::new(Bytes::new(), Framing::Length);
        response(StatusCode::OK, HeaderMap::new(), nothing)
    }

    /// A refusal in JSON, of which the listener tells.
    fn refuse(&self, status: StatusCode, why: &str) -> Response<Outgoing> {
        self.tell(&format!("{}, {why}", status.as_u16()));
        let body = serde_json::json!({"error": {"code": "confcall", "message": why}});
        let headers = Headers::from_iter([("Content-Type", "application/json")]);
        match Reply::text(status.as_u16(), headers, body.to_string()).manner {
            Manner::Respond(respond) => respond.into_http(None),
            _ => unreachable!("a text is a response"),
        }
    }

    fn tell(&self, why: &str) {
        if let Some(refused) = &self.refused {
            refused.tell(why.to_owned());
        }
    }

    /// One request and its answer.
    async fn exchange(&self, request: Request<Incoming>) -> Result<Response<Outgoing>, Hijack> {
        let answered = match read(request).await {
            Ok(received) => (self.answer)(received).await,
            Err(refusal) => Err(refusal),
        };
        let reply = answered.unwrap_or_else(|refusal| {
            self.tell(&refusal.in_words());
            refusal.into_reply()
        });
        if !reply.delay.is_zero() {
            // At the end nothing is waited for any more, and what is due goes out.
            tokio::select! {
                () = sleep(reply.delay) => {}
                () = self.shutdown.cancelled() => {}
            }
        }
        match reply.manner {
            Manner::Respond(respond) => Ok(respond.into_http(reply.sent)),
            Manner::Prepared(status, fields, body) => {
                let mut body = Outgoing::new(body, Framing::Length);
                body.tell(reply.sent);
                Ok(response(status, fields, body))
            }
            Manner::Reset => Err(Hijack::Reset),
            Manner::Raw(bytes) => Err(Hijack::Raw(bytes)),
            Manner::Hang => {
                drop(reply.sent);
                self.shutdown.cancelled().await;
                Err(Hijack::Reset)
            }
        }
    }
}

/// HTTP/1.1 within limits. A peer that has sent all and closes its half is answered.
fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .half_close(true)
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_FIELDS);
    builder
}

/// Whether a request that came through a tunnel is for the host at its end.
fn is_for(origin: &Origin, request: &Request<Incoming>) -> bool {
    let host = request.headers().get(HOST);
    let host = host.map(|it| it.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(Authority::as_str);
    host.into_iter().chain(authority).all(|it| origin.is(it))
}

/// The request for a named host, as that host would get it, or how it is refused.
fn meant(
    request: Request<Incoming>,
    interception: &Interception,
) -> Result<Request<Incoming>, (StatusCode, String)> {
    let (head, body) = request.into_parts();
    interception.origin(&head)?;
    Ok(in_origin_form(Request::from_parts(head, body)))
}

/// The request with its path alone for a target: some clients write the whole URL into a tunnel too
/// (RFC 9112 section 3.2.2).
fn in_origin_form(mut request: Request<Incoming>) -> Request<Incoming> {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    request
}
