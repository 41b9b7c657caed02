//! Maps the values of a recording to those of this run, and back.

use std::collections::HashMap;

use serde_json::Value;

use foldhash::fast::FixedState;

use super::times::{TimeTexts, Times};
use super::{Key, Keys, Piece, nested, pieces};
use crate::api::identifier;
use crate::api::resource;
use crate::diagnostic::json;
use crate::redact;

/// Pairs of a recorded and a live value. Each value is in one pair at most.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    same: Keys,
    /// The others: live values by recorded ones, and recorded values by live ones.
    live: HashMap<Key, String, FixedState>,
    recorded: HashMap<Key, String, FixedState>,
    /// The live callback addresses, by the path of the recorded one.
    addresses: HashMap<String, String>,
    /// The first recorded address of each live one.
    redirected: HashMap<Key, String, FixedState>,
    times: Times,
    /// The live timestamps in the place of recorded ones; they are known only to a
    /// [reversed](Self::reversed) mapping.
    live_times: TimeTexts,
    /// True if some pair has two different values.
    changes: bool,
}

/// Separates the segments of a path, and the parts of a query.
pub(in crate::replay) const SEPARATORS: [char; 5] = ['/', '?', '#', '&', '='];

impl Mapping {
    pub(crate) fn live<'a>(&'a self, recorded: &'a str) -> Option<&'a str> {
        look_up(&self.live, recorded).or_else(|| self.itself(recorded))
    }

    /// True if the timestamps may be a pair. `property` is that of an entity in which they are.
    pub(in crate::replay) fn agrees_in_time(
        &self,
        property: Option<Key>,
        recorded: &str,
        live: &str,
    ) -> bool {
        self.times.agrees(property, recorded, live)
    }

    pub(in crate::replay) fn learn_time(
        &mut self,
        property: Option<Key>,
        recorded: &str,
        live: &str,
    ) {
        self.times.learn(property, recorded, live);
    }

    /// True if the values are a pair, or neither of them is in one.
    pub(crate) fn agrees(&self, recorded: &str, live: &str) -> bool {
        match (self.live(recorded), self.recorded(live)) {
            (Some(known), _) => identifier::same(known, live),
            (None, Some(other)) => identifier::same(other, recorded),
            (None, None) => true,
        }
    }

    pub(crate) fn learn(&mut self, recorded: &str, live: &str) {
        let itself = Key::of(recorded);
        if recorded == live {
            self.learn_same(itself);
            return;
        }
        self.changes = true;
        self.same.remove(&itself);
        self.live.insert(Key::of(recorded), live.to_owned());
        self.recorded.insert(Key::of(live), recorded.to_owned());
    }

    pub(in crate::replay) fn learn_same(&mut self, key: Key) {
        self.same.insert(key);
    }

    /// As [`agrees`](Self::agrees), for the keys of the values.
    pub(in crate::replay) fn may_agree(&self, recorded: Key, live: Key) -> bool {
        if let Some(known) = self.live.get(&recorded) {
            return Key::of(known) == live;
        }
        if let Some(other) = self.recorded.get(&live) {
            return Key::of(other) == recorded;
        }
        recorded == live || !self.same.contains(&recorded) && !self.same.contains(&live)
    }

    /// True if the value is paired with itself, or may be.
    pub(in crate::replay) fn may_stand_for_itself(&self, key: Key) -> bool {
        !self.live.contains_key(&key) && !self.recorded.contains_key(&key)
    }

    pub(crate) fn recorded<'a>(&'a self, live: &'a str) -> Option<&'a str> {
        look_up(&self.recorded, live).or_else(|| self.itself(live))
    }

