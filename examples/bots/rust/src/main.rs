//! A small calling bot. It receives notifications at `/callback` and triggers at `/trigger`. `calls` has
//! its actions, `graph` the client for the service, and `notifications` leaves out repeated ones.

mod calls;
mod graph;
mod notifications;

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use calls::Invitation;
use graph::Graph;
use notifications::Notifications;

/// The longest accepted body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

struct Bot {
    graph: Graph,
    notifications: Notifications,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bot = Arc::new(Bot {
        graph: Graph::new(env::var("GRAPH_BASE_URL")?, &env::var("GRAPH_TOKEN")?),
        notifications: Notifications::default(),
    });
    let port = env::var("PORT")?.parse()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening http://{}/callback", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let bot = Arc::clone(&bot);
        tokio::spawn(async move {
            let respond = service_fn(|request| respond(Arc::clone(&bot), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), respond);
            if let Err(error) = connection.await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
}

async fn respond(
    bot: Arc<Bot>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match answer(bot, request).await {
        Ok(status) => (status, Bytes::new()),
        Err((status, reason)) => (status, json!({ "reason": reason }).to_string().into()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    Ok(response)
}

/// The status of an accepted request; else a status with the reason.
async fn answer(
    bot: Arc<Bot>,
    request: Request<Incoming>,
) -> Result<StatusCode, (StatusCode, String)> {
    let path = request.uri().path().to_owned();
    if !matches!(path.as_str(), "/callback" | "/trigger") {
        return Err((StatusCode::NOT_FOUND, format!("nothing is at {path}")));
    }
    if request.method() != Method::POST {
        let reason = "only POST is allowed here".to_owned();
        return Err((StatusCode::METHOD_NOT_ALLOWED, reason));
    }
    let body = json(request.into_body()).await;
    let body = body.map_err(|reason| (StatusCode::BAD_REQUEST, reason))?;
    if path == "/trigger" {
        let invitation = Invitation::triggered(&body["request"]);
        let invitation = invitation.map_err(|reason| (StatusCode::NOT_IMPLEMENTED, reason))?;
        tokio::spawn(async move {
            if let Err(error) = bot.graph.post(&invitation.path(), &invitation.body()).await {
                eprintln!("{}: {error}", invitation.path());
            }
        });
    } else {
        let notifications = body["value"].as_array().ok_or_else(|| {
            let reason = "change notifications are an array `value`".to_owned();
            (StatusCode::BAD_REQUEST, reason)
        })?;
        for notification in bot.notifications.unseen(notifications) {
            println!(
                "{} {}",
                notification["changeType"], notification["resource"]
            );
        }
    }
    Ok(StatusCode::ACCEPTED)
}

async fn json(body: Incoming) -> Result<Value, String> {
    let read = Limited::new(body, BODY_LIMIT).collect().await;
    let bytes = read.map_err(|error| error.to_string())?.to_bytes();
    serde_json::from_slice(&bytes).map_err(|error| format!("the body is not JSON: {error}"))
}
