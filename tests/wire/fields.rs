//! Header fields: what ends here, what goes on, and what is added (RFC 9110 section 7.6).

use crate::must::Must::{Field, Has, HasNot, Nothing, Start, Statuses, Via, Without};
use crate::must::{nth, raw};
use crate::row::{Act, At, OK, Row, get, ok, request, row, send};

pub(crate) fn rows() -> Vec<Row> {
    [of_one_connection(), passed_on(), added()]
        .into_iter()
        .flatten()
        .collect()
}

fn of_one_connection() -> Vec<Row> {
    vec![
        row(
            "what Connection names ends here",
            get(
                "/",
                "Connection: x-One , X-TWO\r\nX-One: 1\r\nx-two: 2\r\nX-Three: 3\r\n",
            ),
        )
        .answer(ok(
            "Connection: x-four, close\r\nX-Four: 4\r\nX-Five: 5\r\nContent-Length: 0\r\n",
            "",
        ))
        .received([
            Without("x-one"),
            Without("x-two"),
            Field("x-three", &["3"]),
            HasNot("x-One"),
        ])
        .answered([Without("x-four"), Field("x-five", &["5"])]),
        row(
            "fields of one connection end here though Connection does not name them",
            get(
                "/",
                "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers, deflate\r\n\
                 Upgrade: websocket\r\nProxy-Authorization: Basic YTpi\r\n",
            ),
        )
        .answer(ok(
            "Keep-Alive: timeout=9\r\nProxy-Connection: close\r\nContent-Length: 0\r\n",
            "",
        ))
        .received([
            Without("keep-alive"),
            Without("proxy-connection"),
            Without("te"),
            Without("upgrade"),
            Without("proxy-authorization"),
        ])
        .answered([Without("keep-alive"), Without("proxy-connection")]),
        row(
            "what frames a message stays though Connection names it",
            request(
                "POST",
                "/",
                "Connection: content-length\r\nContent-Length: 2\r\n",
                "ab",
            ),
        )
        .received([Field("content-length", &["2"]), raw("ab")]),
        row("close is of the client alone", get("/", ""))
            .received([Without("connection")])
            .answered([Field("connection", &["close"])]),
        row(
            "close is of the upstream alone",
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
        )
        .client([
            send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
            Act::Until("ok"),
            send(get("/2", "")),
            Act::End,
        ])
        .upstream([
            Act::Request,
            send(ok("Connection: close\r\nContent-Length: 2\r\n", "ok")),
        ])
        .answered([Statuses(&[200, 200]), Without("connection")]),
        row(
            "no protocol is switched to that nobody asked for",
            get("/", "Upgrade: websocket\r\n"),
        )
        .answer(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        )
        .received([Without("upgrade")])
        .answered([Statuses(&[502])]),
    ]
}

