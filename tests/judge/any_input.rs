//! A judge answers any input without a panic: a deterministic stream of mutated messages.

use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::{Move, Talk, built_in, judged, text_body};

/// A seeded generator (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("it is below the limit")
    }

    fn value(&mut self) -> Value {
        let odd = [
            json!(null),
            json!(true),
            json!(-0.5),
            json!(1e300),
            json!(""),
            json!("{call}"),
            json!("/app/calls/"),
            json!("//calls//operations/"),
            json!("%zz\u{0}é"),
            json!([]),
            json!({}),
            json!([[null]]),
            json!({"value": [{}]}),
            json!("2018-09-06T15:58"),
            json!({"id": {"id": []}}),
            json!("completed"),
            json!("deleted"),
        ];
        odd[self.below(odd.len())].clone()
    }

    fn mutate(&mut self, value: &mut Value) {
        match value {
            Value::Object(properties) if !properties.is_empty() && self.below(5) > 0 => {
                let at = self.below(properties.len());
                let name = properties.keys().nth(at).expect("it is there").clone();
                if self.below(6) == 0 {
                    properties.shift_remove(&name);
                } else {
                    self.mutate(&mut properties[&name]);
                }
            }
            Value::Array(items) if !items.is_empty() && self.below(5) > 0 => {
                let at = self.below(items.len());
                if self.below(4) == 0 {
                    let copy = items[at].clone();
                    items.push(copy);
                } else {
                    self.mutate(&mut items[at]);
                }
            }
            other => *other = self.value(),
        }
    }

    fn disturb(&mut self, talk: &mut Talk) {
        let at = self.below(talk.moves.len());
        match self.below(9) {
            0 => drop(talk.moves.remove(at)),
            1 => {
                let other = self.below(talk.moves.len());
                talk.moves.swap(at, other);
            }
            2 => {
                let again = talk.moves[at].clone();
                talk.moves.insert(at, again);
            }
            3 => talk.moves.insert(at, (0, Move::ReplyLost)),
            _ => {
                let body = match &mut talk.moves[at].1 {
                    Move::Answer(response) => &mut response.body,
                    Move::Send(request) => &mut request.body,
                    _ => return,
                };
                match body {
                    Body::Json(value) => self.mutate(value),
                    other => *other = text_body("?"),
                }
            }
        }
    }
}

#[test]
fn nothing_that_comes_makes_a_judge_panic_or_wait_for_ever() {
    let mut chance = Chance(0x5eed);
    for scenario in built_in() {
        for role in judged(scenario) {
            for round in 0..60 {
                let mut talk = Talk::of(scenario, built_in(), role, round % 3 == 0);
                for _ in 0..=chance.below(4) {
                    if !talk.moves.is_empty() {
                        chance.disturb(&mut talk);
                    }
                }
                talk.play();
            }
        }
    }
}
