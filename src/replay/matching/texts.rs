//! Compares texts: paths, addresses, queries, and the values in them that may differ from run to run.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::at::At;
use super::comparison::Comparison;
use super::content::Content;
use super::target::{api_resource, normal_path, query_of};
use crate::api::resource;
use crate::diagnostic::json;
use crate::redact;
use crate::replay::rules::{Compare, MessagePlace};
use crate::replay::values;
use crate::replay::values::mapping::Mapping;
use crate::replay::values::{Key, Piece, TextKind, nested, pieces};

impl Comparison {
    /// True if the live path is the recorded one: by RFC 3986 section 6.2.2, and for the calling API
    /// in any of its versions.
    pub(super) fn paths(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        if api_resource(recorded).is_some() {
            return self.texts(mapping, "", recorded, live, At::Other);
        }
        let [recorded, live] = [recorded, live].map(normal_path);
        let segments = (recorded.split('/'), live.split('/'));
        recorded.matches('/').count() == live.matches('/').count()
            && segments
                .0
                .zip(segments.1)
                .all(|(recorded, live)| self.running(mapping, recorded, live))
    }

    /// Compares two texts of a property with this name; true if they agree.
    pub(super) fn texts(
        &mut self,
        mapping: &Mapping,
        name: &str,
        recorded: &str,
        live: &str,
        at: At<'_>,
    ) -> bool {
        match values::text_kind(name, recorded) {
            TextKind::Time => {
                values::text_kind(name, live) == TextKind::Time
                    && self.times(mapping, self.property(at), recorded, live)
            }
            TextKind::Id => self.ids(mapping, recorded, live),
            TextKind::Address => {
                if live.trim().is_empty() {
                    return live == recorded;
                }
                if mapping.live(recorded) != Some(live) {
                    self.learnt.redirect(recorded, live);
                }
                true
            }
            TextKind::Path => {
                let (of_recorded, of_live) =
                    (values::ids_of_path(recorded), values::ids_of_path(live));
                api_resource(live).is_some()
                    && resource::shape_of(recorded) == resource::shape_of(live)
                    && of_recorded.len() == of_live.len()
                    && of_recorded
                        .iter()
                        .zip(&of_live)
                        .all(|(recorded, live)| self.ids(mapping, recorded, live))
            }
            TextKind::Fixed => self.fixed(mapping, recorded, live, at),
        }
    }

    /// The same for texts that are no value by themselves.
    fn fixed(&mut self, mapping: &Mapping, recorded: &str, live: &str, at: At<'_>) -> bool {
        let of_service = (
            self.recorded_own.path_in(recorded),
            self.live_own.path_in(live),
        );
        match of_service {
            (Some(recorded), Some(live)) => {
                let (recorded, live) = (recorded.to_owned(), live.to_owned());
                return self.paths(mapping, &recorded, &live)
                    && self.queries(mapping, &recorded, &live);
            }
            (Some(_), None) => return false,
            (None, _) => {}
        }
        if recorded != live {
            if let (Some(recorded_json), Some(live_json)) = (nested(recorded), nested(live)) {
                // Redaction may have spelt it anew, and a rule may be about a part of it.
                let is_alike = redact::pseudonyms(recorded).next().is_some()
                    || !self.rules.is_empty()
                    || outline(recorded) == outline(live);
                return is_alike && self.is_same(mapping, &recorded_json, &live_json, at);
            }
            if self.redacted(mapping, recorded, live, at) {
                return true;
            }
        }
        self.running(mapping, recorded, live)
    }

    pub(super) fn is_same(
        &mut self,
        mapping: &Mapping,
        recorded: &Content<'_>,
        live: &Content<'_>,
        at: At<'_>,
    ) -> bool {
        let before = self.differences.len();
        self.value(mapping, "", recorded, live, at, None);
        let is_same = self.differences.len() == before;
        self.differences.truncate(before);
        is_same
    }

    /// Compares two values of a field that names addresses.
    pub(super) fn addresses(
        &mut self,
        mapping: &Mapping,
        name: &str,
        recorded: &str,
        live: &str,
    ) -> bool {
        if name != "link" {
            return self.texts(mapping, "", recorded, live, At::Other);
        }
        // `<address>; rel="next"`, in a list (RFC 8288 section 3).
        let (recorded, live) = (recorded.split(['<', '>']), live.split(['<', '>']));
        recorded.clone().count() == live.clone().count()
            && recorded
                .zip(live)
                .all(|(recorded, live)| self.texts(mapping, "", recorded, live, At::Other))
    }

