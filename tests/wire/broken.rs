//! Parties that go away too early (RFC 9112 section 8).

use confcall_test_support::cassette::Exchange;

use crate::must::Must::{Broken, Has, HasNot, Nothing, Statuses};
use crate::must::raw;
use crate::row::{Act, At, Row, get, ok, post, row, send};

pub(crate) fn rows() -> Vec<Row> {
    [heads(), bodies(), requests(), beginnings()]
        .into_iter()
        .flatten()
        .collect()
}

fn is_broken(exchanges: &[Exchange]) {
    assert_eq!(exchanges.len(), 1);
    assert!(exchanges[0].broke.is_some(), "{exchanges:?}");
}

fn heads() -> Vec<Row> {
    vec![
        row("nobody at the upstream is a 502", post("a"))
            .at(At::Nowhere)
            .answered([Statuses(&[502]), Has("content-type: application/json")])
            .written(is_broken),
        row(
            "an upstream that closes before it answers is a 502",
            get("/", ""),
        )
        .upstream([Act::Request])
        .answered([Statuses(&[502])])
        .written(is_broken),
        row(
            "an upstream that resets before it answers is a 502",
            post("a"),
        )
        .upstream([Act::Request, Act::Reset])
        .answered([Statuses(&[502])])
        .written(is_broken),
        row(
            "an upstream that closes within the head is a 502",
            get("/", ""),
        )
        .upstream([Act::Request, send("HTTP/1.1 200 OK\r\nContent-Le")])
        .answered([Statuses(&[502]), HasNot("HTTP/1.1 200")])
        .written(is_broken),
        row(
            "an upstream that speaks something else is a 502",
            get("/", ""),
        )
        .upstream([Act::Request, send("220 mail.example ready\r\n\r\n")])
        .answered([Statuses(&[502])])
        .written(is_broken),
        row(
            "an answer with a head beyond all measure is a 502",
            get("/", ""),
        )
        .answer(ok(&format!("X: {}\r\n", "x".repeat(1 << 20)), ""))
        .answered([Statuses(&[502])])
        .written(is_broken),
        row(
            "an answer with more fields than are read is a 502",
            get("/", ""),
        )
        .answer(ok(&"X: y\r\n".repeat(101), ""))
        .answered([Statuses(&[502])])
        .written(is_broken),
        row("an answer with a bad field is a 502", get("/", ""))
            .answer(ok("X: a\0b\r\nContent-Length: 0\r\n", ""))
            .answered([Statuses(&[502])])
            .written(is_broken),
        // RFC 9112 section 5.2: replaced by 502, or unfolded.
        row("an answer with a folded field is a 502", get("/", ""))
            .answer(ok("X: a\r\n b\r\nContent-Length: 0\r\n", ""))
            .answered([Statuses(&[502])])
            .written(is_broken),
        // RFC 9112 section 5.1: a proxy must remove it.
        row(
            "a blank before the colon is taken out of an answer",
            get("/", ""),
        )
        .answer(ok("X \t: y\r\nContent-Length: 0\r\n", ""))
        .answered([Statuses(&[200]), Has("\r\nx: y\r\n")]),
    ]
}

