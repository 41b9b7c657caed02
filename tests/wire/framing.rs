//! Where a message ends (RFC 9112 sections 6 and 7), in either direction.

use crate::must::Must::{Broken, Field, Has, HasNot, Start, Statuses, Without};
use crate::must::{content, nth, raw};
use crate::row::{Act, OK, Row, get, ok, post, request, row, send};

pub(crate) fn rows() -> Vec<Row> {
    [
        requests(),
        answers(),
        faults(),
        without_content(),
        trailers(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

fn requests() -> Vec<Row> {
    vec![
        row("a request with a length keeps it", post("five5")).received([
            Field("content-length", &["5"]),
            Without("transfer-encoding"),
            raw("five5"),
        ]),
        row(
            "a request in chunks stays in chunks",
            request("PUT", "/", CHUNKED, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
        )
        .received([
            Field("transfer-encoding", &["chunked"]),
            Without("content-length"),
            content("abcde"),
        ])
        .written(|exchanges| assert!(exchanges[0].request.wire.is_chunked)),
        row(
            "sizes of chunks have zeros before and extensions behind",
            request(
                "POST",
                "/",
                "transfer-encoding: Chunked\r\n",
                "00003;a=b;c=\"d\"\r\nabc\r\nA\r\n0123456789\r\n000;last\r\n\r\n",
            ),
        )
        .received([content("abc0123456789"), HasNot("a=b")])
        .answered([Statuses(&[200])]),
        row(
            "an empty body in chunks is whole",
            request("POST", "/", CHUNKED, "0\r\n\r\n"),
        )
        .received([content("")])
        .answered([Statuses(&[200])]),
        row(
            "a length of zero is a body of zero bytes",
            request("POST", "/", "Content-Length: 0\r\n", ""),
        )
        .received([Field("content-length", &["0"]), raw("")]),
        row("a GET without a length has no body", get("/", "")).received([
            Without("content-length"),
            Without("transfer-encoding"),
            raw(""),
        ]),
        row(
            "a GET may have a body",
            request("GET", "/", "Content-Length: 2\r\n", "ab"),
        )
        .received([Start("GET / HTTP/1.1"), raw("ab")]),
        row(
            "a body that looks like a request is a body",
            request(
                "POST",
                "/",
                "Content-Length: 28\r\n",
                "GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
        )
        .received([raw("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")])
        .answered([Statuses(&[200])]),
        row(
            "JSON in chunks goes on whole",
            request(
                "POST",
                "/",
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
                "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
            ),
        )
        .received([content("{\"a\":1}")]),
        row(
            "equal lengths are one",
            request("POST", "/", "Content-Length: 2\r\nContent-Length: 2\r\n", "ab"),
        )
        .received([Field("content-length", &["2"]), raw("ab")])
        .answered([Statuses(&[200])]),
        // RFC 9112 section 6.1: the length goes, and so does the connection.
        row(
            "chunks win over a length and the connection is closed",
            "",
        )
        .client([
            send(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
                 2\r\nab\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
            Act::End,
        ])
        .received([Without("content-length"), content("ab"), HasNot("/second")])
        .answered([Statuses(&[200])]),
    ]
}

fn answers() -> Vec<Row> {
    vec![
        row("an answer with a length keeps it", get("/", ""))
            .answer(ok("Content-Length: 7\r\n", "1234567"))
            .answered([
                Field("content-length", &["7"]),
                Without("transfer-encoding"),
                raw("1234567"),
            ]),
        row("an answer in chunks stays in chunks", get("/", ""))
            .answer(ok(
                CHUNKED,
                "1\r\na\r\n1F;x\r\n0123456789012345678901234567890\r\n0\r\n\r\n",
            ))
            .answered([
                Field("transfer-encoding", &["chunked"]),
                Without("content-length"),
                content("a0123456789012345678901234567890"),
            ])
            .written(|exchanges| {
                assert!(exchanges[0].response.as_ref().unwrap().wire.is_chunked);
            }),
        row(
            "an answer that ends with its connection is whole",
            get("/", ""),
        )
        .upstream([
            Act::Request,
            send(ok("Content-Type: text/plain\r\n", "to the end")),
        ])
        .answered([content("to the end")])
        .written(|exchanges| assert_eq!(exchanges[0].broke, None)),
        row("an answer of zero bytes is whole", get("/", ""))
            .answer(ok("Content-Length: 0\r\n", ""))
            .answered([Field("content-length", &["0"]), raw("")]),
        row("an answer of zero bytes in chunks is whole", get("/", ""))
            .answer(ok(CHUNKED, "0\r\n\r\n"))
            .answered([content("")]),
        row(
            "an answer of zero bytes that ends with its connection is whole",
            get("/", ""),
        )
        .upstream([Act::Request, send(ok("", ""))])
        .answered([content("")]),
        // RFC 9112 section 6.3: the length must not be passed on.
        row("chunks win over a length in an answer", get("/", ""))
            .answer(ok(
                "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                "5\r\nabcde\r\n0\r\n\r\n",
            ))
            .answered([Without("content-length"), content("abcde")]),
        row("equal lengths of an answer are one", get("/", ""))
            .answer(ok("Content-Length: 2, 2\r\nContent-Length: 2\r\n", "ab"))
            .answered([Field("content-length", &["2"]), raw("ab")]),
    ]
}

fn faults() -> Vec<Row> {
    vec![
        row("an answer with two lengths is none", get("/", ""))
            .answer(ok("Content-Length: 2\r\nContent-Length: 3\r\n", "abc"))
            .answered([Statuses(&[502])])
            .written(|exchanges| assert!(exchanges[0].broke.is_some())),
        row(
            "an answer with a length that is no number is none",
            get("/", ""),
        )
        .answer(ok("Content-Length: +2\r\n", "ab"))
        .answered([Statuses(&[502])]),
        // What is left of the coding would be taken for the content.
        row(
            "an answer in a transfer coding that nobody asked for is none",
            get("/", ""),
        )
        .answer(ok(
            "Transfer-Encoding: gzip, chunked\r\n",
            "1\r\na\r\n0\r\n\r\n",
        ))
        .answered([Statuses(&[502])]),
        row(
            "an answer in a transfer coding without chunks is none",
            get("/", ""),
        )
        .upstream([Act::Request, send(ok("Transfer-Encoding: gzip\r\n", "a"))])
        .answered([Statuses(&[502])]),
        row("bytes behind an answer are no other answer", "")
            .client([
                send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
                Act::Until("ok"),
                send(get("/2", "")),
                Act::End,
            ])
            .upstream([
                Act::Request,
                send(format!(
                    "{OK}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
                )),
                Act::End,
            ])
            .then([
                Act::Request,
                send(ok("Content-Length: 5\r\n", "right")),
                Act::End,
            ])
            .answered([Statuses(&[200, 200]), HasNot("wrong"), Has("right")]),
        row(
            "a chunk whose size is no number breaks the answer",
            get("/", ""),
        )
        .answer(ok(CHUNKED, "2\r\nab\r\nxyz\r\n"))
        .answered([Broken])
        .written(|exchanges| assert!(exchanges[0].broke.is_some())),
        row(
            "a chunk longer than any memory breaks the answer",
            get("/", ""),
        )
        .answer(ok(CHUNKED, "fffffffffffffffff\r\nab"))
        .answered([Broken]),
    ]
}

fn without_content() -> Vec<Row> {
    vec![
        row("an answer to HEAD has a length and no body", "")
            .client([
                send("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
                Act::Until("\r\n\r\n"),
                send(request("HEAD", "/2", "", "")),
                Act::End,
            ])
            .upstream([Act::Answers(vec![
                ("HEAD /1 ", ok("Content-Length: 1234\r\n", "")),
                ("HEAD /2 ", ok("Content-Length: 99\r\n", "")),
            ])])
            .received([Start("HEAD /1 HTTP/1.1"), nth(2, Start("HEAD /2 HTTP/1.1"))])
            .answered([
                Field("content-length", &["1234"]),
                Has("content-length: 99\r\n"),
                HasNot("confcall\":"),
            ])
            .written(|exchanges| {
                assert_eq!(exchanges.len(), 2);
                assert!(exchanges.iter().all(|it| it.broke.is_none()));
            }),
        row(
            "an answer to HEAD without a length gets none",
            request("HEAD", "/", "", ""),
        )
        .answer(ok("ETag: \"a\"\r\n", ""))
        .answered([
            Statuses(&[200]),
            Field("etag", &["\"a\""]),
            Without("content-length"),
            raw(""),
        ]),
        row(
            "an answer to HEAD in chunks has no chunks",
            request("HEAD", "/", "", ""),
        )
        .answer(ok(CHUNKED, ""))
        .answered([Statuses(&[200]), Without("content-length"), raw("")]),
        row("a 204 has neither length nor body", get("/", ""))
            .answer("HTTP/1.1 204 No Content\r\nETag: \"a\"\r\n\r\n")
            .answered([
                Statuses(&[204]),
                Field("etag", &["\"a\""]),
                Without("content-length"),
                Without("transfer-encoding"),
                raw(""),
            ]),
        // RFC 9110 section 8.6: a length must not be sent with it.
        row("a 204 loses the length that it must not have", get("/", ""))
            .answer("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
            .answered([Statuses(&[204]), Without("content-length"), raw("")]),
        row("a 204 with chunks leaves the next answer alone", "")
            .client([
                send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"),
                Act::Until("\r\n\r\n"),
                send(get("/2", "")),
                Act::End,
            ])
            .upstream([Act::Answers(vec![
                (
                    "GET /1 ",
                    "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
                ),
                ("GET /2 ", OK.to_owned()),
            ])])
            .answered([Statuses(&[204, 200]), Without("transfer-encoding")]),
        // It is the length of what a 200 would have (RFC 9110 section 8.6), and may be left out.
        row(
            "a 304 has no body whatever its length says",
            get("/", "If-None-Match: \"a\"\r\n"),
        )
        .answer("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 500\r\n\r\n")
        .received([Field("if-none-match", &["\"a\""])])
        .answered([Statuses(&[304]), Field("etag", &["\"a\""]), raw("")])
        .written(|exchanges| {
            assert_eq!(exchanges[0].broke, None);
            let length = ("content-length".to_owned(), "500".to_owned());
            let response = exchanges[0].response.as_ref().unwrap();
            assert!(response.headers.contains(&length));
        }),
        row("a 304 without a length gets none", get("/", ""))
            .answer("HTTP/1.1 304 Not Modified\r\n\r\n")
            .answered([Statuses(&[304]), Without("content-length"), raw("")]),
        row("a 205 ends where it says", get("/", ""))
            .answer("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n")
            .answered([Statuses(&[205]), Field("content-length", &["0"]), raw("")]),
    ]
}

fn trailers() -> Vec<Row> {
    vec![
        row(
            "trailers of a request go on where they were announced",
            request(
                "POST",
                "/",
                "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n",
                "2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n",
            ),
        )
        .received([content("ab"), Has("0\r\nx-sum: 7\r\n\r\n")])
        .written(|exchanges| {
            let [(name, _)] = &exchanges[0].request.wire.trailers[..] else {
                panic!("{exchanges:?}");
            };
            assert_eq!(name, "x-sum");
        }),
        row(
            "trailers of JSON go on behind the whole",
            request(
                "POST",
                "/",
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n",
                "2\r\n{}\r\n0\r\nX-Sum: 7\r\n\r\n",
            ),
        )
        .received([content("{}"), Has("0\r\nx-sum: 7\r\n\r\n")]),
        row(
            "trailers of an answer go to a client that welcomes them",
            get("/", "TE: trailers\r\n"),
        )
        .answer(ok(
            "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n",
            "2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n",
        ))
        .answered([content("ab"), Has("0\r\nx-sum: 7\r\n\r\n")])
        .written(|exchanges| {
            let response = exchanges[0].response.as_ref().unwrap();
            let [(name, _)] = &response.wire.trailers[..] else {
                panic!("{exchanges:?}");
            };
            assert_eq!(name, "x-sum");
        }),
        // RFC 9110 section 6.5.1: they may be discarded, never merged into the head.
        row("trailers of an answer are kept from other clients", get("/", ""))
            .answer(ok(
                "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n",
                "2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n",
            ))
            .answered([content("ab"), HasNot("x-sum: 7")]),
    ]
}
