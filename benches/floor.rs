//! What the benches of the whole program are held against: hyper with nothing around it, and a
//! client that asks one thing after another.
//!
//! ```text
//! floor answer                  answers every request with 700 bytes of JSON
//! floor pass URL                passes every request on, and the answer back
//! floor ask URL FROM COUNT      asks COUNT things over one connection, numbered from FROM
//! floor requests COUNT          writes what is asked: target, tab, body
//! floor cassette COUNT          writes a cassette of it, and of the answers
//! ```
//!
//! The first two print `listening URL`, on one thread.

use std::error::Error;
use std::io::Write as _;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Failure = Box<dyn Error + Send + Sync>;

// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match words[..] {
        ["answer"] => runtime.block_on(answer()),
        ["pass", url] => runtime.block_on(pass(url.trim_end_matches('/').to_owned())),
        ["ask", url, from, count] => {
            let numbers = from.parse()?..from.parse::<u64>()? + count.parse::<u64>()?;
            runtime.block_on(ask(url.trim_end_matches('/'), numbers))
        }
        ["requests", count] => requests(count.parse()?),
        ["cassette", count] => cassette(count.parse()?),
        _ => Err("see the first lines of benches/floor.rs".into()),
    }
}

/// The id of the call that a request is about.
fn call(number: u64) -> String {
    format!("{number:08x}-5be7-4c00-8000-000000000000")
}

fn target(number: u64) -> String {
    format!("/app/calls/{}/participants/invite", call(number))
}

fn asked(number: u64) -> Value {
    json!({
        "participants": [{
            "@odata.type": "#microsoft.graph.invitationParticipantInfo",
            "identity": {"user": {"id": call(number), "displayName": format!("Person {number}")}},
        }],
        "clientContext": format!("context-{number:08x}"),
        "note": "of some length ".repeat(18),
    })
}

fn answered(number: u64) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.inviteParticipantsOperation",
        "id": call(number),
        "status": "running",
        "clientContext": format!("context-{number:08x}"),
        "note": "of some length ".repeat(34),
    })
}

async fn listen() -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening http://{}", listener.local_addr()?);
    Ok(listener)
}

async fn answer() -> Result<(), Failure> {
    let listener = listen().await?;
    let body = Bytes::from(answered(0).to_string());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let body = body.clone();
            async move {
                let _ = request.into_body().collect().await;
                let response = Response::builder().header(CONTENT_TYPE, "application/json");
                response.body(Full::new(body))
            }
        });
        let connection = hyper::server::conn::http1::Builder::new();
        tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
    }
}

async fn pass(upstream: String) -> Result<(), Failure> {
    let listener = listen().await?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (client, upstream) = (client.clone(), upstream.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let path = request.uri().path_and_query();
            let path = path.map_or("/", |path| path.as_str());
            let uri = format!("{upstream}{path}").parse::<Uri>();
            request.headers_mut().remove(HOST);
            let client = client.clone();
            async move {
                *request.uri_mut() = uri?;
                Ok::<_, Failure>(client.request(request).await?)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new();
        tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
    }
}

async fn ask(url: &str, numbers: std::ops::Range<u64>) -> Result<(), Failure> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    for number in numbers {
        let request = Request::post(format!("{url}{}", target(number)))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(asked(number).to_string()))?;
        let response = client.request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        if !status.is_success() {
            return Err(format!("request {number} was answered {status}").into());
        }
    }
    Ok(())
}

fn requests(count: u64) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for number in 1..=count {
        writeln!(out, "{}\t{}", target(number), asked(number))?;
    }
    Ok(out.flush()?)
}

fn cassette(count: u64) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "{}", json!({"version": 1, "directions": ["request"]}))?;
    let fields = json!([["content-type", "application/json"]]);
    for number in 1..=count {
        let line = json!({
            "number": number, "direction": "request", "at_ms": number, "took_ms": 1,
            "request": {
                "method": "POST", "target": target(number), "headers": fields,
                "body": {"json": asked(number)},
            },
            "response": {"status": 200, "headers": fields, "body": {"json": answered(number)}},
        });
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
