//! Reads message heads from the text of a code block: the start line, the header fields, and the beginning of the body.

/// A message as a code block prints it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) start: Start<'a>,
    /// Targets of further request lines directly below the first: other forms of the same path.
    pub(super) others: Vec<&'a str>,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    /// The body without surrounding blank lines; empty if there is none.
    pub(super) body: &'a str,
    /// The line of the body in the code block, counted from 0.
    pub(super) body_line: usize,
    /// True if no empty line precedes the body.
    pub(super) is_run_on: bool,
}

/// A start line (RFC 9112 section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start<'a> {
    /// `POST /app/calls`, with or without a version.
    Request {
        /// One of the methods of the reference.
        method: &'a str,
        /// The path or absolute URL, as printed.
        target: &'a str,
    },
    /// `HTTP/1.1 200 OK`, with or without the reason.
    Response {
        /// 100 to 599.
        status: u16,
    },
}

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The messages in a code block. Empty if its first line that is not blank is not a start line.
pub(super) fn heads(text: &str) -> Vec<Head<'_>> {
    let mut heads = Vec::new();
    let mut lines = Lines::of(text);
    while let Some(start) = lines.skip_blank().and_then(|_| start(lines.line?)) {
        lines.next();
        heads.push(head(start, &mut lines));
    }
    heads
}

fn head<'a>(first: Start<'a>, lines: &mut Lines<'a>) -> Head<'a> {
    let mut head = Head {
        start: first,
        others: Vec::new(),
        headers: Vec::new(),
        body: "",
        body_line: 0,
        is_run_on: false,
    };
    loop {
        let blanks = lines.skip_blank();
        let Some(line) = lines.line else {
            return head;
        };
        match (start(line), header(line)) {
            (Some(Start::Request { target, .. }), _) if head.has_only_request_lines() => {
                head.others.push(target);
            }
            (Some(_), _) => return head,
            (None, Some(field)) if blanks == Some(0) || !head.names_a_media_type() => {
                head.headers.push(field);
            }
            _ => {
                head.is_run_on = blanks == Some(0);
                break;
            }
        }
        lines.next();
    }
    head.body_line = lines.number;
    head.body = lines.body(!head.is_multipart()).trim_end();
    head
}

impl Head<'_> {
    /// True while only request lines were read.
    fn has_only_request_lines(&self) -> bool {
        matches!(self.start, Start::Request { .. }) && self.headers.is_empty()
    }

    /// The first field with that name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        let field = fields.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(field.1)
    }

    fn names_a_media_type(&self) -> bool {
        self.header("content-type").is_some()
    }

    /// True if the body may contain messages (a batch).
    fn is_multipart(&self) -> bool {
        self.header("content-type")
            .is_some_and(|value| value.trim_start().starts_with("multipart/"))
    }
}

/// Reads a start line; `None` for any other line.
pub(super) fn start(line: &str) -> Option<Start<'_>> {
    let line = line.trim();
    let blank = line.bytes().position(|b| matches!(b, b' ' | b'\t'))?;
    let (word, rest) = (&line[..blank], line[blank..].trim_start());
    if let Some(version) = word.strip_prefix("HTTP/") {
        let digits = rest.get(..3)?;
        let ends = rest[3..].chars().next().is_none_or(char::is_whitespace);
        let status = digits.parse().ok().filter(|s| (100..600).contains(s))?;
        return (ends && is_version(version)).then_some(Start::Response { status });
    }
    let method = METHODS.into_iter().find(|method| *method == word)?;
    let target = match rest.rsplit_once([' ', '\t']) {
        Some((target, last)) if last.strip_prefix("HTTP/").is_some_and(is_version) => {
            target.trim_end()
        }
        _ => rest,
    };
    is_target(target).then_some(Start::Request { method, target })
}

fn is_version(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// True for a path or an absolute URL. Blanks are allowed only inside brackets and quotes and in a query,
/// control characters never.
fn is_target(target: &str) -> bool {
    if target.contains(char::is_control) {
        return false;
    }
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| target.len() > scheme.len() && target.starts_with(scheme));
    if !is_url && !target.starts_with('/') {
        return false;
    }
    let mut depth = 0_usize;
    for c in target.chars() {
        match c {
            '?' if depth == 0 => return true,
            '{' | '(' | '<' => depth += 1,
            '}' | ')' | '>' => depth = depth.saturating_sub(1),
            c if c.is_whitespace() && depth == 0 => return false,
            _ => {}
        }
    }
    true
}

