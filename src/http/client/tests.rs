use super::*;
use crate::http::message::Body;
use crate::http::{Listener, Reply};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(5);

/// The URL of a listener that always gives this reply.
async fn answering(reply: Reply) -> String {
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.url();
    tokio::spawn(listener.serve(
        move |_| {
            let reply = reply.clone();
            async move { reply }
        },
        CancellationToken::new(),
    ));
    url
}

async fn get(url: String, deadline: Duration) -> Result<Response, SendError> {
    Client::new()
        .send(OutgoingRequest::new("GET", url), deadline)
        .await
}

#[tokio::test]
async fn a_response_is_read_in_every_coding_and_framing() {
    let plain = Reply::text(201, Headers::from_iter([("A", "b")]), "{\"a\":1}");
    for reply in [
        plain.clone(),
        plain.clone().coded(Coding::Gzip),
        plain.clone().framed(Framing::Chunked),
        plain.coded(Coding::Gzip).framed(Framing::Chunked),
    ] {
        let response = get(answering(reply).await, PATIENCE).await.unwrap();
        assert_eq!(response.status, 201);
        assert_eq!(response.headers.get("a"), Some("b"));
        assert_eq!(response.body.json().unwrap()["a"], 1);
    }
    let empty = get(answering(Reply::status(204)).await, PATIENCE).await;
    assert_eq!(empty.unwrap().body, Body::Empty);
}

#[tokio::test]
async fn each_failure_has_its_name() {
    let nobody = Listener::bind("127.0.0.1:0").await.unwrap().url();
    assert!(matches!(
        get(nobody, PATIENCE).await,
        Err(SendError::Refused(_))
    ));

    let nowhere = "http://no-such-host.invalid/".to_owned();
    let failure = get(nowhere, PATIENCE).await.unwrap_err();
    assert!(matches!(failure, SendError::Unreachable(_)), "{failure}");

    let silent = answering(Reply::hang()).await;
    let short = Duration::from_millis(20);
    assert_eq!(get(silent, short).await, Err(SendError::Timeout(short)));

    let huge = Reply::text(200, Headers::new(), vec![b' '; MAX_BODY + 1]);
    assert_eq!(
        get(answering(huge).await, PATIENCE).await,
        Err(SendError::TooLarge)
    );

    for broken in [
        Reply::reset(),
        Reply::raw("SMTP ready\r\n"),
        Reply::raw(""),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\""),
        Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
    ] {
        let failure = get(answering(broken.clone()).await, PATIENCE).await;
        assert!(
            matches!(failure, Err(SendError::Broken(_))),
            "{broken:?}: {failure:?}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_before_anything_is() {
    for (url, word) in [
        ("/path", "absolute"),
        ("ftp://a/", "absolute"),
        ("http://a b/", "no URL"),
    ] {
        let failure = get(url.to_owned(), PATIENCE).await.unwrap_err().to_string();
        assert!(failure.contains(word), "{failure}");
    }
    let mut request = OutgoingRequest::new("GET", "http://127.0.0.1:1/");
    request.headers.push("A", "b\nc");
    let failure = Client::new().send(request, PATIENCE).await.unwrap_err();
    assert!(matches!(failure, SendError::Unsendable(_)));
}
