//! Methods and targets (RFC 9110 section 9, RFC 9112 section 3.2): untouched, below the service's
//! path.

use crate::must::Must::{Field, Has, Nothing, Start, Statuses};
use crate::row::{At, Row, get, request, row};

pub(crate) fn rows() -> Vec<Row> {
    [targets(), methods(), addresses()]
        .into_iter()
        .flatten()
        .collect()
}

fn targets() -> Vec<Row> {
    vec![
        row("escapes keep their case", get("/%e2%82%AC/%7Euser/%2F", ""))
            .received([Start("GET /%e2%82%AC/%7Euser/%2F HTTP/1.1")])
            .written(|exchanges| assert_eq!(exchanges[0].request.target, "/%e2%82%AC/%7Euser/%2F")),
        row(
            "a path keeps its case and its dots",
            get("/A/b/../C/./;d=e", ""),
        )
        .received([Start("GET /A/b/../C/./;d=e HTTP/1.1")]),
        row("slashes stay as many", get("//a///b/", "")).received([Start("GET //a///b/ HTTP/1.1")]),
        row("an empty query stays", get("/a?", ""))
            .received([Start("GET /a? HTTP/1.1")])
            .written(|exchanges| assert_eq!(exchanges[0].request.target, "/a?")),
        row(
            "a query keeps every sign",
            get("/?a=b&a=%20+&c?d=/e;f&=&'(*)!$,:@|", ""),
        )
        .received([Start("GET /?a=b&a=%20+&c?d=/e;f&=&'(*)!$,:@| HTTP/1.1")]),
        row("a path goes below that of the service", get("/a?b", ""))
            .below("/base/")
            .received([Start("GET /base/a?b HTTP/1.1")]),
        row(
            "a target as a whole URL gives its path",
            get("http://other.example/a?b=c", ""),
        )
        .received([Start("GET /a?b=c HTTP/1.1"), Has("host: 127.0.0.1:")])
        .answered([Statuses(&[200])]),
        row(
            "a whole URL without a path is the root",
            get("http://other.example", ""),
        )
        .received([Start("GET / HTTP/1.1")]),
        row(
            "a whole URL without a path may have a query",
            get("http://other.example?a", ""),
        )
        .received([Start("GET /?a HTTP/1.1")]),
        row(
            "a long target goes through",
            get(&format!("/{}", "x".repeat(8_000)), ""),
        )
        .received([Has("xxxxxxxxxxxxxxxx HTTP/1.1\r\n")])
        .answered([Statuses(&[200])]),
        row(
            "a target that is too long only below the service's path is a 414",
            get(&format!("/{}", "x".repeat(65_000)), ""),
        )
        .below(
            "/0123456789012345678901234567890123456789012345678901234567890123456789\
                012345678901234567890123456789012345678901234567890123456789012345678901\
                234567890123456789012345678901234567890123456789012345678901234567890123\
                456789012345678901234567890123456789012345678901234567890123456789012345\
                678901234567890123456789012345678901234567890123456789012345678901234567\
                890123456789012345678901234567890123456789012345678901234567890123456789\
                012345678901234567890123456789012345678901234567890123456789012345678901\
                012345678901234567890123456789012345678901234567890123456789012345678901",
        )
        .received([Nothing])
        .answered([Statuses(&[414])]),
    ]
}

fn methods() -> Vec<Row> {
    vec![
        row(
            "a method that nobody knows goes on",
            request("BREW", "/", "", ""),
        )
        .received([Start("BREW / HTTP/1.1")])
        .answered([Statuses(&[200])])
        .written(|exchanges| assert_eq!(exchanges[0].request.method, "BREW")),
        row("a method keeps its case", request("get", "/", "", ""))
            .received([Start("get / HTTP/1.1")]),
        row(
            "a method may be any token",
            request("A!#$%&'*+-.^_`|~9", "/", "", ""),
        )
        .received([Start("A!#$%&'*+-.^_`|~9 / HTTP/1.1")]),
        row(
            "a DELETE may have a body",
            request("DELETE", "/", "Content-Length: 1\r\n", "x"),
        )
        .received([
            Start("DELETE / HTTP/1.1"),
            Field("content-length", &["1"]),
            crate::must::raw("x"),
        ]),
        row(
            "OPTIONS of a path goes on",
            request("OPTIONS", "/a", "", ""),
        )
        .answer("HTTP/1.1 204 No Content\r\nAllow: GET, POST\r\n\r\n")
        .received([Start("OPTIONS /a HTTP/1.1")])
        .answered([Statuses(&[204]), Field("allow", &["GET, POST"])]),
        row(
            "OPTIONS of the whole server goes on",
            request("OPTIONS", "*", "", ""),
        )
        .received([Start("OPTIONS * HTTP/1.1"), Has("host: 127.0.0.1:")])
        .answered([Statuses(&[200])])
        .written(|exchanges| assert_eq!(exchanges[0].request.target, "*")),
        row(
            "OPTIONS of the whole server has no path before it",
            request("OPTIONS", "*", "", ""),
        )
        .below("/base")
        .received([Start("OPTIONS * HTTP/1.1")]),
    ]
}

fn addresses() -> Vec<Row> {
    let v6 = row("a service at an IPv6 address is reached", get("/a", ""))
        .at(At::V6)
        .received([Start("GET /a HTTP/1.1"), Has("host: [::1]:")])
        .answered([Statuses(&[200])]);
    // Some machines have no IPv6.
    let has_v6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    has_v6.then_some(v6).into_iter().collect()
}