fn bodies() -> Vec<Row> {
    let chunk = ok("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n");
    vec![
        row(
            "an upstream that closes before its length breaks the answer",
            get("/", ""),
        )
        .upstream([Act::Request, send(ok("Content-Length: 9\r\n", "1234"))])
        .answered([Broken, raw("1234")])
        .written(is_broken),
        row(
            "an upstream that resets before its length breaks the answer",
            get("/", ""),
        )
        .client([
            send(get("/", "")),
            Act::Until("1234"),
            Act::Tell("half of it came"),
            Act::End,
        ])
        .upstream([
            Act::Request,
            send(ok("Content-Length: 9\r\n", "1234")),
            Act::Wait("half of it came"),
            Act::Reset,
        ])
        .answered([Broken, raw("1234")])
        .written(is_broken),
        row(
            "an upstream that closes between chunks breaks the answer",
            get("/", ""),
        )
        .upstream([Act::Request, send(chunk.clone())])
        .answered([Broken, HasNot("\r\n0\r\n")])
        .written(is_broken),
        row(
            "an upstream that closes within a chunk breaks the answer",
            get("/", ""),
        )
        .upstream([Act::Request, send(chunk.clone() + "9\r\ncde")])
        .answered([Broken, HasNot("\r\n0\r\n")])
        .written(is_broken),
        row(
            "an upstream that closes within the size of a chunk breaks the answer",
            get("/", ""),
        )
        .upstream([Act::Request, send(chunk.clone() + "9")])
        .answered([Broken, HasNot("\r\n0\r\n")])
        .written(is_broken),
        row(
            "an upstream that closes before the last line breaks the answer",
            get("/", ""),
        )
        .upstream([Act::Request, send(chunk + "0\r\n")])
        .answered([Broken])
        .written(is_broken),
        // Nothing but RST tells that it is not whole (RFC 9112 section 6.3).
        row(
            "an upstream that resets instead of closing breaks the answer",
            get("/", ""),
        )
        .client([
            send(get("/", "")),
            Act::Until("1234"),
            Act::Tell("half of it came"),
            Act::End,
        ])
        .upstream([
            Act::Request,
            send(ok("", "1234")),
            Act::Wait("half of it came"),
            Act::Reset,
        ])
        .answered([Broken])
        .written(is_broken),
    ]
}

fn requests() -> Vec<Row> {
    let half = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc";
    let chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let reset = |sentence, bytes: &str| {
        row(sentence, "")
            .client([
                send(bytes),
                Act::Wait("the beginning came"),
                Act::Reset,
                Act::Wait("it has ended"),
            ])
            .upstream([
                Act::Until("abc"),
                Act::Tell("the beginning came"),
                Act::End,
                Act::Tell("it has ended"),
            ])
            .received([Broken, HasNot("\r\n0\r\n\r\n")])
            .written(is_broken)
    };
    let closed = |sentence, bytes: &str, rest: &str| {
        row(sentence, "")
            .client([
                send(bytes),
                Act::Wait("the beginning came"),
                send(rest),
                Act::HalfClose,
                Act::End,
                Act::Wait("it has ended"),
            ])
            .upstream([
                Act::Until("abc"),
                Act::Tell("the beginning came"),
                Act::End,
                Act::Tell("it has ended"),
            ])
            .received([Broken, HasNot("\r\n0\r\n\r\n")])
            .answered([Statuses(&[400])])
            .written(is_broken)
    };
    vec![
        reset(
            "a client that resets before its length sends no whole request",
            half,
        ),
        reset(
            "a client that resets between chunks sends no whole request",
            chunks,
        ),
        closed(
            "a client that closes before its length sends no whole request",
            half,
            "",
        ),
        closed(
            "a client that closes between chunks sends no whole request",
            chunks,
            "",
        ),
        closed(
            "a client whose chunk is too long sends no whole request",
            chunks,
            "2\r\nxyz\r\n0\r\n\r\n",
        ),
        closed(
            "a client whose chunk has no number sends no whole request",
            chunks,
            "-1\r\nx\r\n0\r\n\r\n",
        ),
        closed(
            "a client whose chunk ends in a bare LF sends no whole request",
            chunks,
            "1\nx\n0\n\n",
        ),
    ]
}

fn beginnings() -> Vec<Row> {
    let json = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                Content-Length: 9\r\n\r\n{\"a\"";
    vec![
        row("a client that closes within JSON sends nothing", "")
            .client([send(json), Act::HalfClose, Act::End])
            .received([Nothing])
            .answered([Statuses(&[400])])
            .written(is_broken),
        row("a client that closes within the head sends nothing", "")
            .client([
                send("GET / HTTP/1.1\r\nHost: a\r\nX"),
                Act::HalfClose,
                Act::End,
            ])
            .received([Nothing])
            .written(|exchanges| assert!(exchanges.is_empty())),
        row(
            "a client that goes before the answer leaves a broken exchange",
            "",
        )
        .client([
            send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            Act::Wait("the request came"),
            Act::Reset,
            Act::Wait("it has ended"),
        ])
        .upstream([
            Act::Request,
            Act::Tell("the request came"),
            Act::End,
            Act::Tell("it has ended"),
        ])
        .written(is_broken),
    ]
}
