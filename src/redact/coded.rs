//! Secrets in base64 within a text, and keys of 32 or 64 bytes, which base64 writes in 44 or 88 characters.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::bytes::ContentType;
use super::harmless::{is_guid, looks_random};
use super::names::is_of_digest;
use super::pseudonyms::pseudonyms;
use super::rules::rules;
use super::scan::{Scan, With};

/// The shortest run that is read as base64.
const SHORTEST: usize = 20;

/// The lengths of 32 and 64 bytes in padded base64: the keys of storage accounts, queues and the like.
const KEY_LENGTHS: [usize; 2] = [44, 88];

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// True for each character of base64 and of its form for URLs.
static CODED: [bool; 256] = {
    let mut coded = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        let is_sign = matches!(byte, b'+' | b'/' | b'-' | b'_');
        coded[byte as usize] = byte.is_ascii_alphanumeric() || is_sign;
        byte += 1;
    }
    coded
};

fn is_coded(byte: u8) -> bool {
    CODED[usize::from(byte)]
}

impl Scan<'_> {
    /// Long runs of the characters of base64.
    pub(super) fn coded(&mut self, range: &Range<usize>) {
        let bytes = &self.text.as_bytes()[..range.end];
        let mut at = range.start;
        // Each run covers one of the bytes that are this far apart.
        let mut probe = at + SHORTEST - 1;
        while probe < range.end {
            if !is_coded(bytes[probe]) {
                at = probe + 1;
                probe = at + SHORTEST - 1;
                continue;
            }
            let before = bytes[at..probe]
                .iter()
                .rev()
                .take_while(|it| is_coded(**it))
                .count();
            let behind = bytes[probe..]
                .iter()
                .take_while(|it| is_coded(**it))
                .count();
            let padding = bytes[probe + behind..]
                .iter()
                .take(2)
                .take_while(|it| **it == b'=')
                .count();
            let run = probe - before..probe + behind + padding;
            at = run.end;
            if run.len() >= SHORTEST {
                at = self.run(run, range.end);
            }
            probe = at + SHORTEST - 1;
        }
    }

    /// A run, or several lines of runs. Returns the end of what was read. Identifiers in a path end what is coded.
    fn run(&mut self, run: Range<usize>, end: usize) -> usize {
        let (mut from, mut at) = (run.start, run.start);
        for segment in self.text[run.clone()].split('/') {
            let behind = at + segment.len();
            if is_guid(segment) {
                self.coded_piece(from..at, end);
                from = behind;
            }
            at = behind + 1;
        }
        self.coded_piece(from..run.end, end)
    }

    fn coded_piece(&mut self, run: Range<usize>, end: usize) -> usize {
        if run.len() < SHORTEST {
            return run.end;
        }
        let text = &self.text[run.clone()];
        let bytes = text.as_bytes();
        let has_digit = bytes.iter().any(u8::is_ascii_digit);
        // Words in small letters, however many, are no base64.
        let has_capital = || bytes.iter().any(u8::is_ascii_uppercase);
        if !has_digit && (bytes.len() < 2 * SHORTEST || !has_capital()) {
            return run.end;
        }
        let lines = self.lines_of_base64(run.clone(), end);
        if lines.end > run.end {
            self.base64(lines.clone());
            return lines.end;
        }
        let begin = self.finds.len();
        let (has_slash, has_hyphen) = (text.contains(['/', '+']), text.contains(['-', '_']));
        if !(has_slash && has_hyphen) {
            self.base64(run.clone());
        }
        if self.finds.len() > begin {
            return run.end;
        }
        // A name or segments of a path may stand before the coded text.
        for separators in [&['/'][..], &['-', '_']] {
            for piece in text.split(separators).filter(|it| it.len() >= SHORTEST) {
                let start = run.start + (piece.as_ptr() as usize - text.as_ptr() as usize);
                if piece.len() < text.len() && !is_guid(piece) {
                    self.base64(start..start + piece.len());
                }
                if separators.len() == 1 {
                    self.token_of_run(&(start..start + piece.len()), end);
                }
            }
        }
        self.key_of_run(&run);
        run.end
    }

    /// A token that has no beginning of its own.
    fn token_of_run(&mut self, run: &Range<usize>, end: usize) {
        let rules = rules();
        let text = &self.text[run.start..super::scan::window_end(&self.text[..end], run.end, 60)];
        let may_begin =
            text.starts_with(|it: char| it.is_ascii_hexdigit() || matches!(it, 'M' | 'N' | 'O'));
        if !may_begin || is_guid(&self.text[run.clone()]) || !rules.run_filter.is_match(text) {
            return;
        }
        for index in &rules.runs {
            let rule = &rules.tokens[*index];
            let until = super::scan::window_end(&self.text[..end], run.end, 100);
            let found = rule
                .regex()
                .and_then(|it| it.find(&self.text[run.start..until]));
            if let Some(found) = found
                && looks_random(found.as_str())
                && !self.text[run.start + found.end()..end]
                    .starts_with(|it: char| it.is_ascii_alphanumeric())
            {
                let place = run.start..run.start + found.end();
                let secret = self.text[place.clone()].to_owned();
                return self.add(place, secret, &rule.id);
            }
        }
    }

    /// The run with the lines of base64 below it, as mail and PEM have them.
    fn lines_of_base64(&self, run: Range<usize>, end: usize) -> Range<usize> {
        const LINE: usize = 56;
        let bytes = &self.text.as_bytes()[..end];
        let (mut whole, mut line) = (run.clone(), run.len());
        while line >= LINE {
            let gap = bytes[whole.end..]
                .iter()
                .take(2)
                .take_while(|it| matches!(it, b'\r' | b'\n'))
                .count();
            let from = whole.end + gap;
            let length = bytes[from..]
                .iter()
                .take_while(|it| is_coded(**it) || **it == b'=')
                .count();
            let is_delimiter = bytes[from..].starts_with(b"--");
            if gap == 0 || length == 0 || length > line || is_delimiter {
                break;
            }
            whole.end = from + length;
            line = length;
        }
        whole
    }

    /// Base64 of a text or of bytes with secrets in them.
    fn base64(&mut self, place: Range<usize>) {
        if self.depth == 0 || self.is_covered(&place) {
            return;
        }
        let text = &self.text[place.clone()];
        let has_lines = text.contains('\n');
        let joined: String = if has_lines {
            text.split(['\r', '\n']).collect()
        } else {
            String::new()
        };
        let coded = if has_lines { joined.as_str() } else { text };
        let coded = coded.trim_end_matches('=');
        let engine = if coded.contains(['-', '_']) {
            &URL_SAFE
        } else {
            &STANDARD
        };
        if coded.len() % 4 == 1 || (coded.contains(['-', '_']) && coded.contains(['+', '/'])) {
            return;
        }
        let Ok(bytes) = engine.decode(coded) else {
            return;
        };
        let latin1 = || -> String {
            let texts = bytes.iter().filter(|it| **it != 0);
            texts.map(|it| char::from(*it)).collect()
        };
        let inner = std::str::from_utf8(&bytes).map_or_else(|_| latin1().into(), Cow::Borrowed);
        let is_packed = super::gzip::is_packed(&bytes);
        if !is_packed && !self.redactor.may_hold_secret(&inner) {
            return;
        }
        let Some((redacted, rules)) =
            self.redactor
                .redacted_coded(&bytes, ContentType(None), self.depth - 1)
        else {
            return;
        };
        let mut recoded = engine.encode(redacted);
        if !text.ends_with('=') && (!text.len().is_multiple_of(4) || engine_is_url(coded)) {
            recoded.truncate(recoded.trim_end_matches('=').len());
        }
        if has_lines {
            recoded = in_lines(&recoded, text);
        }
        for (index, rule) in rules.iter().enumerate() {
            let with = if index == 0 {
                With::Text(recoded.clone())
            } else {
                break;
            };
            self.find(place.clone(), with, rule);
        }
    }

    fn is_covered(&self, place: &Range<usize>) -> bool {
        const LOOK: usize = 16;
        let overlaps =
            |it: &super::scan::Find| it.place.start < place.end && place.start < it.place.end;
        self.finds.iter().rev().take(LOOK).any(overlaps)
    }

    /// A run that has the length of a key, unless a name before it says what it is.
    fn key_of_run(&mut self, run: &Range<usize>) {
        if !self.text[..run.end].ends_with('=') {
            return;
        }
        let text = &self.text[run.clone()];
        for length in KEY_LENGTHS {
            let Some(start) = text.len().checked_sub(length) else {
                continue;
            };
            let before =
                &self.text[super::scan::floor(self.text, (run.start + start).saturating_sub(40))
                    ..run.start + start];
            let is_edge = start == 0 || matches!(text.as_bytes()[start - 1], b'=' | b'/');
            let name = before.trim_end_matches(|it: char| !it.is_alphanumeric());
            let mut words = name.rsplit(|it: char| !(it.is_alphanumeric() || "_-".contains(it)));
            let name = words.next().unwrap_or(name);
            let is_digest = before.ends_with('-') || is_of_digest(name);
            if is_edge && !is_digest {
                self.long_key(run.start + start..run.end, name);
            }
        }
    }

    /// A value with the length of a key, unless its name says that it is a digest or an identifier.
    pub(super) fn long_key(&mut self, place: Range<usize>, name: &str) {
        let text = &self.text[place.clone()];
        let is_key = KEY_LENGTHS.contains(&text.len())
            && text.ends_with('=')
            && !is_of_digest(name)
            && looks_random(text)
            && STANDARD
                .decode(text)
                .is_ok_and(|bytes| bytes.len() % 32 == 0 && !holds_pseudonym(&bytes));
        if is_key && !self.is_covered(&place) {
            let secret = text.to_owned();
            self.add(place, secret, "long-key");
        }
    }
}

fn engine_is_url(coded: &str) -> bool {
    coded.contains(['-', '_'])
}

fn holds_pseudonym(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| pseudonyms(text).next().is_some())
}

/// The text in lines as long as those of another.
fn in_lines(text: &str, like: &str) -> String {
    let length = like.find(['\r', '\n']).unwrap_or(like.len()).max(1);
    let end = if like.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (first, others) = rest.split_at(rest.len().min(length));
        lines.push(first);
        rest = others;
    }
    lines.join(end)
}
