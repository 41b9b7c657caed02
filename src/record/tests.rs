//! Counts how often the recorder reads the JSON of a body, in one thread.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Bot, Bots, Parties, Service, Sinks, record};
use crate::cassette::format::Direction;
use crate::cassette::journal::{Journal, load};
use crate::http::Listener;
use crate::http::message::JSON_READS;
use crate::http::tls::Trust;
use crate::redact::Redactor;

const BODY: &str = r#"{"callbackUri":"http://bot.example/callback","clientContext":"c1"}"#;

/// A service that answers each connection with the body. It reads no JSON.
async fn service() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await.unwrap() > 2 {
                line.clear();
            }
            // Bytes that are unread when a connection is closed reset it.
            let mut body = vec![0; BODY.len()];
            stream.read_exact(&mut body[..1]).await.unwrap();
            let response = message("HTTP/1.1 200 OK", "application/json");
            stream
                .get_mut()
                .write_all(response.as_bytes())
                .await
                .unwrap();
            let _ = stream.read_to_end(&mut body).await;
        }
    });
    address
}

fn message(start: &str, content_type: &str) -> String {
    let length = BODY.len();
    format!(
        "{start}\r\nHost: a\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
         Content-Length: {length}\r\n\r\n{BODY}"
    )
}

/// Callback addresses and the cause of an exchange come from one reading, also if the body is
/// forwarded as it arrives because its media type is not that of JSON.
#[tokio::test]
async fn the_json_of_a_body_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("call.jsonl");
    let directions = [Direction::Request, Direction::Notification];
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.address();
    let parties = Parties {
        injection: None,
        service: Service::At(format!("http://{}", service().await).parse().unwrap()),
        bot: Bots::One(Box::new(Bot {
            url: "http://bot.example/callback".parse().unwrap(),
            listener: Listener::bind("127.0.0.1:0").await.unwrap(),
            public: None,
        })),
        listener,
        tls: Trust::default().client_config(),
        warn: |_| {},
        aside: None,
        stubs: None,
    };
    let journal = Journal::create(&cassette, &directions).unwrap();
    let sinks = Sinks {
        journal: Some(journal),
        observer: None,
        redactor: Redactor::new([0; 32]).into(),
        max_body: 4096,
    };
    let shutdown = CancellationToken::new();
    tokio::spawn(record(parties, sinks, shutdown.clone()));
    for content_type in ["application/json", "text/plain"] {
        let before = JSON_READS.get();
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = message("POST /a HTTP/1.1", content_type);
        client.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with(BODY), "{response}");
        let reads = JSON_READS.get() - before;
        assert_eq!(reads, 2, "the request and the response, {content_type}");
    }
    shutdown.cancel();
    assert_eq!(load(&cassette).unwrap().exchanges.len(), 2);
}
