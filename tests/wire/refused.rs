//! Requests that are no requests: refused, and nothing of them goes on.

use crate::must::Must::{Has, Nothing, Statuses};
use crate::row::{Act, Row, get, request, row, send};

pub(crate) fn rows() -> Vec<Row> {
    let bad = [framed(), written(), hosts()].into_iter().flatten();
    bad.map(|(sentence, status, bytes)| {
        row(sentence, bytes)
            .received([Nothing])
            .answered([Statuses(status)])
            .written(|exchanges| assert!(exchanges.is_empty(), "{exchanges:?}"))
    })
    .chain(others())
    .collect()
}

/// A sentence, what is answered, and what is sent.
type Bad = (&'static str, &'static [u16], String);

/// Lengths that can be read in two ways (RFC 9112 section 6.3).
fn framed() -> Vec<Bad> {
    let framed = |fields: &str| request("POST", "/", fields, "2\r\nab\r\n0\r\n\r\n");
    vec![
        (
            "lengths that differ",
            &[400],
            framed("Content-Length: 2\r\nContent-Length: 3\r\n"),
        ),
        (
            "lengths that differ in one field",
            &[400],
            framed("Content-Length: 2, 3\r\n"),
        ),
        (
            "a length with a sign",
            &[400],
            framed("Content-Length: +2\r\n"),
        ),
        (
            "a length below zero",
            &[400],
            framed("Content-Length: -2\r\n"),
        ),
        (
            "a length in hexadecimal",
            &[400],
            framed("Content-Length: 0x2\r\n"),
        ),
        (
            "a length of no digits",
            &[400],
            framed("Content-Length: \r\n"),
        ),
        (
            "a length that no number holds",
            &[400],
            framed("Content-Length: 99999999999999999999999\r\n"),
        ),
        (
            "chunks that are not the last coding",
            &[400],
            framed("Transfer-Encoding: chunked, identity\r\n"),
        ),
        (
            "a transfer coding without chunks",
            &[400],
            framed("Transfer-Encoding: gzip\r\n"),
        ),
        (
            "a transfer coding that looks like chunks",
            &[400],
            framed("Transfer-Encoding: xchunked\r\n"),
        ),
        // RFC 9112 section 6.1: a coding that is not known is a 501.
        (
            "a transfer coding below chunks",
            &[501],
            framed("Transfer-Encoding: gzip, chunked\r\n"),
        ),
        (
            "chunks of chunks",
            &[501],
            framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ),
        (
            "chunks in 1.0",
            &[400],
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        ),
    ]
}

/// Lines that are no lines (RFC 9112 sections 2.2, 3 and 5).
fn written() -> Vec<Bad> {
    vec![
        ("a blank before the colon", &[400], get("/", "X : y\r\n")),
        (
            "a blank before the colon of a length",
            &[400],
            get("/", "Content-Length : 2\r\n"),
        ),
        ("a field over two lines", &[400], get("/", "X: y\r\n z\r\n")),
        (
            "a blank before the first field",
            &[400],
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n".to_owned(),
        ),
        ("a NUL in a value", &[400], get("/", "X: a\0b\r\n")),
        ("a bare CR in a value", &[400], get("/", "X: a\rb\r\n")),
        ("a line without a colon", &[400], get("/", "X\r\n")),
        ("a field without a name", &[400], get("/", ": y\r\n")),
        ("a name that is no token", &[400], get("/", "X[]: y\r\n")),
        ("no version", &[400], "GET /\r\nHost: a\r\n\r\n".to_owned()),
        (
            "a version in small letters",
            &[400],
            "GET / http/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        // RFC 9110 section 2.5 would have it read as 1.1 (SHOULD); hyper knows two versions.
        (
            "a minor version that nobody knows",
            &[400],
            "GET / HTTP/1.9\r\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "a major version that is not spoken here",
            &[400],
            "GET / HTTP/3.0\r\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "a version of two digits",
            &[400],
            "GET / HTTP/1.10\r\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "a method that is no token",
            &[400],
            "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "a blank in the target",
            &[400],
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "a target that is no path",
            &[400],
            "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "a control character in the target",
            &[400],
            "GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        ("an asterisk without OPTIONS", &[400], get("*", "")),
        (
            "a head beyond all measure",
            &[431],
            get("/", &format!("X: {}\r\n", "x".repeat(140_000))),
        ),
        (
            "more fields than are read",
            &[431],
            get("/", &"X: y\r\n".repeat(101)),
        ),
        (
            "a target beyond all measure",
            &[414],
            get(&format!("/{}", "x".repeat(65_600)), ""),
        ),
        (
            "TLS on a plain port",
            &[400],
            "\x16\x03\x01\x02\r\n\r\n".to_owned(),
        ),
    ]
}

/// One host, and one only (RFC 9112 section 3.2).
fn hosts() -> Vec<Bad> {
    let head = "GET / HTTP/1.1\r\nConnection: close\r\n";
    vec![
        ("no Host", &[400], format!("{head}\r\n")),
        (
            "two of Host",
            &[400],
            format!("{head}Host: a\r\nHost: b\r\n\r\n"),
        ),
        (
            "Host twice",
            &[400],
            format!("{head}Host: a\r\nhost: a\r\n\r\n"),
        ),
        (
            "Host with a path",
            &[400],
            format!("{head}Host: a/b\r\n\r\n"),
        ),
        (
            "Host with a blank",
            &[400],
            format!("{head}Host: a b\r\n\r\n"),
        ),
        (
            "Host with a user",
            &[400],
            format!("{head}Host: b@a\r\n\r\n"),
        ),
        (
            "Host with a port that is none",
            &[400],
            format!("{head}Host: a:b\r\n\r\n"),
        ),
        (
            "no Host beside a whole URL",
            &[400],
            format!("{}\r\n", head.replace("/ ", "http://a/ ")),
        ),
        (
            "two of Host in 1.0",
            &[400],
            "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
        ),
        ("a host alone", &[400], get("a:80", "")),
        (
            "a tunnel",
            &[501],
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nConnection: close\r\n\r\n".to_owned(),
        ),
    ]
}

fn others() -> Vec<Row> {
    vec![
        row("a refusal ends the connection", "")
            .client([
                send(format!(
                    "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n{}",
                    get("/2", "")
                )),
                Act::End,
            ])
            .received([Nothing])
            .answered([Statuses(&[400]), Has("connection: close")]),
        // RFC 9112 section 2.2 lets a recipient take it for the end of a line.
        row(
            "a bare LF ends a line",
            "GET / HTTP/1.1\nHost: a\nConnection: close\n\n",
        )
        .received([crate::must::Must::Start("GET / HTTP/1.1")])
        .answered([Statuses(&[200])]),
        row(
            "an empty Host is one",
            "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
        )
        .answered([Statuses(&[200])]),
        row(
            "as many fields as are read",
            get("/", &"X: y\r\n".repeat(98)),
        )
        .answered([Statuses(&[200])]),
        row(
            "a head just within measure",
            get("/", &format!("X: {}\r\n", "x".repeat(60_000))),
        )
        .answered([Statuses(&[200])]),
    ]
}
