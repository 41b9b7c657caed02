//! Interim answers and `Expect` (RFC 9110 sections 10.1.1 and 15.2).
//!
//! To the client the recorder is an origin server, as every gateway is (RFC 9110 section 3.7): it
//! may say 100 by itself.

use crate::must::Must::{Broken, Field, Has, HasNot, Nothing, Start, Statuses, Without};
use crate::must::{nth, raw};
use crate::row::{Act, OK, Row, get, ok, request, row, send};

const EXPECTING: &str = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n";

const FAILED: &str = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";

pub(crate) fn rows() -> Vec<Row> {
    [interim(), expected()].into_iter().flatten().collect()
}

fn interim() -> Vec<Row> {
    vec![
        row("a 103 comes before the answer", get("/", ""))
            .answer(format!(
                "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX: 1\r\nx: 2\r\n\r\n{OK}"
            ))
            .answered([
                Statuses(&[103, 200]),
                Field("link", &["</a>; rel=preload"]),
                Field("x", &["1", "2"]),
                nth(2, raw("ok")),
            ])
            .written(|exchanges| {
                assert_eq!(exchanges[0].response.as_ref().unwrap().status, 200);
            }),
        row("a 103 does not wait for the answer", "")
            .client([
                send(get("/", "")),
                Act::Until("early"),
                Act::Tell("the hint came"),
                Act::End,
            ])
            .upstream([
                Act::Request,
                send("HTTP/1.1 103 Early Hints\r\nX: early\r\n\r\n"),
                Act::Wait("the hint came"),
                send(OK),
                Act::End,
            ])
            .answered([Statuses(&[103, 200])]),
        row("every interim answer comes in its order", get("/", ""))
            .answer(format!(
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n\
                 HTTP/1.1 199 Own\r\n\r\n{OK}"
            ))
            .answered([Statuses(&[102, 103, 199, 200])]),
        row(
            "an interim answer loses what is of one connection",
            get("/", ""),
        )
        .answer(format!(
            "HTTP/1.1 103 Early Hints\r\nConnection: x\r\nX: 1\r\nY: 2\r\n\r\n{OK}"
        ))
        .answered([
            Statuses(&[103, 200]),
            Without("connection"),
            Without("x"),
            Field("y", &["2"]),
        ]),
        // RFC 9110 section 15.2: none may be sent to a client of HTTP/1.0.
        row(
            "a client of 1.0 gets no interim answer",
            "GET / HTTP/1.0\r\n\r\n",
        )
        .answer(format!("HTTP/1.1 103 Early Hints\r\n\r\n{OK}"))
        .answered([Statuses(&[200])]),
        row("a 100 that nobody waits for is no answer", get("/", ""))
            .answer(format!("HTTP/1.1 100 Continue\r\n\r\n{OK}"))
            .answered([HasNot("HTTP/1.1 502"), Has("HTTP/1.1 200 OK")]),
        row("interim answers stand before their own answer", "")
            .client([
                send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
                send(get("/2", "")),
                Act::End,
            ])
            .upstream([
                Act::Request,
                send(ok("Content-Length: 3\r\n", "one")),
                Act::Request,
                send(format!("HTTP/1.1 103 Early Hints\r\nX: 2\r\n\r\n{OK}")),
                Act::End,
            ])
            .answered([
                Statuses(&[200, 103, 200]),
                nth(2, Field("x", &["2"])),
                nth(3, raw("ok")),
            ]),
        row(
            "an upstream that only ever says 103 has not answered",
            get("/", ""),
        )
        .upstream([Act::Request, send("HTTP/1.1 103 Early Hints\r\n\r\n")])
        .answered([Statuses(&[103, 502])]),
    ]
}

fn expected() -> Vec<Row> {
    vec![
        row("a client that waits for 100 gets it", "")
            .client([send(EXPECTING), Act::Until("100 Continue"), send("abcd"), Act::End])
            .upstream([
                Act::Until("\r\n\r\n"),
                send("HTTP/1.1 100 Continue\r\n\r\n"),
                Act::Until("abcd"),
                send(OK),
                Act::End,
            ])
            .received([raw("abcd")])
            .answered([Statuses(&[100, 200])]),
        row("a client that waits for 100 gets it though the upstream says none", "")
            .client([send(EXPECTING), Act::Until("100 Continue"), send("abcd"), Act::End])
            .received([raw("abcd")])
            .answered([Statuses(&[100, 200])]),
        row("a client that does not wait after all is served", "")
            .client([send(EXPECTING), send("abcd"), Act::End])
            .received([raw("abcd")])
            .answered([Has("HTTP/1.1 200 OK"), HasNot("HTTP/1.1 4")]),
        row("JSON is waited for with a 100", "")
            .client([
                send(EXPECTING.replace("Expect", "Content-Type: application/json\r\nExpect")),
                Act::Until("100 Continue"),
                send("[12]"),
                Act::End,
            ])
            .received([raw("[12]")])
            .answered([Statuses(&[100, 200])]),
        row("an upstream that refuses what it is to expect is read", "")
            .client([send(EXPECTING), Act::End])
            .upstream([Act::Until("\r\n\r\n"), send(FAILED), Act::End])
            .received([Start("POST / HTTP/1.1"), Has("expect: 100-continue\r\n"), Broken])
            .answered([Statuses(&[417])]),
        row("a refused body is not taken for a request", "")
            .client([
                send(
                    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 31\r\n\r\n",
                ),
                Act::Until("\r\n\r\n"),
                send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n"),
                Act::End,
            ])
            .upstream([Act::Until("\r\n\r\n"), send(FAILED), Act::End])
            .received([HasNot("GET /body")])
            .answered([Statuses(&[417]), Field("connection", &["close"])]),
        // RFC 9110 section 10.1.1: a server must ignore it in HTTP/1.0.
        row(
            "a client of 1.0 cannot wait for 100",
            "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd",
        )
        .received([raw("abcd"), Without("expect")])
        .answered([Statuses(&[200])]),
        row(
            "without a body there is nothing to wait for",
            request("POST", "/", "Expect: 100-continue\r\nContent-Length: 0\r\n", ""),
        )
        .answered([Statuses(&[200])]),
        row("a client that is told to go on and goes is gone", "")
            .client([send(EXPECTING), Act::Until("100 Continue"), send("ab"), Act::Reset])
            .upstream([Act::End])
            .received([Broken])
            .answered([Statuses(&[100])]),
        row("a client that waits is told of an upstream that is not there", "")
            .client([send(EXPECTING), Act::End])
            .at(crate::row::At::Nowhere)
            .received([Nothing])
            .answered([Statuses(&[502])]),
    ]
}