    fn itself<'a>(&self, id: &'a str) -> Option<&'a str> {
        let is_same = !self.same.is_empty() && self.same.contains(&Key::of(id));
        is_same.then_some(id)
    }

    /// Maps a recorded address to a live one. Several recorded ones may have the same live one.
    pub(crate) fn redirect(&mut self, recorded: &str, live: &str) {
        self.changes |= recorded != live;
        self.live.insert(Key::of(recorded), live.to_owned());
        let redirected = self.redirected.entry(Key::of(live));
        redirected.or_insert_with(|| recorded.to_owned());
        let path = resource::path_of(recorded).to_owned();
        self.addresses.insert(path, live.to_owned());
    }

    /// The live address for the recorded one with this path.
    pub(crate) fn address_of(&self, path: &str) -> Option<&str> {
        self.addresses.get(path).map(String::as_str)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.same.is_empty() && self.live.is_empty() && self.addresses.is_empty()
    }

    /// Removes the pairs of these recorded values, and returns them.
    #[must_use]
    pub(crate) fn forget<'a>(&mut self, recorded: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forgotten = Self::default();
        for recorded in recorded {
            let itself = Key::of(recorded);
            if self.same.remove(&itself) {
                forgotten.learn_same(itself);
            }
            let Some(live) = self.live.remove(&itself) else {
                continue;
            };
            // Addresses are mapped one way only.
            if self.recorded.remove(&Key::of(&live)).is_some() {
                forgotten.learn(recorded, &live);
            } else {
                forgotten.redirect(recorded, &live);
            }
        }
        forgotten
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.changes |= other.changes;
        self.times.extend(other.times);
        self.same.extend(other.same);
        self.live.extend(other.live);
        self.recorded.extend(other.recorded);
        self.addresses.extend(other.addresses);
        for (live, recorded) in other.redirected {
            self.redirected.entry(live).or_insert(recorded);
        }
    }

    /// The mapping of live values to recorded ones.
    pub(in crate::replay) fn reversed(&self) -> Self {
        let mut live = self.redirected.clone();
        live.extend(self.recorded.clone());
        Self {
            same: self.same.clone(),
            live,
            recorded: self.live.clone(),
            live_times: self.times.recorded_texts().clone(),
            changes: self.changes || !self.times.recorded_texts().is_empty(),
            ..Self::default()
        }
    }

    /// The mapping in which each recorded value stands for itself. What is behind a pseudonym is open.
    pub(in crate::replay) fn of_recorded(&self) -> Self {
        let recorded = self.recorded.values();
        let recorded = recorded.filter(|it| !redact::is_pseudonym(it));
        let mut same = self.same.clone();
        same.extend(recorded.map(|it| Key::of(it)));
        Self {
            same,
            ..Self::default()
        }
    }

    pub(crate) const fn changes(&self) -> bool {
        self.changes
    }

    /// A recorded text with live values in the place of recorded ones: of the whole text, or of
    /// segments of a path.
    pub(crate) fn translated(&self, text: &str) -> String {
        if !self.changes {
            return text.to_owned();
        }
        if let Some(live) = self.live(text) {
            return live.to_owned();
        }
        if nested(text).is_some() {
            let translated = |it: &str| Some(self.translated(it)).filter(|new| new != it);
            return json::with_texts(text, translated).unwrap_or_else(|| text.to_owned());
        }
        if !text.contains('/') {
            return self.running(text);
        }
        let mut translated = String::with_capacity(text.len());
        for piece in text.split_inclusive(SEPARATORS) {
            let segment = piece.trim_end_matches(SEPARATORS);
            match self.live(segment) {
                Some(live) => translated.push_str(live),
                None => translated.push_str(&self.running(segment)),
            }
            translated.push_str(&piece[segment.len()..]);
        }
        translated
    }

    /// The text with live identifiers and secrets in the place of recorded ones and of pseudonyms.
    pub(in crate::replay) fn running(&self, text: &str) -> String {
        let live = |piece| match piece {
            Piece::Id(id) => self.live(id).unwrap_or(id),
            Piece::Time(time) => {
                let known = self.live_times.get(time);
                known.and_then(Option::as_deref).unwrap_or(time)
            }
            Piece::Text(it) => it,
        };
        let translated: String = pieces(text).into_iter().map(live).collect();
        self.with_secrets(&translated)
    }

    /// Replaces the pseudonyms whose values are known.
    fn with_secrets(&self, text: &str) -> String {
        let mut revealed = String::with_capacity(text.len());
        let mut read = 0;
        for place in redact::pseudonyms(text) {
            revealed.push_str(&text[read..place.start]);
            let pseudonym = &text[place.clone()];
            revealed.push_str(self.live(pseudonym).unwrap_or(pseudonym));
            read = place.end;
        }
        revealed.push_str(&text[read..]);
        revealed
    }

    /// A recorded body with live values in the place of recorded ones.
    pub(crate) fn translated_json(&self, body: &Value) -> Value {
        match body {
            unchanged if !self.changes => unchanged.clone(),
            Value::String(text) => Value::String(self.translated(text)),
            Value::Array(items) => items
                .iter()
                .map(|item| self.translated_json(item))
                .collect(),
            Value::Object(properties) => properties
                .iter()
                .map(|(name, value)| (name.clone(), self.translated_json(value)))
                .collect(),
            other => other.clone(),
        }
    }
}

fn look_up<'a>(values: &'a HashMap<Key, String, FixedState>, id: &str) -> Option<&'a str> {
    if values.is_empty() {
        return None;
    }
    values.get(&Key::of(id)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RECORDED: &str = "57dab8b1-894c-409a-b240-bd8beae78896";
    const LIVE: &str = "00000000-0000-0000-0000-000000000001";

    #[test]
    fn each_value_is_in_one_pair() {
        let mut mapping = Mapping::default();
        assert!(mapping.agrees(RECORDED, LIVE));
        mapping.learn(RECORDED, LIVE);
        assert!(mapping.agrees("57DAB8B1894C409AB240BD8BEAE78896", LIVE));
        assert!(!mapping.agrees(RECORDED, "other"));
        assert!(!mapping.agrees("other", LIVE));
        let body = json!({"a": [format!("/app/calls/{RECORDED}/x"), RECORDED, 1], "b": "plain"});
        assert_eq!(
            mapping.translated_json(&body),
            json!({"a": [format!("/app/calls/{LIVE}/x"), LIVE, 1], "b": "plain"})
        );
    }
}
