//! `confcall run --intercept`: a bot that is judged reaches confcall under the service's own address.

use std::process::Command;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::party::{Recorder, post, send};
use crate::{ONE, TWO};

const SCENARIO: &str = "*@2021-02/invite-one-participant-to-an-existing-group-call";

/// A bot that takes triggers and notifications; what it is triggered to do, the test does.
struct Bot {
    at: String,
    triggered: mpsc::UnboundedReceiver<Value>,
    /// Whether it acknowledges notifications already.
    takes: watch::Sender<bool>,
}

impl Bot {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let (trigger, triggered) = mpsc::unbounded_channel();
        let (takes, taking) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (trigger, taking) = (trigger.clone(), taking.clone());
                let answer = move |request| answer(request, trigger.clone(), taking.clone());
                let answer = service_fn(answer);
                let builder = hyper::server::conn::http1::Builder::new();
                let serving = builder.serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(serving);
            }
        });
        Self {
            at,
            triggered,
            takes,
        }
    }

    /// A run that judges it by one scenario, as confcall started it with these hosts.
    fn judged(&self, hosts: &[&str]) -> Recorder {
        self.judged_by(SCENARIO, hosts)
    }

    /// The same by another scenario.
    fn judged_by(&self, scenario: &str, hosts: &[&str]) -> Recorder {
        let (callback, trigger) = (
            format!("{}/callback", self.at),
            format!("{}/trigger", self.at),
        );
        let mut arguments = vec!["run", scenario, "--deadline", "20s", "--settle", "0"];
        arguments.extend(["--bot", &callback, "--trigger", &trigger, "--intercept"]);
        arguments.extend(hosts);
        Recorder::of(&arguments, 2)
    }
}

async fn answer(
    request: Request<Incoming>,
    trigger: mpsc::UnboundedSender<Value>,
    mut taking: watch::Receiver<bool>,
) -> hyper::Result<Response<Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    if path == "/trigger" {
        let body: Value = serde_json::from_slice(&body).unwrap();
        // The test may have seen enough.
        let _ = trigger.send(body["request"].clone());
    } else {
        let _ = taking.wait_for(|it| *it).await;
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = hyper::StatusCode::ACCEPTED;
    Ok(response)
}

