use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::listener::CANDIDATES;
use super::{Listener, Reply, free_port};
use crate::diagnostic::render;
use crate::http::limits::{GRACE, MAX_BODY, MAX_FIELDS, MAX_HEAD};
use crate::http::message::{Body, Headers, Request, Response};
use crate::http::{Client, Coding, Framing, OutgoingRequest};

/// Starts a listener that answers with the request that it received.
async fn mirror() -> (String, CancellationToken) {
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let (url, shutdown) = (listener.url(), CancellationToken::new());
    tokio::spawn(listener.serve(
        async |request: Request| {
            Reply::from(Response {
                status: 200,
                headers: Headers::from_iter([("X-Method", request.method.as_str())]),
                body: Body::Json(json!({
                    "target": request.target,
                    "body": request.body.json(),
                })),
            })
        },
        shutdown.clone(),
    ));
    (url, shutdown)
}

/// Writes bytes to a new connection, reads until it is closed.
async fn talk(url: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_request_reaches_the_function_whole() {
    let (url, _shutdown) = mirror().await;
    for (coding, framing) in [
        (Coding::Identity, Framing::Length),
        (Coding::Gzip, Framing::Length),
        (Coding::Gzip, Framing::Chunked),
        (Coding::Identity, Framing::Chunked),
    ] {
        let request = OutgoingRequest {
            body: Some(Bytes::from_static(br#"{"a": [1]}"#)),
            coding,
            framing,
            ..OutgoingRequest::new("POST", format!("{url}/a/b?c=d"))
        };
        let response = Client::new()
            .send(request, Duration::from_secs(5))
            .await
            .unwrap();
        assert_eq!(response.headers.get("x-method"), Some("POST"));
        let want = json!({"target": "/a/b?c=d", "body": {"a": [1]}});
        assert_eq!(response.body.json(), Some(&want));
    }
}

#[tokio::test]
async fn what_exceeds_a_limit_is_refused_with_its_status() {
    let (url, _shutdown) = mirror().await;
    let long = "x".repeat(MAX_HEAD);
    let head = talk(
        &url,
        format!("GET / HTTP/1.1\r\nA: {long}\r\n\r\n").as_bytes(),
    )
    .await;
    assert!(head.starts_with("HTTP/1.1 431 "), "{head}");

    let many = "A: b\r\n".repeat(MAX_FIELDS + 1);
    let fields = talk(&url, format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).await;
    assert!(fields.starts_with("HTTP/1.1 431 "), "{fields}");

    let length = MAX_BODY + 1;
    let announced = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let body = talk(&url, announced.as_bytes()).await;
    assert!(body.starts_with("HTTP/1.1 413 "), "{body}");

    let noise = talk(&url, b"\x16\x03\x01 what is this\r\n\r\n").await;
    assert!(noise.starts_with("HTTP/1.1 400 "), "{noise}");

    let lying =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}";
    let coded = talk(&url, lying.as_bytes()).await;
    assert!(coded.starts_with("HTTP/1.1 400 "), "{coded}");
}

#[tokio::test]
async fn one_connection_serves_several_requests() {
    let (url, _shutdown) = mirror().await;
    let two = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answers = talk(&url, two).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
}

#[tokio::test]
async fn a_taken_port_is_named_with_a_remedy() {
    let first = Listener::bind("127.0.0.1:0").await.unwrap();
    let address = first.url().replace("http://", "");
    let error = render(&Listener::bind(&address).await.unwrap_err());
    assert!(
        error.contains(&address) && error.contains("port 0"),
        "{error}"
    );
    let error = render(&Listener::bind("nonsense").await.unwrap_err());
    assert!(error.contains("HOST:PORT"), "{error}");
}

#[tokio::test]
async fn shutdown_lets_an_exchange_end_and_takes_no_other() {
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let (url, shutdown) = (listener.url(), CancellationToken::new());
    let begin = shutdown.clone();
    let served = tokio::spawn(listener.serve(
        move |_| {
            begin.cancel();
            async { Reply::status(204) }
        },
        shutdown,
    ));
    let client = Client::new();
    let request = OutgoingRequest::new("GET", &url);
    let answer = client.send(request.clone(), Duration::from_secs(5)).await;
    assert_eq!(answer.unwrap().status, 204);
    timeout(GRACE, served).await.unwrap().unwrap();
    assert!(client.send(request, Duration::from_secs(5)).await.is_err());
}

#[tokio::test]
async fn a_hanging_reply_does_not_outlive_the_shutdown() {
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let (url, shutdown) = (listener.url(), CancellationToken::new());
    let begin = shutdown.clone();
    let served = tokio::spawn(listener.serve(
        move |_| {
            begin.cancel();
            async { Reply::hang() }
        },
        shutdown,
    ));
    let request = OutgoingRequest::new("GET", url);
    assert!(Client::new().send(request, GRACE).await.is_err());
    timeout(GRACE, served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_peer_that_closes_its_half_is_answered() {
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.url();
    tokio::spawn(listener.serve(
        async |_: Request| {
            // Later than the end of the peer's half.
            sleep(Duration::from_millis(50)).await;
            Reply::status(204)
        },
        CancellationToken::new(),
    ));
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

#[tokio::test]
async fn a_refusal_is_reported() {
    let (send, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let listener = listener.reporting_refusals(move |why| {
        // The test may be over.
        let _ = send.send(why);
    });
    let url = listener.url();
    let answer = async |_: Request| Reply::status(204);
    tokio::spawn(listener.serve(answer, CancellationToken::new()));
    let fields: Vec<_> = (0..=MAX_FIELDS).map(|n| format!("A{n}: b\r\n")).collect();
    let fields = fields.concat();
    for (request, why) in [
        (format!("GET / HTTP/1.1\r\n{fields}\r\n"), "100 fields"),
        (
            format!(
                "POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
                MAX_BODY + 1
            ),
            "413",
        ),
        ("\u{1}\r\n\r\n".to_owned(), "at most"),
    ] {
        talk(&url, request.as_bytes()).await;
        let report = reports.recv().await.unwrap();
        assert!(report.contains(why), "{report}");
    }
}

#[test]
fn a_free_port_can_be_listened_on_and_is_another_one_each_time() {
    let mut ports: Vec<_> = (0..8).map(|_| free_port().unwrap()).collect();
    assert!(ports.iter().all(|it| CANDIDATES.contains(it)), "{ports:?}");
    ports.dedup();
    assert!(ports.len() > 1, "{ports:?}");
}
