//! Connections: several requests on one, either version, and ends that close first
//! (RFC 9112 section 9).

use crate::must::Must::{Field, Has, HasNot, Nothing, Start, Statuses, Without};
use crate::must::{content, nth, raw};
use crate::row::{Act, OK, Row, get, ok, request, row, send};

pub(crate) fn rows() -> Vec<Row> {
    [connections(), versions(), ends()]
        .into_iter()
        .flatten()
        .collect()
}

fn connections() -> Vec<Row> {
    let answers = [Act::Answers(vec![
        ("GET /1 ", ok("Content-Length: 1\r\n", "1")),
        (
            "POST /2 ",
            ok("Transfer-Encoding: chunked\r\n", "1\r\n2\r\n0\r\n\r\n"),
        ),
        ("GET /3 ", ok("Content-Length: 1\r\n", "3")),
    ])];
    let in_order = [
        Statuses(&[200, 200, 200]),
        content("1"),
        nth(2, content("2")),
        nth(3, content("3")),
        nth(3, Field("connection", &["close"])),
    ];
    vec![
        row("a connection is kept for the next request", "")
            .client([
                send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
                Act::Until("\r\n\r\n1"),
                send("POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"),
                Act::Until("\r\n0\r\n\r\n"),
                send(get("/3", "")),
                Act::End,
            ])
            .upstream(answers.clone())
            .received([
                Start("GET /1 HTTP/1.1"),
                Has("POST /2 HTTP/1.1\r\n"),
                Has("GET /3 "),
            ])
            .answered(in_order.clone()),
        row("requests in one go are answered in their order", "")
            .client([
                send(format!(
                    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
                     POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab{}",
                    get("/3", "")
                )),
                Act::End,
            ])
            .upstream(answers)
            .received([
                Start("GET /1 HTTP/1.1"),
                Has("POST /2 HTTP/1.1\r\n"),
                Has("GET /3 "),
            ])
            .answered(in_order)
            .written(|exchanges| {
                let targets: Vec<_> = exchanges.iter().map(|it| &it.request.target[..]).collect();
                assert_eq!(targets, ["/1", "/2", "/3"]);
            }),
        row(
            "what follows close is not read",
            format!("{}{}", get("/1", ""), get("/2", "")),
        )
        .received([HasNot("/2")])
        .answered([Statuses(&[200])]),
        row(
            "empty lines before a request are passed over",
            format!("\r\n\r\n{}", get("/", "")),
        )
        .received([Start("GET / HTTP/1.1")])
        .answered([Statuses(&[200])]),
        row("a request in single bytes is one request", "")
            .client(
                get("/slow", "X: y\r\n")
                    .bytes()
                    .map(|it| send([it]))
                    .chain([Act::End])
                    .collect::<Vec<_>>(),
            )
            .received([Start("GET /slow HTTP/1.1"), Field("x", &["y"])])
            .answered([Statuses(&[200])]),
        row(
            "a kept connection that the upstream closed is made anew",
            "",
        )
        .client([
            send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
            Act::Until("ok"),
            Act::Wait("it is closed"),
            send(get("/2", "")),
            Act::End,
        ])
        .upstream([
            Act::Request,
            send(OK),
            Act::HalfClose,
            Act::End,
            Act::Tell("it is closed"),
        ])
        .then([Act::Request, send(OK), Act::End])
        .answered([Statuses(&[200, 200])]),
    ]
}

fn versions() -> Vec<Row> {
    vec![
        row(
            "a client of 1.0 is answered and the connection closed",
            "GET /old HTTP/1.0\r\n\r\n",
        )
        .received([Start("GET /old HTTP/1.1"), Has("host: 127.0.0.1:")])
        .answered([Statuses(&[200]), raw("ok"), Without("transfer-encoding")]),
        row("a client of 1.0 gets no chunks", "GET / HTTP/1.0\r\n\r\n")
            .answer(ok(
                "Transfer-Encoding: chunked\r\n",
                "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            ))
            .answered([
                Without("transfer-encoding"),
                Without("content-length"),
                raw("abc"),
            ]),
        row("a client of 1.0 may keep the connection", "")
            .client([
                send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                Act::Until("ok"),
                send("GET /2 HTTP/1.0\r\n\r\n"),
                Act::End,
            ])
            .upstream([Act::Answers(vec![
                ("GET /1 ", OK.to_owned()),
                ("GET /2 ", OK.to_owned()),
            ])])
            .received([Without("connection"), Has("GET /2 HTTP/1.1\r\n")])
            .answered([Statuses(&[200, 200]), Field("connection", &["keep-alive"])]),
        row("an upstream of 1.0 is read to its end", get("/", ""))
            .upstream([
                Act::Request,
                send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold"),
            ])
            .answered([Start("HTTP/1.1 200 OK"), content("old")]),
        row("an upstream of 1.0 may give a length", get("/", ""))
            .upstream([
                Act::Request,
                send("HTTP/1.0 404 Not Found\r\nContent-Length: 3\r\n\r\nold"),
            ])
            .answered([
                Statuses(&[404]),
                Field("content-length", &["3"]),
                raw("old"),
            ]),
        // RFC 9112 section 6.1: the framing is faulty.
        row("an upstream of 1.0 has no chunks", get("/", ""))
            .answer("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
            .answered([Statuses(&[502])]),
    ]
}

fn ends() -> Vec<Row> {
    vec![
        row("a client that closes its half is answered", "")
            .client([
                send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                Act::HalfClose,
                Act::Tell("the half is closed"),
                Act::End,
            ])
            .upstream([Act::Request, Act::Wait("the half is closed"), send(OK), Act::End])
            .answered([Statuses(&[200]), raw("ok")])
            .written(|exchanges| assert_eq!(exchanges[0].broke, None)),
        row("a client that closes its half behind a body is answered", "")
            .client([
                send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"),
                Act::HalfClose,
                Act::Tell("the half is closed"),
                Act::End,
            ])
            .upstream([Act::Request, Act::Wait("the half is closed"), send(OK), Act::End])
            .received([raw("ab")])
            .answered([Statuses(&[200]), raw("ok")]),
        row("an upstream that closes its half behind an answer has answered", get("/", ""))
            .upstream([Act::Request, send(OK), Act::HalfClose, Act::End])
            .answered([Statuses(&[200]), raw("ok")]),
        row("an answer that comes before the body is read is passed on", "")
            .client([
                send(
                    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc",
                ),
                Act::End,
            ])
            .upstream([
                Act::Until("abc"),
                send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig"),
                Act::HalfClose,
                Act::End,
            ])
            .answered([Statuses(&[413]), raw("big")]),
        row("an answer to chunks that go on is passed on", "")
            .client([
                send(request("POST", "/", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n")),
                Act::Until("big"),
                Act::HalfClose,
                Act::End,
            ])
            .upstream([
                Act::Until("abc"),
                send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"),
                Act::End,
            ])
            .received([HasNot("\r\n0\r\n\r\n")])
            .answered([Statuses(&[413]), raw("big")]),
        row("a connection without a request is closed without an answer", "")
            .client([Act::HalfClose, Act::End])
            .received([Nothing])
            .answered([Nothing]),
    ]
}
