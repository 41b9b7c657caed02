//! `confcall record` with TLS, through the binary: as a forward proxy, and before parties that
//! speak TLS. Everything stays on loopback.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod party;
mod replay;
mod run;

use confcall_test_support::cassette::{Content, Direction};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use party::{Answer, Recorder, Service, begin, confcall, post, send, send_all, sender};

/// The versions of HTTP, as a handshake calls them.
const ONE: &[&str] = &["http/1.1"];
const TWO: &[&str] = &["h2"];

#[tokio::test]
async fn a_named_host_is_opened_and_recorded() {
    let service = Service::start(ONE).await;
    let ca = service.ca.to_str().unwrap();
    let recorder = Recorder::start(&["--intercept", "localhost", "--ca", ca], 1);
    let target = service.at("localhost");
    let stream = recorder.tls(&target, &recorder.ca(), ONE).await.unwrap();
    let request = post("/app/calls?sig=hunter2x", &target, "{\"a\":1}");
    let answer = send(stream, request).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json["host"], target);
    assert_eq!(answer.json["target"], "/app/calls?sig=hunter2x");
    assert_eq!(answer.json["authorization"], "Bearer hunter2x");
    assert_eq!(answer.json["body"], "{\"a\":1}");

    let (cassette, printed) = recorder.kill();
    assert_eq!(printed, "");
    let [exchange] = &cassette.exchanges[..] else {
        panic!("{cassette:?}");
    };
    assert_eq!(exchange.direction, Direction::Request);
    assert_eq!(exchange.request.method, "POST");
    assert!(
        exchange
            .request
            .target
            .starts_with("/app/calls?sig=redacted-")
    );
    assert_eq!(exchange.request.body, Content::Json(json!({"a": 1})));
    assert!(exchange.request.headers.contains(&("host".into(), target)));
    assert_eq!(exchange.response.as_ref().unwrap().status, 200);
    assert_eq!(exchange.request.wire.version, "", "which is 1.1");
    assert_eq!(exchange.request.wire.scheme.as_deref(), Some("https"));
    assert!(!format!("{cassette:?}").contains("hunter2x"));
}

#[tokio::test]
async fn other_hosts_are_tunnelled_unread() {
    let service = Service::start(ONE).await;
    let recorder = Recorder::start(&["--intercept", "graph.example"], 1);
    let target = service.at("localhost");
    // The certificate is the service's own.
    let stream = recorder.tls(&target, &service.ca, ONE).await.unwrap();
    let answer = send(stream, post("/a", &target, "")).await;
    assert_eq!(
        (answer.status(), &answer.json["target"]),
        (200, &json!("/a"))
    );
    assert!(recorder.tls(&target, &recorder.ca(), ONE).await.is_err());
    assert!(recorder.kill().0.exchanges.is_empty());
}

#[tokio::test]
async fn a_tunnel_passes_on_bytes_and_closes_each_way_by_itself() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).await.unwrap();
        stream.write_all(b"after the end").await.unwrap();
        received
    });
    let recorder = Recorder::start(&["--intercept", "graph.example"], 1);
    let mut tunnel = recorder.tunnel(&target).await.unwrap();
    tunnel.write_all(b"\x00no HTTP").await.unwrap();
    tunnel.shutdown().await.unwrap();
    let mut received = String::new();
    tunnel.read_to_string(&mut received).await.unwrap();
    assert_eq!(received, "after the end");
    assert_eq!(server.await.unwrap(), "\0no HTTP");
}