/// Reads a header field (RFC 9112 section 5, RFC 9110 section 5.5); `None` for any other line.
fn header(line: &str) -> Option<(&str, &str)> {
    let colon = line.bytes().position(|b| b == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    let value = value.trim();
    let is_value = !value.contains(|c: char| c.is_control() && c != '\t');
    (is_name && is_value && !value.starts_with("//")).then_some((name, value))
}

struct Lines<'a> {
    /// The text from the current line on.
    rest: &'a str,
    /// The current line; `None` at the end.
    line: Option<&'a str>,
    /// Its number, counted from 0.
    number: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            rest: text,
            line: first_line(text),
            number: 0,
        }
    }

    fn next(&mut self) {
        let length = self.line.map_or(0, |line| line.len() + 1);
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.line = first_line(self.rest);
        self.number += 1;
    }

    /// Moves to the next line that is not blank. Returns the number of skipped lines; `None` at the end.
    fn skip_blank(&mut self) -> Option<usize> {
        let mut blanks = 0;
        while self.line?.trim().is_empty() {
            self.next();
            blanks += 1;
        }
        Some(blanks)
    }

    /// Consumes the text up to the next start line, or to the end.
    fn body(&mut self, ends_at_start_lines: bool) -> &'a str {
        let rest = self.rest;
        let bytes = rest.as_bytes();
        let is_start = |at: &usize| {
            bytes.get(*at).is_some_and(u8::is_ascii_uppercase)
                && first_line(&rest[*at..]).is_some_and(|line| start(line).is_some())
        };
        let mut lines = memchr::memchr_iter(b'\n', bytes).map(|end| end + 1);
        let end = lines.find(|at| ends_at_start_lines && is_start(at));
        let (body, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        self.line = first_line(rest);
        self.number += super::text::newlines(body);
        body
    }
}

/// The first line of a text, without its end; `None` for an empty text.
fn first_line(text: &str) -> Option<&str> {
    let end = memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
    (!text.is_empty()).then(|| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn request<'a>(method: &'a str, target: &'a str) -> Start<'a> {
        Start::Request { method, target }
    }

    #[test]
    fn start_lines() {
        let users = "/users/{id | userPrincipalName}/events";
        for (line, expected) in [
            ("POST /app/calls", Some(request("POST", "/app/calls"))),
            ("GET /a HTTP/1.1\r", Some(request("GET", "/a"))),
            ("GET https://h/a ", Some(request("GET", "https://h/a"))),
            (
                "GET /users/{id | userPrincipalName}/events ",
                Some(request("GET", users)),
            ),
            (
                "GET /a?$filter=b eq 'c'",
                Some(request("GET", "/a?$filter=b eq 'c'")),
            ),
            ("HTTP/1.1 200 OK", Some(Start::Response { status: 200 })),
            ("HTTP/1.1 422", Some(Start::Response { status: 422 })),
            ("HTTP/2 204", Some(Start::Response { status: 204 })),
            ("HTTP/1.1 2000", None),
            ("HTTP/x 200", None),
            ("HTTP/1.1 999 No", None),
            ("HTTP/1.1 日本", None),
            ("GET the call", None),
            ("GET /the call", None),
            ("FETCH /a", None),
            ("https://h/a", None),
            ("GET https://", None),
            ("GET", None),
            ("", None),
        ] {
            assert_eq!(start(line), expected, "{line}");
        }
    }

    #[test]
    fn a_head_ends_where_the_body_begins() {
        let text = "\nPOST /a\nContent-Type: application/json\nX: y:z\n\n\n{\n}\n\n";
        let heads = heads(text);
        assert_eq!(heads.len(), 1);
        assert_eq!(
            heads[0].headers,
            [("Content-Type", "application/json"), ("X", "y:z")]
        );
        assert_eq!((heads[0].body, heads[0].body_line), ("{\n}", 6));
    }

    #[test]
    fn header_fields_may_follow_a_blank_line() {
        let delta = heads("GET https://h/a\n\nPrefer: odata.maxpagesize=1\n");
        assert_eq!(delta[0].headers, [("Prefer", "odata.maxpagesize=1")]);
        let text = heads("POST /a\nContent-Type: text/plain\n\nNote: a body\n");
        assert_eq!(text[0].body, "Note: a body");
        let bare = heads("POST /a\n{\"a\": 1}\n");
        assert_eq!((bare[0].body, bare[0].is_run_on), ("{\"a\": 1}", true));
        assert!(!text[0].is_run_on);
    }

    #[test]
    fn request_lines_alone_are_forms_of_one_path() {
        let heads = heads("GET /me/a\nGET /users/{id}/a\n\nGET /me/a?b={c}\n");
        assert_eq!(heads.len(), 1);
        assert_eq!(heads[0].others, ["/users/{id}/a", "/me/a?b={c}"]);
    }

    #[test]
    fn a_code_block_may_hold_both_sides() {
        let text = "POST /a\nX: y\n\n{\n \"GET /b\": 1\n}\n\nHTTP/1.1 200 OK\n\n{}\n";
        let heads = heads(text);
        assert_eq!(heads.len(), 2);
        assert_eq!(heads[0].body, "{\n \"GET /b\": 1\n}");
        assert_eq!((heads[1].body, heads[1].body_line), ("{}", 9));
    }

    #[test]
    fn a_batch_keeps_its_parts() {
        let text = "POST /$batch\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nGET /users HTTP/1.1\n--a--";
        let heads = heads(text);
        assert_eq!(heads.len(), 1);
        assert!(heads[0].body.ends_with("--a--"));
    }

    #[test]
    fn text_without_a_start_line_has_no_head() {
        for text in ["", "\n\n", "{}", "PS C:\\> New-Thing", "Content-Type: a/b"] {
            assert!(heads(text).is_empty(), "{text}");
        }
    }
}
