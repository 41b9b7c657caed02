//! Compares two pages as contracts. Differences that do not concern the contract are no changes: order, white space,
//! lines, metadata, absolute instead of relative URLs, `Content-Length`, levels of headings, tabs.

mod answer;
mod body;
mod flow;
mod matched;
mod prose;
mod request;
mod side_by_side;

use crate::api::party::Party;

use super::change::{Change, Effect};
use super::page::Page;
use super::scenario;
use super::scenario::{Described, Features};
use super::tables;

const TO_BOT: Effect = Effect::Breaking(Party::Bot);
const TO_SERVICE: Effect = Effect::Breaking(Party::Service);

pub(crate) use self::side_by_side::{ContractCell, ContractPart, ContractRow};

/// The changes from an old text to a new one, in the order of the contract.
pub(super) fn compare(old: &Page, new: &Page) -> Vec<Change> {
    let pair = Pair::new(old, new);
    let mut changes = Vec::new();
    request::compare(&pair, &mut changes);
    answer::compare(&pair, &mut changes);
    flow::compare(&pair, &mut changes);
    body::compare(&pair, &mut changes);
    prose::compare(&pair, &mut changes);
    changes.sort_by_key(|change| change.kind);
    changes
}

/// The contracts of two texts side by side, with the effect of their changes.
pub(super) fn side_by_side(old: &Page, new: &Page, changes: &[Change]) -> Vec<ContractPart> {
    side_by_side::parts(&Pair::new(old, new), changes)
}

/// Two texts and the conversations that they share.
struct Pair<'p> {
    old: &'p Page,
    new: &'p Page,
    old_scenarios: Vec<Described<'p>>,
    new_scenarios: Vec<Described<'p>>,
    /// The same conversation in both texts, by index.
    scenarios: Vec<(usize, usize)>,
}

impl<'p> Pair<'p> {
    fn new(old: &'p Page, new: &'p Page) -> Self {
        let (old_scenarios, new_scenarios) = (described(old), described(new));
        Self {
            old,
            new,
            scenarios: scenario::pairs(&old_scenarios, &new_scenarios),
            old_scenarios,
            new_scenarios,
        }
    }

    /// The partner of a conversation of the old text.
    fn partner_of_old(&self, index: usize) -> Option<usize> {
        let mut pairs = self.scenarios.iter();
        pairs.find(|(old, _)| *old == index).map(|(_, new)| *new)
    }

    /// The messages that both texts have in one conversation, by index.
    fn messages(&self) -> impl Iterator<Item = (usize, usize)> {
        self.scenarios.iter().flat_map(|(old, new)| {
            let (old, new) = (&self.old.scenarios[*old], &self.new.scenarios[*new]);
            let steps = scenario::common_steps(&old.steps, &new.steps);
            let steps = steps.into_iter();
            steps.map(|(one, other)| (old.steps[one].message, new.steps[other].message))
        })
    }

    /// True if the prose of both is in one language.
    fn has_one_language(&self) -> bool {
        let are_english = self.old.is_english && self.new.is_english;
        are_english
            || (self.old.locale == self.new.locale && self.old.is_english == self.new.is_english)
    }
}

impl Pair<'_> {
    /// True if a text says in a description that something is required. `None` if its word for that is not known. Texts
    /// in one language have one word.
    fn requires(&self, side: Side, description: &str) -> Option<bool> {
        let (own, other) = match side {
            Side::Old => (self.old, self.new),
            Side::New => (self.new, self.old),
        };
        let other = other.required_word.as_ref();
        let other = other.filter(|_| self.has_one_language());
        let word = own.required_word.as_ref().or(other)?;
        Some(tables::says(description, word))
    }

    /// True if the old text documents nothing, so that nothing in the new text is stricter than it was.
    fn has_no_old_contract(&self) -> bool {
        self.old.method.is_none() && self.old.resource.is_none() && self.old.messages.is_empty()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

fn described(page: &Page) -> Vec<Described<'_>> {
    let of = |scenario| {
        let own = page.own_request(scenario);
        let features = own.map(|sample| {
            let (kinds, are_several) = &sample.people;
            Features {
                request: sample.shapes.first().map(|(_, shape)| shape),
                people: (kinds.iter().map(String::as_str).collect(), *are_several),
            }
        });
        (scenario, features.unwrap_or_default())
    };
    page.scenarios.iter().map(of).collect()
}