#[tokio::test]
async fn plain_http_is_recorded_where_its_host_is_named() {
    let service = Service::start(&[]).await;
    let recorder = Recorder::start(&["--intercept", "127.0.0.1"], 1);
    let target = service.at("127.0.0.1");
    let whole = format!("http://{target}/a?b");
    // The target overrides `Host` (RFC 9112 section 3.2.2).
    let answer = send(recorder.connect().await, post(&whole, "other", "{}")).await;
    assert_eq!(
        (answer.status(), &answer.json["host"]),
        (200, &json!(target))
    );
    // Some clients send plain HTTP through a tunnel.
    let tunnel = recorder.tunnel(&target).await.unwrap();
    let answer = send(tunnel, post("/c", &target, "{}")).await;
    assert_eq!(
        (answer.status(), &answer.json["target"]),
        (200, &json!("/c"))
    );

    for (target, status, word) in [
        (
            service.at("http://localhost") + "/",
            403,
            "--intercept localhost",
        ),
        ("ftp://127.0.0.1/".to_owned(), 400, "`ftp`"),
        ("/a".to_owned(), 400, "forward proxy"),
    ] {
        let refused = send(recorder.connect().await, post(&target, "127.0.0.1", "")).await;
        assert_eq!(refused.status(), status, "{target}");
        assert!(
            refused.json.to_string().contains(word),
            "{target}: {}",
            refused.json
        );
    }
    let (cassette, _) = recorder.kill();
    let requests = cassette.exchanges.iter().map(|it| &it.request);
    let written: Vec<_> = requests
        .map(|it| {
            let host = it.headers.iter().find(|(name, _)| name == "host");
            (it.target.as_str(), host.unwrap().1.as_str())
        })
        .collect();
    assert_eq!(written, [("/a?b", target.as_str()), ("/c", &target)]);
    assert_eq!(cassette.exchanges[1].request.wire.scheme, None);
}

#[tokio::test]
async fn a_tunnel_leads_to_its_own_host_only() {
    let service = Service::start(ONE).await;
    let ca = service.ca.to_str().unwrap();
    let recorder = Recorder::start(&["--intercept", "127.0.0.1", "--ca", ca], 1);
    let target = service.at("127.0.0.1");
    let stream = recorder.tls(&target, &recorder.ca(), ONE).await.unwrap();
    let answer = send(stream, post("/", "graph.example", "")).await;
    assert_eq!(answer.status(), 421);
    for target in ["graph.example", "", "a b:1"] {
        let (status, _) = recorder.tunnel(target).await.unwrap_err();
        assert_eq!(status, 400, "{target}");
    }
    assert!(recorder.kill().0.exchanges.is_empty());
}

#[tokio::test]
async fn it_does_not_send_to_itself() {
    let recorder = Recorder::start(&["--intercept", "localhost", "--listen", "[::]:0"], 1);
    let port = recorder.addresses[0].rsplit_once(':').unwrap().1.to_owned();
    let (status, printed) = recorder
        .tunnel(&format!("127.0.0.1:{port}"))
        .await
        .unwrap_err();
    assert_eq!(status, 508);
    assert!(printed.contains("own listener"), "{printed}");
    let target = format!("http://localhost:{port}/");
    let refused = send(recorder.connect().await, post(&target, "localhost", "")).await;
    assert_eq!(refused.status(), 508);
    let (cassette, _) = recorder.kill();
    assert!(
        cassette.exchanges[0]
            .broke
            .as_ref()
            .unwrap()
            .contains("own listener")
    );
}

/// However the address is spelt, by CONNECT and in a whole URL.
#[tokio::test]
async fn it_knows_itself_under_every_address() {
    for (listen, spellings) in [
        (
            "127.0.0.1:0",
            &[
                "127.0.0.1",
                "[::ffff:127.0.0.1]",
                "[::ffff:7f00:1]",
                "[0:0:0:0:0:ffff:127.0.0.1]",
                "2130706433",
                "0x7f000001",
                "0177.0.0.1",
                "127.1",
                "0.0.0.0",
                "0",
                "localhost",
                "LOCALHOST.",
            ][..],
        ),
        (
            "[::]:0",
            &[
                "[::1]",
                "[::]",
                "[::ffff:127.0.0.1]",
                "127.0.0.2",
                "0.0.0.0",
            ],
        ),
    ] {
        let all = ["--intercept", "graph.example", "--listen", listen];
        let recorder = Recorder::start(&all, 1);
        let (_, port) = recorder.addresses[0].rsplit_once(':').unwrap();
        for host in spellings {
            let tunnel = recorder.tunnel(&format!("{host}:{port}")).await;
            let (status, printed) = tunnel.unwrap_err();
            assert_eq!(status, 508, "{listen} {host}: {printed}");
            assert!(
                printed.contains("own listener"),
                "{listen} {host}: {printed}"
            );
        }
        assert!(recorder.kill().0.exchanges.is_empty());
    }
}