#[tokio::test]
async fn a_bot_is_judged_under_the_services_own_address() {
    for way in [
        "CONNECT",
        "CONNECT, offering HTTP/2",
        "a whole URL",
        "plain HTTP through CONNECT",
    ] {
        let mut bot = Bot::start().await;
        let run = bot.judged(&["graph.example"]);
        let triggered = bot.triggered.recv().await.unwrap();
        let url = triggered["url"].as_str().unwrap();
        let path = url.strip_prefix("https://graph.example").unwrap();
        assert!(path.starts_with("/beta/communications/calls/"), "{url}");
        let body = triggered["body"].to_string();
        let answer = match way {
            "a whole URL" => {
                let whole = format!("http://graph.example{path}");
                send(run.at(1).await, post(&whole, "graph.example", &body)).await
            }
            "plain HTTP through CONNECT" => {
                let tunnel = run.tunnel_at(1, "graph.example:80").await.unwrap();
                send(tunnel, post(path, "graph.example", &body)).await
            }
            _ => {
                let offered = if way == "CONNECT" {
                    ONE.to_vec()
                } else {
                    [TWO, ONE].concat()
                };
                let tunnel = run
                    .tls_at(1, "graph.example:443", &run.ca(), &offered)
                    .await;
                let tunnel = tunnel.unwrap();
                assert_eq!(tunnel.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
                send(tunnel, post(path, "graph.example", &body)).await
            }
        };
        assert_eq!(answer.status(), 200, "{way}: {}", answer.json);
        let ended = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
        assert_eq!(ended.0, Some(0), "{way}: {}", ended.1);
        assert!(
            ended.1.contains("HTTPS_PROXY=http://127.0.0.1:"),
            "{}",
            ended.1
        );
        assert!(ended.1.contains("NODE_EXTRA_CA_CERTS=/"), "{}", ended.1);
    }
}

/// Python's urllib writes the whole URL into the tunnel when it sends a request again.
#[tokio::test]
async fn what_comes_again_is_known_by_its_whole_url() {
    let mut bot = Bot::start().await;
    // The run would not wait for what the bot may ask again.
    bot.takes.send_replace(false);
    let scenario = format!("{SCENARIO}~lost-response");
    let run = bot.judged_by(&scenario, &["graph.example"]);
    let triggered = bot.triggered.recv().await.unwrap();
    let url = triggered["url"].as_str().unwrap();
    let path = url.strip_prefix("https://graph.example").unwrap();
    let body = triggered["body"].to_string();
    let tunnel = async || {
        let authority = run.ca();
        let tunnel = run.tls_at(1, "graph.example:443", &authority, ONE);
        tunnel.await.unwrap()
    };
    let lost = handshake(TokioIo::new(tunnel().await)).await;
    let (mut lost, connection) = lost.unwrap();
    tokio::spawn(connection);
    let lost = lost.send_request(post(path, "graph.example", &body));
    assert!(lost.await.is_err(), "the response is not lost");
    let answer = send(tunnel().await, post(url, "graph.example", &body)).await;
    assert_eq!(answer.status(), 200, "{}", answer.json);
    bot.takes.send_replace(true);
    let ended = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
    assert_eq!(ended.0, Some(0), "{}", ended.1);
}

#[tokio::test]
async fn hosts_that_are_not_named_are_refused() {
    let mut bot = Bot::start().await;
    // Nobody must receive this.
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let received = Arc::new(Mutex::new(0));
    let port = other.local_addr().unwrap().port();
    tokio::spawn({
        let received = Arc::clone(&received);
        async move {
            while other.accept().await.is_ok() {
                *received.lock().unwrap() += 1;
            }
        }
    });
    let run = bot.judged(&["graph.example:443", "*.example"]);
    bot.triggered.recv().await.unwrap();
    let named = "add `--intercept";
    for target in [format!("127.0.0.1:{port}"), "other.test:443".to_owned()] {
        let (status, printed) = run.tunnel_at(1, &target).await.unwrap_err();
        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(status, 403, "{target}");
        let message = printed["error"]["message"].as_str().unwrap();
        assert!(message.contains(named), "{message}");
    }
    for (target, status, word) in [
        (format!("http://127.0.0.1:{port}/"), 403, named),
        ("ftp://graph.example/".to_owned(), 400, "`ftp`"),
        ("/a".to_owned(), 400, "forward proxy"),
    ] {
        let answer = send(run.at(1).await, post(&target, "graph.example", "")).await;
        assert_eq!(answer.status(), status, "{target}");
        assert!(answer.json.to_string().contains(word), "{}", answer.json);
    }
    let (status, _) = run.tunnel_at(1, "graph.example").await.unwrap_err();
    assert_eq!(status, 400);
    let tunnel = run
        .tls_at(1, "a.example:443", &run.ca(), ONE)
        .await
        .unwrap();
    let answer = send(tunnel, post("/", "graph.example", "")).await;
    assert_eq!(answer.status(), 421);
    assert_eq!(*received.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_bot_that_does_not_trust_confcall_is_reported_of() {
    let mut bot = Bot::start().await;
    let mut run = bot.judged(&["graph.example"]);
    bot.triggered.recv().await.unwrap();
    let other = Recorder::of(
        &[
            "record",
            "--cassette",
            "a.jsonl",
            "--intercept",
            "a.example",
        ],
        1,
    );
    assert!(
        run.tls_at(1, "graph.example:443", &other.ca(), ONE)
            .await
            .is_err()
    );
    let printed = run.warning();
    assert!(
        printed.contains("warning: a TLS handshake with a client failed")
            && printed.contains("`graph.example`"),
        "{printed}"
    );
    assert!(printed.contains("`confcall ca`"), "{printed}");
}

#[test]
fn what_cannot_be_intercepted_is_reported_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let bot = ["run", "--bot", "http://127.0.0.1:9/callback"];
    for (arguments, words) in [
        (&["--intercept", "*.example"][..], "give one host first"),
        (&["--intercept", "https://a.example"], "`a.example`"),
        (&["--proxy-listen", "1"], "--intercept"),
        (
            &["--intercept", "a.example", "--public-url", "http://b"],
            "--public-url",
        ),
    ] {
        let mut command: Command = crate::party::confcall(&folder);
        let output = command.args(bot).args(arguments).output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {printed}");
        assert!(printed.contains(words), "{arguments:?}: {printed}");
    }
    let mut command = crate::party::confcall(&folder);
    let output = command
        .args(["run", "--intercept", "a.example"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(printed.contains("--bot"), "{printed}");
    assert_eq!(output.status.code(), Some(2));
}
