//! What a client asks of its connection that is asked of the next one too: trailers (RFC 9110 section
//! 10.1.4), and WebSocket in the place of HTTP (RFC 9110 section 7.8, RFC 6455 section 4).

use crate::must::Must::{Field, Has, HasNot, Statuses, Via, Without};
use crate::must::content;
use crate::row::{Act, Row, get, ok, row, send};

const ASKS: &str = "GET /chat?a=b HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: WebSocket\r\nSec-WebSocket-Key: eHg=\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCHES: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Accept: eXk=\r\n\r\n";

pub(crate) fn rows() -> Vec<Row> {
    [trailers(), websocket()].into_iter().flatten().collect()
}

fn trailers() -> Vec<Row> {
    vec![
        row(
            "that trailers are welcome is said anew",
            get("/", "Connection: TE\r\nTE: deflate;q=0.5, Trailers\r\n"),
        )
        .answer(ok(
            "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n",
            "2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n",
        ))
        .received([
            Field("te", &["trailers"]),
            Field("connection", &["keep-alive", "te"]),
        ])
        .answered([content("ab"), Has("0\r\nx-sum: 7\r\n\r\n")])
        .written(|exchanges| {
            let mut fields = exchanges[0].request.headers.iter();
            assert!(fields.any(|(name, _)| name == "te"));
        }),
        row(
            "other transfer codings are not welcome",
            get("/", "Connection: TE\r\nTE: deflate\r\n"),
        )
        .received([Without("te"), Without("connection")]),
    ]
}

fn websocket() -> Vec<Row> {
    vec![
        row("a connection becomes one of WebSocket", "")
            .client([
                send(ASKS),
                Act::Until("\r\n\r\n"),
                send("ping"),
                Act::Until("pong"),
                Act::HalfClose,
                Act::End,
            ])
            .upstream([
                Act::Request,
                send(SWITCHES),
                Act::Until("ping"),
                send("pong"),
                Act::End,
            ])
            .received([
                Has("GET /chat?a=b HTTP/1.1\r\n"),
                Field("connection", &["upgrade"]),
                Field("upgrade", &["websocket"]),
                Field("sec-websocket-key", &["eHg="]),
                Via("1.1"),
                Has("ping"),
            ])
            .answered([
                Statuses(&[101, 0]),
                Field("connection", &["upgrade"]),
                Field("upgrade", &["websocket"]),
                Field("sec-websocket-accept", &["eXk="]),
                Has("pong"),
            ])
            .written(|exchanges| {
                let [exchange] = exchanges else {
                    panic!("{exchanges:?}");
                };
                assert_eq!(exchange.response.as_ref().unwrap().status, 101);
                let broke = exchange.broke.as_ref().unwrap();
                assert!(broke.contains("cannot be replayed"), "{broke}");
                let text = format!("{exchange:?}");
                assert!(!text.contains("ping") && !text.contains("pong"));
            }),
        row("what comes together with the question goes on", "")
            .client([send(format!("{ASKS}ping")), Act::Until("pong"), Act::End])
            .upstream([
                Act::Request,
                send(format!("{SWITCHES}po")),
                Act::Until("ping"),
                send("ng"),
            ])
            .received([Has("\r\n\r\nping")])
            .answered([Statuses(&[101, 0]), Has("\r\n\r\npong")]),
        row("an upstream need not switch", "")
            .client([send(ASKS), Act::Until("ok"), send(get("/2", "")), Act::End])
            .upstream([Act::Request, send(ok("Content-Length: 2\r\n", "ok")), Act::End])
            .answered([Statuses(&[200, 200])])
            .written(|exchanges| assert!(exchanges.iter().all(|it| it.broke.is_none()))),
        row("an upstream switches to what it was asked for only", "")
            .client([send(ASKS), Act::Until("error"), Act::HalfClose, Act::End])
            .upstream([
                Act::Request,
                send(SWITCHES.replace("websocket", "irc")),
                Act::End,
            ])
            .answered([Statuses(&[502]), HasNot("irc")]),
        row(
            "HTTP/2 is no protocol to switch to",
            get(
                "/",
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
            ),
        )
        .received([Without("upgrade"), Without("http2-settings"), Without("connection")])
        .answered([Statuses(&[200])]),
        row(
            "a request with a body goes on as it is",
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\
             Content-Length: 2\r\n\r\nab",
        )
        .received([Without("upgrade"), content("ab")])
        .answered([Statuses(&[200])]),
    ]
}