    /// Compares texts to the letter, but for the identifiers and the times in them.
    fn running(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        if redact::pseudonyms(recorded).next().is_some() {
            return self.filled(mapping, recorded, live);
        }
        let (recorded, live) = (pieces(recorded), pieces(live));
        recorded.len() == live.len()
            && recorded.iter().zip(&live).all(|pair| match pair {
                (Piece::Id(recorded), Piece::Id(live)) => self.ids(mapping, recorded, live),
                (Piece::Time(recorded), Piece::Time(live)) => {
                    self.times(mapping, None, recorded, live)
                }
                (recorded, live) => recorded == live,
            })
    }

    /// True if the live text is the recorded one with one value for each pseudonym. Like redaction,
    /// this decodes base64.
    fn redacted(&mut self, mapping: &Mapping, recorded: &str, live: &str, at: At<'_>) -> bool {
        if redact::pseudonyms(recorded).next().is_some() {
            return self.filled(mapping, recorded, live);
        }
        match (unwrapped(recorded), unwrapped(live)) {
            (Some(recorded), Some(live)) => match (nested(&recorded), nested(&live)) {
                (Some(recorded), Some(live)) => self.is_same(mapping, &recorded, &live, at),
                _ => self.redacted(mapping, &recorded, &live, at),
            },
            _ => false,
        }
    }

    /// The same for plain text: each pseudonym stands for what is in its place.
    fn filled(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        let (mut read, mut rest) = (0, live);
        let mut pseudonyms = redact::pseudonyms(recorded).peekable();
        while let Some(place) = pseudonyms.next() {
            let Some(behind) = rest.strip_prefix(&recorded[read..place.start]) else {
                return false;
            };
            let end = pseudonyms.peek().map_or(recorded.len(), |next| next.start);
            let following = &recorded[place.end..end];
            let length = match following {
                "" => Some(behind.len()),
                // The text behind the last one is matched at the end, wherever else it may occur.
                _ if end == recorded.len() => behind.strip_suffix(following).map(str::len),
                _ => behind.find(following),
            };
            let Some(length) = length.filter(|length| *length > 0) else {
                return false;
            };
            if !self.ids(mapping, &recorded[place.clone()], &behind[..length]) {
                return false;
            }
            (read, rest) = (place.end, &behind[length..]);
        }
        rest == &recorded[read..]
    }

    /// Compares the queries of two targets: every recorded parameter must be there, with its values in
    /// their order.
    pub(super) fn queries(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        let [recorded, live] = [recorded, live].map(|it| Content::form(query_of(it).as_bytes()));
        self.is_same(mapping, &recorded, &live, At::Query)
    }

    /// True if the live query has a parameter that was not recorded, unless a rule ignores it: it asks for something
    /// else.
    pub(super) fn adds_parameter(&self, recorded: &str, live: &str) -> bool {
        let [recorded, live] = [recorded, live].map(|it| Content::form(query_of(it).as_bytes()));
        let (recorded, live) = (recorded.names(), live.names());
        let mut added = live.difference(&recorded);
        added.any(|name| {
            let decision = self.rules.decide(&MessagePlace::Query(name), None);
            decision.is_none_or(|it| it.compare != Compare::Ignore)
        })
    }

    /// The property of the entity around this place, in whichever message.
    fn property(&self, at: At<'_>) -> Option<Key> {
        let (entity, begin) = self.entity.as_ref()?;
        let pointer = at.pointer();
        Some(entity.with(pointer.as_str().strip_prefix(&**begin)?))
    }

    fn times(
        &mut self,
        mapping: &Mapping,
        property: Option<Key>,
        recorded: &str,
        live: &str,
    ) -> bool {
        if !self.pairs_times {
            return true;
        }
        let agrees = mapping.agrees_in_time(property, recorded, live)
            && self.learnt.agrees_in_time(property, recorded, live);
        if agrees {
            self.learnt.learn_time(property, recorded, live);
        }
        agrees
    }

    pub(super) fn ids(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        if live.trim().is_empty() {
            return live == recorded;
        }
        let agrees = mapping.agrees(recorded, live) && self.learnt.agrees(recorded, live);
        if agrees && mapping.live(recorded).is_none() {
            self.learnt.learn(recorded, live);
        }
        agrees
    }
}

/// JSON in a text without the texts in it.
pub(in crate::replay) fn outline(text: &str) -> String {
    json::with_texts(text, |_| Some(String::new())).unwrap_or_else(|| text.to_owned())
}

/// The decoded text, if `text` is base64.
fn unwrapped(text: &str) -> Option<String> {
    let mut codings = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter();
    let bytes = codings.find_map(|coding| coding.decode(text).ok())?;
    String::from_utf8(bytes).ok()
}
