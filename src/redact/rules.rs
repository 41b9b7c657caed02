//! The rules of redaction: the tables of `data/` as they are matched.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use foldhash::{HashMap, HashSet};
use regex::{Regex, RegexSet};
use serde::Deserialize;

/// What the built-in tables say.
pub(super) struct Rules {
    pub tokens: Vec<TokenRule>,
    /// The tokens that are looked for where a long run of letters and digits begins.
    pub runs: Vec<usize>,
    pub run_filter: Regex,
    pub names: NameRules,
    pub harmless: Harmless,
    pub http: HttpWords,
    anchors: AhoCorasick,
    meanings: Vec<Anchor>,
}

/// What a piece of text may be the beginning or the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// A token, by its index.
    Token(usize),
    Name,
    /// `//`, behind which userinfo and a host may stand.
    Authority,
    Sip,
    Block,
    Scheme,
    Command,
    FormData,
    Printable,
    Oracle,
    /// `IDENTIFIED BY` of SQL.
    Identified,
    /// `INSERT INTO` of SQL.
    Insert,
    /// A field of a line of a file of cookies, as `curl` writes it.
    CookieLine,
}

/// A place at which something was found that may belong to a secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub start: usize,
    pub end: usize,
    pub anchor: Anchor,
}

/// Pieces of text with a meaning of their own, in lower case.
const MARKS: &[(&str, Anchor)] = &[
    ("//", Anchor::Authority),
    ("sip:", Anchor::Sip),
    ("sips:", Anchor::Sip),
    ("-----begin ", Anchor::Block),
    ("---- begin ", Anchor::Block),
    ("putty-user-key-file", Anchor::Block),
    ("bearer", Anchor::Scheme),
    ("basic", Anchor::Scheme),
    ("negotiate", Anchor::Scheme),
    ("ntlm", Anchor::Scheme),
    ("dpop", Anchor::Scheme),
    ("curl", Anchor::Command),
    ("wget", Anchor::Command),
    ("http ", Anchor::Command),
    ("sshpass", Anchor::Command),
    ("mysql", Anchor::Command),
    ("docker login", Anchor::Command),
    ("podman login", Anchor::Command),
    ("redis-cli", Anchor::Command),
    ("ldapsearch", Anchor::Command),
    ("az login", Anchor::Command),
    ("sqlcmd", Anchor::Command),
    ("htpasswd -", Anchor::Command),
    ("openssl", Anchor::Command),
    ("form-data", Anchor::FormData),
    ("quoted-printable", Anchor::Printable),
    ("jdbc:oracle:thin:", Anchor::Oracle),
    ("sqlplus", Anchor::Oracle),
    ("identified by", Anchor::Identified),
    ("insert into", Anchor::Insert),
    ("replace into", Anchor::Insert),
    ("\ttrue\t", Anchor::CookieLine),
    ("\tfalse\t", Anchor::CookieLine),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenTable {
    token: Vec<TokenRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRow {
    id: String,
    starts: Vec<String>,
    shape: String,
    #[serde(default)]
    back: Option<usize>,
    #[serde(default)]
    words: bool,
}

/// A token that is known by its shape.
pub(super) struct TokenRule {
    pub id: String,
    pub starts: Vec<String>,
    shape: String,
    /// The shape, once it was needed. Most are not, in one run.
    regex: OnceLock<Option<Regex>>,
    pub back: Option<usize>,
    pub must_look_random: bool,
}

impl TokenRule {
    /// The shape, anchored where it begins; none where it is no regular expression, which a test excludes.
    pub(super) fn regex(&self) -> Option<&Regex> {
        let compile = || match self.back {
            Some(_) => Regex::new(&self.shape).ok(),
            None => Regex::new(&format!("^(?:{})", self.shape)).ok(),
        };
        self.regex.get_or_init(compile).as_ref()
    }
}

/// The shortest value in bytes of [`Values::Long`].
pub(super) const LONG: usize = 20;

/// Which values a name makes secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Values {
    Any,
    Random,
    Parameter,
    /// Those of at least [`LONG`] bytes that look random. No row of the table has it.
    #[serde(skip_deserializing)]
    Long,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameTable {
    name: Vec<NameRow>,
    anchor: Vec<String>,
    after: Vec<String>,
    before: Vec<String>,
    place: Vec<String>,
    exchanged: HashSet<String>,
    qualifying: Vec<String>,
    beside: Vec<String>,
    segment: HashSet<String>,
    segment_of_identifier: HashSet<String>,
    naming: HashSet<String>,
    named: HashSet<String>,
    key_part: HashSet<String>,
    scheme: Vec<String>,
    setting: Vec<String>,
    directive: HashSet<String>,
    login: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameRow {
    id: String,
    value: Values,
    #[serde(default)]
    number: bool,
    #[serde(default)]
    ends: Vec<String>,
    #[serde(default)]
    glued: Vec<String>,
    #[serde(default)]
    whole: Vec<String>,
}

/// A kind of secret that is known by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NameRule {
    pub id: Cow<'static, str>,
    pub values: Values,
    pub takes_numbers: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Ends,
    Glued,
    Whole,
}

pub(super) struct NameRules {
    pub rules: Vec<NameRule>,
    /// Terms by their last byte, longest first.
    terms: HashMap<u8, Vec<(String, Fit, usize)>>,
    pub after: Vec<String>,
    pub before: Vec<String>,
    pub place: Vec<String>,
    pub exchanged: HashSet<String>,
    pub qualifying: Vec<String>,
    pub beside: Vec<String>,
    pub segment: HashSet<String>,
    pub segment_of_identifier: HashSet<String>,
    pub naming: HashSet<String>,
    pub named: HashSet<String>,
    pub key_part: HashSet<String>,
    pub scheme: Vec<String>,
    pub setting: Vec<String>,
    pub directive: HashSet<String>,
    pub login: Vec<String>,
}

impl NameRules {
    /// The terms that may end this name.
    pub(super) fn terms(&self, name: &str) -> impl Iterator<Item = &(String, Fit, usize)> {
        let terms = name.bytes().last().and_then(|last| self.terms.get(&last));
        terms.into_iter().flatten()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HarmlessTable {
    words: Vec<String>,
    placeholders: Vec<String>,
    code: Vec<String>,
    messages: Vec<String>,
    forms: Vec<String>,
    mixed: Vec<String>,
    digests: Vec<String>,
}

/// What is no secret.
pub(super) struct Harmless {
    pub words: HashSet<String>,
    pub placeholders: RegexSet,
    pub code: RegexSet,
    pub messages: RegexSet,
    pub forms: RegexSet,
    pub mixed: Vec<String>,
    pub digests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpWords {
    pub kept: Vec<String>,
    pub credentials: Vec<String>,
    pub cookie: Vec<String>,
    pub words: Vec<String>,
    pub types: Vec<String>,
}

/// The built-in rules.
pub(super) fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| match Rules::built_in() {
        Ok(rules) => rules,
        Err(error) => unreachable!("a test reads the built-in tables: {error}"),
    });
    &RULES
}

/// Why the tables are none.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error("a table is not read: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("a pattern is not read: {0}")]
    Pattern(#[from] regex::Error),
    #[error("the anchors are not read: {0}")]
    Anchors(#[from] aho_corasick::BuildError),
}

impl Rules {
    fn built_in() -> Result<Self, TableError> {
        let tokens: TokenTable = toml::from_str(include_str!("data/tokens.toml"))?;
        let names: NameTable = toml::from_str(include_str!("data/names.toml"))?;
        let harmless: HarmlessTable = toml::from_str(include_str!("data/harmless.toml"))?;
        let http: HttpWords = toml::from_str(include_str!("data/http.toml"))?;
        let mut pieces: Vec<(String, Anchor)> = MARKS
            .iter()
            .map(|(text, anchor)| ((*text).to_owned(), *anchor))
            .collect();
        pieces.extend(names.anchor.iter().map(|it| (it.clone(), Anchor::Name)));
        let tokens: Vec<_> = tokens.token.into_iter().map(token_rule).collect();
        for (index, rule) in tokens.iter().enumerate() {
            let starts = rule.starts.iter();
            pieces.extend(starts.map(|it| (it.clone(), Anchor::Token(index))));
        }
        let (patterns, meanings): (Vec<_>, Vec<_>) = pieces.into_iter().unzip();
        let anchors = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(patterns)?;
        let runs: Vec<usize> = (0..tokens.len())
            .filter(|it| tokens[*it].starts.is_empty())
            .collect();
        let shapes: Vec<_> = runs.iter().map(|it| tokens[*it].shape.as_str()).collect();
        let run_filter = Regex::new(&format!("^(?:{})", shapes.join("|")))?;
        Ok(Self {
            tokens,
            runs,
            run_filter,
            names: name_rules(names),
            harmless: Harmless {
                words: harmless.words.into_iter().collect(),
                placeholders: whole(&harmless.placeholders)?,
                code: whole(&harmless.code)?,
                messages: whole(&harmless.messages)?,
                forms: whole(&harmless.forms)?,
                mixed: harmless.mixed,
                digests: harmless.digests,
            },
            http,
            anchors,
            meanings,
        })
    }

    /// True if a place of the text may belong to a secret.
    pub(super) fn has_hits(&self, text: &str) -> bool {
        self.anchors.is_match(text)
    }

    /// Adds every place of a range that may belong to a secret, in order.
    pub(super) fn add_hits(&self, text: &str, range: &Range<usize>, hits: &mut Vec<Hit>) {
        // Most texts have none: the search for one is faster than that for all.
        let input = Input::new(text).span(range.clone());
        let Some(first) = self.anchors.find(input) else {
            return;
        };
        // One that ends later may begin before.
        let from = first.end().saturating_sub(self.anchors.max_pattern_len());
        let rest = Input::new(text).span(range.start.max(from)..range.end);
        let found = self.anchors.find_overlapping_iter(rest);
        let hit = |it: aho_corasick::Match| Hit {
            start: it.start(),
            end: it.end(),
            anchor: self.meanings[it.pattern().as_usize()],
        };
        hits.extend(found.map(hit));
        in_order(hits);
    }

    /// Every such place of a text.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.add_hits(text, &(0..text.len()), &mut hits);
        hits
    }
}

/// Sorts hits that are in the order of their ends: each is near its place.
fn in_order(hits: &mut [Hit]) {
    let place = |it: &Hit| (it.start, it.end);
    for index in 1..hits.len() {
        let mut at = index;
        while at > 0 && place(&hits[at - 1]) > place(&hits[at]) {
            hits.swap(at - 1, at);
            at -= 1;
        }
    }
}

fn token_rule(row: TokenRow) -> TokenRule {
    TokenRule {
        id: row.id,
        starts: row.starts,
        shape: row.shape,
        regex: OnceLock::new(),
        back: row.back,
        must_look_random: !row.words,
    }
}

fn name_rules(table: NameTable) -> NameRules {
    let mut terms: HashMap<u8, Vec<(String, Fit, usize)>> = HashMap::default();
    let mut rules = Vec::new();
    for row in table.name {
        for (words, fit) in [
            (row.ends, Fit::Ends),
            (row.glued, Fit::Glued),
            (row.whole, Fit::Whole),
        ] {
            for term in words {
                let last = term.bytes().last().unwrap_or_default();
                terms
                    .entry(last)
                    .or_default()
                    .push((term, fit, rules.len()));
            }
        }
        rules.push(NameRule {
            id: row.id.into(),
            values: row.value,
            takes_numbers: row.number,
        });
    }
    for alike in terms.values_mut() {
        alike.sort_by_key(|(term, _, rule)| (usize::MAX - term.len(), *rule));
    }
    NameRules {
        rules,
        terms,
        after: table.after,
        before: table.before,
        place: table.place,
        exchanged: table.exchanged,
        qualifying: table.qualifying,
        beside: table.beside,
        segment: table.segment,
        segment_of_identifier: table.segment_of_identifier,
        naming: table.naming,
        named: table.named,
        key_part: table.key_part,
        scheme: table.scheme,
        setting: table.setting,
        directive: table.directive,
        login: table.login,
    }
}

fn whole(patterns: &[String]) -> Result<RegexSet, regex::Error> {
    RegexSet::new(patterns.iter().map(|it| format!("^(?i:{it})$")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_no_two_have_one_name() {
        let rules = rules();
        let mut ids: Vec<_> = rules.tokens.iter().map(|it| it.id.as_str()).collect();
        ids.extend(rules.names.rules.iter().map(|it| it.id.as_ref()));
        assert!(ids.len() > 250, "{}", ids.len());
        ids.sort_unstable();
        let twice = ids.windows(2).find(|it| it[0] == it[1]);
        assert_eq!(twice, None);
        for rule in &rules.tokens {
            assert!(rule.regex().is_some(), "{}", rule.id);
            assert!(rule.starts.iter().all(|it| it.len() > 1), "{}", rule.id);
        }
    }

    #[test]
    fn every_term_of_a_name_is_looked_for() {
        let rules = rules();
        for terms in rules.names.terms.values() {
            for (term, _, rule) in terms {
                let is_found = |text: &str| {
                    let hits = rules.hits(text);
                    hits.iter().any(|it| it.anchor == Anchor::Name)
                };
                let mut ends = ["=", ":", "\"", "'", " "].into_iter();
                let has_anchor = ends.all(|end| is_found(&format!("{term}{end}")));
                let is_parameter = rules.names.rules[*rule].values == Values::Parameter;
                assert!(has_anchor || is_parameter, "{term}");
                assert_eq!(term, &term.to_lowercase());
            }
        }
    }

    #[test]
    fn kept_fields_are_sorted_and_in_lower_case() {
        let kept = &rules().http.kept;
        assert!(kept.is_sorted());
        assert!(kept.iter().all(|it| *it == it.to_ascii_lowercase()));
    }
}