fn passed_on() -> Vec<Row> {
    vec![
        row(
            "a field that comes again keeps its order",
            get("/", "X-Multi: b\r\nx-multi: a, c\r\nX-MULTI: b\r\n"),
        )
        .answer(ok("Warning: 2\r\nX: y\r\nwarning: 1\r\nContent-Length: 0\r\n", ""))
        .received([Field("x-multi", &["b", "a, c", "b"])])
        .answered([Field("warning", &["2", "1"])])
        .written(|exchanges| {
            let multi: Vec<_> = exchanges[0]
                .request
                .headers
                .iter()
                .filter(|(name, _)| name == "x-multi")
                .collect();
            assert_eq!(multi.len(), 3);
        }),
        row("cookies are set one by one", get("/", ""))
            .answer(ok(
                "Set-Cookie: a=1; Expires=Wed, 09 Jun 2021 10:18:14 GMT\r\nSet-Cookie: b=2\r\n\
                 Content-Length: 0\r\n",
                "",
            ))
            .answered([Field(
                "set-cookie",
                &["a=1; Expires=Wed, 09 Jun 2021 10:18:14 GMT", "b=2"],
            )]),
        row(
            "values go on as they came",
            get(
                "/",
                "X-Empty:\r\nX-Quoted: \"a, b\";  c\tD\r\nX-Blank:  \t e \t\r\nAccept: */*;q=0.1\r\n\
                 User-Agent: a/1 (b)\r\n",
            ),
        )
        .received([
            Field("x-empty", &[""]),
            Has(": \"a, b\";  c\tD\r\n"),
            Field("x-blank", &["e"]),
            Field("accept", &["*/*;q=0.1"]),
            Field("user-agent", &["a/1 (b)"]),
        ]),
        row(
            "bytes beyond ASCII go on as they came",
            get("/", "X-Text: \u{fc}\u{20ac}\r\n"),
        )
        .answer(ok("X-Text: \u{fc}\r\nContent-Length: 0\r\n", ""))
        .received([Has(": \u{fc}\u{20ac}\r\n")])
        .answered([Has(": \u{fc}\r\n")]),
        row(
            "the fields of one side's authentication go through",
            get("/", "Authorization: Negotiate abc\r\n"),
        )
        .answer(
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\n\
             WWW-Authenticate: Basic realm=\"a, b\"\r\nContent-Length: 0\r\n\r\n",
        )
        .received([Field("authorization", &["Negotiate abc"])])
        .answered([
            Statuses(&[401]),
            Field("www-authenticate", &["Negotiate", "Basic realm=\"a, b\""]),
        ]),
        row(
            "the answer's date and server are its own",
            get("/", ""),
        )
        .answer(ok(
            "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\nServer: own\r\nContent-Length: 0\r\n",
            "",
        ))
        .answered([
            Field("date", &["Tue, 15 Nov 1994 08:12:31 GMT"]),
            Field("server", &["own"]),
        ]),
        row(
            "the reason is told as it came",
            get("/", ""),
        )
        .answer("HTTP/1.1 299 Quite Fine\r\nContent-Length: 0\r\n\r\n")
        .answered([Start("HTTP/1.1 299 Quite Fine")]),
        row(
            "an expectation that is not known is the upstream's to judge",
            get("/", "Expect: x-miracle\r\n"),
        )
        .answer("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        .received([Field("expect", &["x-miracle"])])
        .answered([Statuses(&[417])]),
    ]
}

fn added() -> Vec<Row> {
    vec![
        row(
            "Host is the upstream's",
            "GET / HTTP/1.1\r\nConnection: close\r\nHOST: other.example:81\r\n\r\n",
        )
        .received([HasNot("other.example"), Has("host: 127.0.0.1:")])
        .written(|exchanges| {
            let host = ("host".to_owned(), "other.example:81".to_owned());
            assert!(exchanges[0].request.headers.contains(&host));
        }),
        row(
            "Via is added behind others",
            get("/", "Via: 1.0 first\r\nVia: 2 second\r\n"),
        )
        .answer(ok("Via: 1.1 third\r\nContent-Length: 0\r\n", ""))
        .received([
            Has("via: 1.0 first\r\nvia: 2 second\r\nvia: 1.1 confcall-"),
            Via("1.1"),
        ])
        .answered([Has("via: 1.1 third\r\nvia: 1.1 confcall-"), Via("1.1")])
        .written(|exchanges| {
            let text = format!("{exchanges:?}");
            assert!(
                !text.contains("1.1 confcall-"),
                "as the fields came: {text}"
            );
        }),
        row("Via says 1.0 of what came in 1.0", "GET / HTTP/1.0\r\n\r\n")
            .answer("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            .received([Via("1.0")])
            .answered([Via("1.0")])
            .written(|exchanges| {
                assert_eq!(exchanges[0].request.wire.version, "1.0");
                let response = exchanges[0].response.as_ref().unwrap();
                assert_eq!(response.wire.version, "1.0");
            }),
        row("what comes back goes round no more", get("/", ""))
            .upstream([Act::Back])
            .received([Via("1.1")])
            .answered([Statuses(&[508])]),
        row(
            "Max-Forwards of an OPTIONS is counted down",
            request("OPTIONS", "/", "Max-Forwards: 10\r\n", ""),
        )
        .received([Field("max-forwards", &["9"])]),
        row(
            "an OPTIONS that may go no further is answered here",
            request("OPTIONS", "/", "Max-Forwards: 0\r\n", ""),
        )
        .received([Nothing])
        .answered([Statuses(&[200]), raw("")]),
        row(
            "a TRACE that may go no further is answered here",
            request("TRACE", "/", "Max-Forwards: 0\r\n", ""),
        )
        .received([Nothing])
        .answered([Statuses(&[501])]),
        row(
            "Max-Forwards of another method is only passed on",
            get("/", "Max-Forwards: 0\r\n"),
        )
        .received([Field("max-forwards", &["0"])])
        .answered([Statuses(&[200])]),
        row(
            "a notification loses and gains the same fields",
            request(
                "POST",
                "/callback?a=b",
                "Connection: x\r\nX: 1\r\nContent-Length: 2\r\n",
                "{}",
            ),
        )
        .at(At::Bot)
        .below("/callback")
        .received([
            Start("POST /callback?a=b HTTP/1.1"),
            Without("x"),
            Via("1.1"),
            Has("host: 127.0.0.1:"),
            raw("{}"),
        ])
        .answered([Statuses(&[200]), Via("1.1")]),
        row("each message of a connection has its own fields", "")
            .client([
                send("GET /1 HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n\r\n"),
                Act::Until("ok"),
                send(get("/2", "X-Two: 2\r\n")),
                Act::End,
            ])
            .upstream([Act::Answers(vec![
                ("GET /1 ", OK.to_owned()),
                ("GET /2 ", OK.to_owned()),
            ])])
            .received([
                Field("x-one", &["1"]),
                nth(2, Without("x-one")),
                nth(2, Field("x-two", &["2"])),
            ])
            .answered([Statuses(&[200, 200])]),
    ]
}
