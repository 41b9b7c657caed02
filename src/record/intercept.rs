//! The forward proxy: `CONNECT` (RFC 9110 section 9.3.6), and requests whose target is a whole URL.
//!
//! The tunnel to a host that is named is opened. Other tunnels are passed on unread.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::http::uri::Scheme;
use hyper::{Request, Response, StatusCode, Uri, upgrade};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tower_service::Service as _;

use super::body::ResponseBody;
use super::forward::refusal;
use super::{Route, Session, Task, dial, serve_http1, serve_secure};
use crate::http::interception::{Interception, Opened, Origin, destination};
use crate::http::{in_words, untrusted};

/// Answers `CONNECT`. What follows a 200 is the tunnel, which goes on by itself.
pub(super) async fn connect(
    session: &Arc<Session>,
    interception: &Arc<Interception>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let (host, port) = match destination(&request) {
        Ok(destination) => destination,
        Err(why) => return refusal(StatusCode::BAD_REQUEST, why),
    };
    if interception.names(&host, port) {
        let serving = Arc::clone(session);
        let shutdown = session.recorder.shutdown.clone();
        let serve = move |opened, origin| through(&serving, opened, origin);
        interception.open(request, (host, port), |both| both, shutdown, serve);
    } else {
        let address = Uri::builder().authority(format!("{host}:{port}"));
        let address = address.scheme(Scheme::HTTP).path_and_query("/").build();
        let Ok(address) = address else {
            return refusal(StatusCode::BAD_REQUEST, "CONNECT takes HOST:PORT");
        };
        let stream = match session.recorder.dialer.clone().call(address).await {
            Ok(stream) => stream.into_inner(),
            Err(error) => return unreachable(error.as_ref()),
        };
        let session = Arc::clone(session);
        tokio::spawn(async move {
            if let Ok(upgraded) = upgrade::on(request).await {
                tunnel(&session, TokioIo::new(upgraded), stream).await;
            }
        });
    }
    Response::new(ResponseBody::Whole(None))
}

/// The answer where the other party cannot be reached.
pub(super) fn unreachable(error: &(dyn std::error::Error + 'static)) -> Response<ResponseBody> {
    let cause = in_words(error);
    if dial::is_loop(error) {
        let message = format!("confcall would send to itself: {cause}");
        return refusal(StatusCode::LOOP_DETECTED, &message);
    }
    let remedy = if untrusted(error).is_some() {
        "; `--ca FILE` trusts another authority"
    } else {
        ""
    };
    let message = format!("the other party did not answer: {cause}{remedy}");
    refusal(StatusCode::BAD_GATEWAY, &message)
}

/// Passes on bytes both ways until both ends have closed, or the recording ends. An end that has
/// said all may still listen.
pub(super) async fn tunnel(
    session: &Session,
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut server: impl AsyncRead + AsyncWrite + Unpin,
) {
    tokio::select! {
        // Nobody is left to be told of a tunnel that broke.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        () = session.recorder.shutdown.cancelled() => {}
    }
}

/// Serves what comes through an opened tunnel. The type of its future is said, because a tunnel
/// serves requests and a request may be for a tunnel.
fn through(session: &Session, opened: Opened, origin: Origin) -> Task {
    let session = Arc::new(session.within(Route::Opened(origin)));
    match opened {
        Opened::Secure(stream) => Box::pin(serve_secure(*stream, session)),
        Opened::Plain(stream) => Box::pin(serve_http1(TokioIo::new(stream), session)),
    }
}