#[tokio::test]
async fn a_request_that_comes_back_by_a_detour_goes_no_further() {
    // Nothing in this address says that it leads back to the proxy.
    let detour = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = format!("http://{}", detour.local_addr().unwrap());
    let recorder = Recorder::start(&["--service", &service], 1);
    let address = recorder.addresses[0].clone();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = detour.accept().await {
            let mut far = tokio::net::TcpStream::connect(&address).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let answer = send(recorder.connect().await, post("/", "confcall", "{}")).await;
    assert_eq!(answer.status(), 508);
    assert_eq!(recorder.kill().0.exchanges.len(), 1);
}

#[tokio::test]
async fn whoever_is_not_trusted_is_reported() {
    let service = Service::start(ONE).await;
    let mut recorder = Recorder::start(&["--intercept", "localhost"], 1);
    let target = service.at("localhost");
    // confcall does not trust the service.
    let stream = recorder.tls(&target, &recorder.ca(), ONE).await.unwrap();
    let answer = send(stream, post("/", &target, "")).await;
    assert_eq!(answer.status(), 502);
    let printed = answer.json.to_string();
    assert!(printed.contains("--ca FILE"), "{printed}");
    // The client does not trust confcall.
    assert!(recorder.tls(&target, &service.ca, ONE).await.is_err());
    let printed = recorder.warning();
    assert!(
        printed.contains("warning: a TLS handshake with a client failed"),
        "{printed}"
    );
    assert!(printed.contains("`confcall ca`"), "{printed}");
    let (cassette, _) = recorder.kill();
    let broke = cassette.exchanges[0].broke.as_ref().unwrap();
    assert!(broke.contains("certificate"), "{broke}");
}

#[cfg(unix)]
#[tokio::test]
async fn it_ends_cleanly_whatever_is_open() {
    let service = Service::start(ONE).await;
    let ca = service.ca.to_str().unwrap();
    let recorder = Recorder::start(&["--intercept", "localhost", "--ca", ca], 1);
    let _tunnel = recorder.tunnel(&service.at("127.0.0.1")).await.unwrap();
    let _unopened = recorder.tunnel(&service.at("localhost")).await.unwrap();
    let target = service.at("localhost");
    let _opened = recorder.tls(&target, &recorder.ca(), ONE).await.unwrap();
    let ended = tokio::task::spawn_blocking(|| recorder.terminate());
    assert_eq!(ended.await.unwrap(), Some(0));
}

#[tokio::test]
async fn callbacks_come_back_through_the_proxy() {
    let (service, bot) = (Service::start(ONE).await, Service::start(&[]).await);
    let callback = format!("http://{}/callback", bot.at("127.0.0.1"));
    let ca = service.ca.to_str().unwrap();
    let more = ["--intercept", "localhost", "--ca", ca, "--bot", &callback];
    let recorder = Recorder::start(&more, 2);
    let target = service.at("localhost");
    let stream = recorder.tls(&target, &recorder.ca(), ONE).await.unwrap();
    let body = json!({"callbackUri": callback}).to_string();
    let answer = send(stream, post("/", &target, &body)).await;
    let rewritten = format!("http://{}/callback", recorder.addresses[1]);
    assert_eq!(
        answer.json["body"],
        json!({"callbackUri": rewritten}).to_string()
    );
    let notifying = tokio::net::TcpStream::connect(&recorder.addresses[1])
        .await
        .unwrap();
    let answer = send(notifying, post("/callback", "bot", "{}")).await;
    assert_eq!(answer.json["target"], "/callback");
    let directions = recorder.kill().0.exchanges;
    let directions: Vec<_> = directions.iter().map(|it| it.direction).collect();
    assert_eq!(directions, [Direction::Request, Direction::Notification]);
}

#[tokio::test]
async fn each_side_settles_its_own_version() {
    for (client, service, versions) in [
        (TWO, TWO, ["2", "2"]),
        (TWO, ONE, ["2", ""]),
        (ONE, TWO, ["", "2"]),
    ] {
        let service = Service::start(service).await;
        let ca = service.ca.to_str().unwrap();
        let recorder = Recorder::start(&["--intercept", "localhost", "--ca", ca], 1);
        let target = service.at("localhost");
        let both = [TWO, ONE].concat();
        let offered = if client == TWO { &both } else { client };
        let stream = recorder
            .tls(&target, &recorder.ca(), offered)
            .await
            .unwrap();
        let answer = if client == TWO {
            let path = format!("https://{target}/trailers");
            let mut request = post(&path, &target, "{}");
            request.headers_mut().remove("host");
            let welcome = "trailers".parse().unwrap();
            request.headers_mut().insert("te", welcome);
            // In HTTP/2 cookies may be apart, elsewhere they are one field.
            for cookie in ["a=1", "b=2"] {
                request
                    .headers_mut()
                    .append("cookie", cookie.parse().unwrap());
            }
            let mut answers = send_all(stream, vec![request]).await;
            assert_eq!(answers[0].json["cookie"], "a=1; b=2");
            let answer = answers.remove(0);
            if let ["2", "2"] = versions {
                assert_eq!(answer.trailers.as_ref().unwrap()["etag"], "\"checked\"");
            }
            answer
        } else {
            let mut request = post("/trailers", &target, "{}");
            for (name, value) in [("te", "trailers"), ("connection", "te")] {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            send(stream, request).await
        };
        // That trailers are welcome is said in each version, in its own way.
        let connection = match versions[1] {
            "2" => json!(null),
            _ => json!("keep-alive"),
        };
        assert_eq!(answer.json["te"], "trailers");
        assert_eq!(answer.json["connection"], connection);
        assert_eq!((answer.status(), answer.is_whole), (200, true));
        assert_eq!(answer.json["host"], target);
        // Each message says in which version it came here.
        let version = |it| {
            if it == "2" {
                "2 confcall-"
            } else {
                "1.1 confcall-"
            }
        };
        let via = answer.json["via"].as_str().unwrap();
        assert!(via.starts_with(version(versions[0])), "{via}");
        let via = answer.head.headers["via"].to_str().unwrap();
        assert!(via.starts_with(version(versions[1])), "{via}");
        let (cassette, _) = recorder.kill();
        let exchange = &cassette.exchanges[0];
        let response = exchange.response.as_ref().unwrap();
        let written = [&exchange.request.wire, &response.wire];
        assert_eq!(written.map(|it| it.version.as_str()), versions);
        let host = ("host".to_owned(), target);
        assert!(exchange.request.headers.contains(&host), "{exchange:?}");
        let trailers = [("etag".to_owned(), "\"checked\"".to_owned())];
        // In HTTP/1.1 a service keeps them to itself unless it is told that they are welcome.
        let is_trailed = versions[1] == "2";
        let trailers = if is_trailed { &trailers[..] } else { &[] };
        assert_eq!(response.wire.trailers, trailers);
        assert_eq!(exchange.broke, None);
    }
}

#[tokio::test]
async fn an_answer_without_a_body_ends_whole_in_each_version() {
    for protocols in [TWO, ONE] {
        let service = Service::start(protocols).await;
        let ca = service.ca.to_str().unwrap();
        let recorder = Recorder::start(&["--intercept", "localhost", "--ca", ca], 1);
        let target = service.at("localhost");
        let stream = recorder.tls(&target, &recorder.ca(), ONE).await.unwrap();
        let answer = send(stream, post("/empty", &target, "{}")).await;
        assert_eq!((answer.status(), answer.is_whole), (204, true));
        assert_eq!(recorder.kill().0.exchanges[0].broke, None);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_in_each_version() {
    for (client, service) in [(TWO, TWO), (TWO, ONE), (ONE, TWO), (ONE, ONE)] {
        let service = Service::start(service).await;
        let ca = service.ca.to_str().unwrap();
        let recorder = Recorder::start(&["--intercept", "localhost", "--ca", ca], 1);
        let target = service.at("localhost");
        let stream = recorder.tls(&target, &recorder.ca(), client).await.unwrap();
        let head = if client == TWO {
            let request = post(&format!("https://{target}/breaks"), &target, "{}");
            sender(stream).await.send_request(request).await.unwrap()
        } else {
            begin(stream, post("/breaks", &target, "{}")).await
        };
        service.breaking.send_replace(true);
        let answer = Answer::read(head).await;
        assert_eq!((answer.status(), answer.is_whole), (200, false));
        let exchange = &recorder.kill().0.exchanges[0];
        assert_eq!(exchange.response.as_ref().unwrap().status, 200);
        assert!(exchange.broke.is_some(), "{exchange:?}");
    }
}

#[tokio::test]
async fn requests_of_one_connection_are_recorded_each_by_itself() {
    let service = Service::start(TWO).await;
    let ca = service.ca.to_str().unwrap();
    let recorder = Recorder::start(&["--intercept", "localhost", "--ca", ca], 1);
    let target = service.at("localhost");
    let stream = recorder.tls(&target, &recorder.ca(), TWO).await.unwrap();
    let request = |number| {
        let body = json!({"number": number, "more": "x".repeat(100_000)}).to_string();
        post(&format!("https://{target}/{number}"), &target, &body)
    };
    let answers = send_all(stream, (0..40).map(request).collect()).await;
    assert_eq!(answers.len(), 40);
    let (cassette, _) = recorder.kill();
    let mut numbers = Vec::new();
    for exchange in &cassette.exchanges {
        let Content::Json(body) = &exchange.request.body else {
            panic!("{exchange:?}");
        };
        assert_eq!(exchange.request.target, format!("/{}", body["number"]));
        numbers.push(body["number"].as_u64().unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reverse_proxy_speaks_tls_to_both_parties() {
    let (service, bot) = (Service::start(ONE).await, Service::start(ONE).await);
    let folder = tempfile::tempdir().unwrap();
    let both = folder.path().join("both.pem");
    let certificates = [&service.ca, &bot.ca].map(|it| std::fs::read_to_string(it).unwrap());
    std::fs::write(&both, certificates.concat()).unwrap();
    let at = format!("https://{}/beta", service.at("localhost"));
    let callback = format!("https://{}/callback", bot.at("127.0.0.1"));
    let ca = both.to_str().unwrap();
    let recorder = Recorder::start(&["--service", &at, "--bot", &callback, "--ca", ca], 2);
    let answer = send(recorder.connect().await, post("/a", "confcall", "")).await;
    assert_eq!(
        (answer.status(), &answer.json["target"]),
        (200, &json!("/beta/a"))
    );
    assert_eq!(answer.json["host"], service.at("localhost"));
    let notifying = tokio::net::TcpStream::connect(&recorder.addresses[1])
        .await
        .unwrap();
    let answer = send(notifying, post("/callback", "confcall", "{}")).await;
    assert_eq!(
        (answer.status(), &answer.json["target"]),
        (200, &json!("/callback"))
    );
    // No tunnels lead through it.
    let (status, _) = recorder.tunnel(&service.at("localhost")).await.unwrap_err();
    assert_eq!(status, 501);
    assert_eq!(recorder.kill().0.exchanges.len(), 2);
}

#[test]
fn what_cannot_be_is_reported_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.pem");
    let absent = absent.to_str().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below_file = file.join("ca");
    let below_file = below_file.to_str().unwrap();
    for (arguments, code, words) in [
        (
            &["--intercept", "https://graph.example/v1"][..],
            2,
            "`graph.example`",
        ),
        (
            &["--intercept", "a.example", "--service", "http://b.example"],
            2,
            "--service",
        ),
        (&[], 2, "--service"),
        (
            &["--intercept", "a.example", "--ca", absent],
            2,
            "absent.pem",
        ),
        (
            &["--intercept", "a.example", "--ca-dir", below_file],
            3,
            "--ca-dir DIR",
        ),
    ] {
        let mut command = confcall(&folder);
        command
            .args(["record", "--cassette"])
            .arg(folder.path().join("a.jsonl"));
        let output = command.args(arguments).output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {printed}");
        assert!(printed.contains(words), "{arguments:?}: {printed}");
    }
}

#[test]
fn the_certificate_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let printed = |arguments: &[&str]| {
        let output = confcall(&folder)
            .arg("ca")
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let path = folder.path().join("ca/ca.pem");
    assert_eq!(printed(&[]).lines().next(), path.to_str());
    assert_eq!(
        printed(&["--print"]),
        std::fs::read_to_string(&path).unwrap()
    );
    let other = folder.path().join("other");
    let other = printed(&["--ca-dir", other.to_str().unwrap(), "--print"]);
    assert_ne!(other, printed(&["--print"]), "never a shared one");
}

#[cfg(unix)]
#[test]
fn the_authority_is_in_the_configuration_folder_of_its_user() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let run = || {
        let mut command = confcall(&folder);
        command
            .arg("ca")
            .env_remove("CONFCALL_CA_DIR")
            .env("XDG_CONFIG_HOME", folder.path());
        command.output().unwrap()
    };
    let printed = String::from_utf8(run().stdout).unwrap();
    let path = folder.path().join("confcall/ca.pem");
    assert_eq!(printed.lines().next(), path.to_str());
    let key = path.with_file_name("ca.key");
    let permissions = std::fs::metadata(&key).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = run();
    assert_eq!(refused.status.code(), Some(2));
    let printed = String::from_utf8(refused.stderr).unwrap();
    assert!(
        printed.contains("ca.key") && printed.contains("chmod 600"),
        "{printed}"
    );
}
