//! Content that goes through untouched, and as it comes.

use confcall_test_support::cassette::Content;

use crate::must::Must::{Field, Statuses, Without};
use crate::must::{content, raw};
use crate::row::{Act, Row, get, ok, post, request, row, send};

/// `ab` as gzip writes it.
const GZIP: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 0, 255, 75, 76, 2, 0, 109, 72, 131, 158, 2, 0, 0, 0,
];

fn with(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend(body);
    bytes
}

pub(crate) fn rows() -> Vec<Row> {
    [coded(), long(), as_they_come()]
        .into_iter()
        .flatten()
        .collect()
}

fn coded() -> Vec<Row> {
    let question = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let answer = "HTTP/1.1 200 OK\r\n";
    let every: Vec<u8> = (0..=255).collect();
    vec![
        row(
            "gzip goes through byte for byte and is recorded uncoded",
            with(&format!("{question}Content-Encoding: gzip\r\n"), GZIP),
        )
        .answer(with(&format!("{answer}Content-Encoding: gzip\r\n"), GZIP))
        .received([Field("content-encoding", &["gzip"]), raw(GZIP)])
        .answered([Field("content-encoding", &["gzip"]), raw(GZIP)])
        .written(|exchanges| {
            let request = &exchanges[0].request;
            let response = exchanges[0].response.as_ref().unwrap();
            assert_eq!(request.body, Content::Text("ab".into()));
            assert_eq!(response.body, Content::Text("ab".into()));
            assert_eq!(response.wire.coding.as_deref(), Some("gzip"));
        }),
        row(
            "gzip that is none goes through all the same",
            with(
                &format!("{question}Content-Encoding: gzip\r\n"),
                b"no such thing",
            ),
        )
        .received([raw("no such thing")])
        .answered([Statuses(&[200])])
        .written(|exchanges| {
            let body = &exchanges[0].request.body;
            assert_eq!(*body, Content::Text("no such thing".into()));
            assert_eq!(exchanges[0].request.wire.coding, None);
        }),
        row(
            "an unknown coding goes through byte for byte",
            with(
                &format!("{question}Content-Encoding: br, x-own\r\n"),
                &every,
            ),
        )
        .answer(with(&format!("{answer}Content-Encoding: zstd\r\n"), &every))
        .received([
            Field("content-encoding", &["br, x-own"]),
            raw(every.clone()),
        ])
        .answered([Field("content-encoding", &["zstd"]), raw(every.clone())])
        .written(|exchanges| {
            let body = &exchanges[0].request.body;
            assert!(matches!(body, Content::Base64(text) if text.len() == 344));
            assert_eq!(exchanges[0].request.wire.coding, None);
        }),
        row(
            "no byte of a body means anything",
            with(question, &every.repeat(4)),
        )
        .answer(with(answer, &every))
        .received([raw(every.repeat(4))])
        .answered([raw(every)]),
        row(
            "JSON goes on to the letter",
            request(
                "POST",
                "/",
                "Content-Type: application/json\r\nContent-Length: 24\r\n",
                "{ \"b\" : 1e2,\n\"a\":\t1.00 }",
            ),
        )
        .received([raw("{ \"b\" : 1e2,\n\"a\":\t1.00 }")]),
    ]
}

fn long() -> Vec<Row> {
    let long = "0123456789abcdef".repeat(70 * 1024 / 16);
    let longer = "0123456789abcdef".repeat(1024 * 1024 / 16 + 1);
    let size = long.len();
    vec![
        row("more than 64 KiB go through with their length", post(&long))
            .answer(ok(&format!("Content-Length: {size}\r\n"), &long))
            .received([raw(long.clone())])
            .answered([raw(long.clone())]),
        row(
            "more than 64 KiB go through in one chunk",
            request(
                "POST",
                "/",
                "Transfer-Encoding: chunked\r\n",
                &format!("{size:x}\r\n{long}\r\n0\r\n\r\n"),
            ),
        )
        .answer(ok(
            "Transfer-Encoding: chunked\r\n",
            &format!("{size:X}\r\n{long}\r\n0\r\n\r\n"),
        ))
        .received([content(long.clone())])
        .answered([content(long.clone())]),
        row(
            "more than the limit goes through and is recorded as length and digest",
            post(&longer),
        )
        .answer(ok(
            &format!("Content-Length: {}\r\n", longer.len()),
            &longer,
        ))
        .received([raw(longer.clone())])
        .answered([raw(longer.clone())])
        .written(|exchanges| {
            let response = exchanges[0].response.as_ref().unwrap();
            for body in [&exchanges[0].request.body, &response.body] {
                let is_it =
                    matches!(body, Content::Omitted { length, .. } if *length == 1024 * 1024 + 16);
                assert!(is_it, "{body:?}");
            }
        }),
        row("many small chunks are one body", get("/", ""))
            .answer(ok(
                "Transfer-Encoding: chunked\r\n",
                &("1\r\nx\r\n".repeat(5_000) + "0\r\n\r\n"),
            ))
            .answered([content("x".repeat(5_000))]),
    ]
}

fn as_they_come() -> Vec<Row> {
    vec![
        row("events come one by one", get("/events", ""))
            .client([
                send(get("/events", "Accept: text/event-stream\r\n")),
                Act::Until("data: 1\n\n"),
                Act::Tell("the first event came"),
                Act::Until("data: 2\n\n"),
                Act::Tell("the second event came"),
                Act::End,
            ])
            .upstream([
                Act::Request,
                send(ok(
                    "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n",
                    "9\r\ndata: 1\n\n\r\n",
                )),
                Act::Wait("the first event came"),
                send("9\r\ndata: 2\n\n\r\n"),
                Act::Wait("the second event came"),
                send("0\r\n\r\n"),
                Act::End,
            ])
            .answered([content("data: 1\n\ndata: 2\n\n")]),
        row("events that end with their connection come one by one", "")
            .client([
                send(get("/events", "")),
                Act::Until("data: 1\n\n"),
                Act::Tell("the first event came"),
                Act::End,
            ])
            .upstream([
                Act::Request,
                send(ok("Content-Type: text/event-stream\r\n", "data: 1\n\n")),
                Act::Wait("the first event came"),
                send("data: 2\n\n"),
            ])
            .answered([content("data: 1\n\ndata: 2\n\n"), Without("content-length")]),
        row("the head of an answer does not wait for its body", "")
            .client([
                send(get("/", "")),
                Act::Until("\r\n\r\n"),
                Act::Tell("the head came"),
                Act::End,
            ])
            .upstream([
                Act::Request,
                send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
                Act::Wait("the head came"),
                send("ok"),
                Act::End,
            ])
            .answered([raw("ok")]),
        row("a body that is no JSON does not wait for its end", "")
            .client([
                send(
                    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n\
                     first",
                ),
                Act::Wait("the first half came"),
                send("other"),
                Act::End,
            ])
            .upstream([
                Act::Until("first"),
                Act::Tell("the first half came"),
                Act::Until("other"),
                send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                Act::End,
            ])
            .received([raw("firstother")])
            .answered([Statuses(&[200])]),
    ]
}
