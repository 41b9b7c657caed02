//! Roster notifications: the people on a call.

use serde_json::{Value, json};

use super::answer::drop_below;
use super::expect::{Entry, Expected};
use super::{Arrival, ServiceJudge};
use crate::api::identifier;
use crate::api::resource::Resource;
use crate::contract::change::{Change, Subject, data};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
use crate::diagnostic::pointer::Pointer;
use crate::judge::compare::Mismatch;
use crate::judge::people;
use crate::judge::people::Person;
use crate::judge::record::Breach;

impl ServiceJudge {
    pub(super) fn on_roster(&mut self, arrival: &Arrival, change: &Change<'_>, at: &Pointer) {
        let call = change.call().map(str::to_owned);
        let known = call.as_deref().and_then(|call| self.known_call(call));
        let of_this_call = |e: &Expected| known.is_some() && self.call_of(e) == known;
        let index = self
            .position(|e| e.subject == Subject::Roster && of_this_call(e))
            .or_else(|| self.position(|e| e.subject == Subject::Roster));
        let Some(index) = index else {
            match known {
                Some(_) => {}
                None if self.outstanding.is_some() => self.held.push(arrival.clone()),
                None => self.unexpected(change, at, "the call is none of this conversation"),
            }
            return;
        };
        let is_on_the_call = known.is_some() && known == self.expected_call(index);
        if is_on_the_call || call.is_none() {
            self.add_roster(index, arrival);
        } else if known.is_some() {
            self.record.note(
                "a roster update came for another call of the conversation, which is no substitute",
            );
        } else if self.outstanding.is_some() {
            self.held.push(arrival.clone());
        } else if self.names_everybody(index, change) {
            self.match_entry(index, change, at);
        } else {
            self.possible_replacement(change, at, "the call is none of this conversation");
        }
    }

    pub(super) fn names_everybody(&mut self, index: usize, change: &Change<'_>) -> bool {
        self.invited_in_roster(index).iter().all(|(person, kind)| {
            people::member_naming(change.data(), person, kind.as_deref()).is_some()
        })
    }

    pub(super) fn expected_call(&self, index: usize) -> Option<String> {
        self.call_of(&self.expected[index])
    }

    fn call_of(&self, expected: &Expected) -> Option<String> {
        let call = expected.call.as_deref()?;
        Some(self.record.bindings.root(call).to_owned())
    }

    /// Adds a roster update on the call. The step stays open until the updates name each invited
    /// person.
    pub(super) fn add_roster(&mut self, index: usize, arrival: &Arrival) {
        self.expected[index].rosters.push(arrival.clone());
        self.review_roster(index);
    }

    /// Judges pending rosters again when the invited people are known.
    pub(super) fn review_rosters(&mut self) {
        for index in 0..self.expected.len() {
            if !self.expected[index].is_done && !self.expected[index].rosters.is_empty() {
                self.review_roster(index);
            }
        }
    }

    pub(super) fn review_roster(&mut self, index: usize) {
        self.record.check(Requirement::RosterPeople);
        let invited = self.invited_in_roster(index);
        let rosters = self.expected[index].rosters.clone();
        let is_named = |(person, kind): &&(Person, Option<String>)| {
            rosters.iter().any(|arrival| {
                people::member_naming(data(arrival.entry()), person, kind.as_deref()).is_some()
            })
        };
        let missing: Vec<String> = invited
            .iter()
            .filter(|person| !is_named(person))
            .map(|(person, _)| person.label())
            .collect();
        let Some(last) = rosters.last() else {
            return;
        };
        let names_the_first = invited.first().is_some_and(|first| is_named(&first));
        if names_the_first && missing.len() + 1 == invited.len() && self.may_be_only_first() {
            let people: Vec<Person> = invited.into_iter().map(|(person, _)| person).collect();
            self.decide_who(&people, true);
            self.review_roster(index);
            return;
        }
        if missing.is_empty() {
            for arrival in &rosters {
                self.match_entry(index, &Change::read(arrival.entry()), &arrival.place());
            }
            return;
        }
        let breach = Breach::new(
            Requirement::RosterPeople,
            Rule::Correlation,
            Some(self.expected[index].step),
            json!(missing),
            data(last.entry()).clone(),
            format!("the roster does not name {}", missing.join(", ")),
        );
        self.expected[index].nearest = Some(breach.at(last.place().key("resourceData")));
    }

    /// True if a roster with only the first of several people decides that only the first is
    /// invited: no other message has named them or will.
    fn may_be_only_first(&self) -> bool {
        let may_tell = |e: &Expected| !e.is_done && e.subject == Subject::Operation;
        let is_open = self.outstanding.is_none() && !self.expected.iter().any(may_tell);
        let invited = self.sent.as_ref().map(|sent| sent.people.as_slice());
        is_open
            && self.only_first.is_none()
            && invited.is_some_and(people::only_first_may_be_invited)
    }

    /// The people that a roster must name, each with the printed kind of identity.
    pub(super) fn invited_in_roster(&mut self, index: usize) -> Vec<(Person, Option<String>)> {
        let Some(sent) = self.sent.clone() else {
            return Vec::new();
        };
        let expected = &self.expected[index];
        let bindings = &mut self.record.bindings;
        if !self.record.options.literal {
            expected
                .variables
                .iter()
                .for_each(|it| bindings.bind_default(it));
        }
        let bindings = &self.record.bindings;
        let asked_as_printed = if self.record.options.literal {
            let body = self.record.steps()[sent.step].body();
            let printed = body
                .json()
                .map(|body| crate::judge::page::printed(self.record.script(), body));
            people::people(printed.as_ref().unwrap_or(&Value::Null))
        } else {
            Vec::new()
        };
        let count = if self.only_first == Some(true) {
            1
        } else {
            sent.people.len()
        };
        sent.people[..count.min(sent.people.len())]
            .iter()
            .enumerate()
            .filter_map(|(at, person)| {
                let kind = if self.record.options.literal {
                    let shown = asked_as_printed.get(at)?;
                    printed_kind(&expected.printed, |id| identifier::same(id, &shown.id))
                } else {
                    printed_kind(&expected.template, |id| {
                        identifier::same(&bindings.filled(id), &person.id)
                    })
                };
                // In a literal run, equal text under another kind of identity is another person.
                let is_asked_for =
                    !self.record.options.literal || kind.as_ref() == Some(&person.kind);
                is_asked_for.then(|| (person.clone(), kind))
            })
            .collect()
    }

    /// Drops mismatches of a person who is named under the invited kind of identity instead of the
    /// printed one: no example documents the rest of such an identity.
    pub(super) fn drop_other_kinds(
        &mut self,
        expected: &Entry,
        change: &Change<'_>,
        members: &Pointer,
        found: &mut Vec<Mismatch>,
    ) {
        if expected.subject != Subject::Roster {
            return;
        }
        let Some(index) = self.expected.iter().position(|e| e.step == expected.step) else {
            return;
        };
        for (person, printed) in self.invited_in_roster(index) {
            let other = printed.filter(|kind| *kind != person.kind);
            let named = people::member_naming(change.data(), &person, None);
            if let (Some(_), Some((at, _))) = (other, named) {
                let member = members.index(at);
                let identity = member.key("info").key("identity").key(&person.kind);
                drop_below(found, &identity);
            }
        }
    }

    /// The members that name nobody invited; they are not judged.
    pub(super) fn free_members(&mut self, expected: &Entry, change: &Change<'_>) -> Vec<usize> {
        let Some(index) = self.expected.iter().position(|e| {
            std::ptr::eq(&raw const *e.entry, expected)
                || e.step == expected.step && e.printed == expected.printed
        }) else {
            return Vec::new();
        };
        let invited = self.invited_in_roster(index);
        let named: Vec<usize> = invited
            .iter()
            .filter_map(|(person, kind)| {
                people::member_naming(change.data(), person, kind.as_deref()).map(|(at, _)| at)
            })
            .collect();
        (0..entities(change.data()).count())
            .filter(|index| !invited.is_empty() && !named.contains(index))
            .collect()
    }
}

/// The kind of identity of a person in a documented roster.
fn printed_kind(documented: &Value, is_id: impl Fn(&str) -> bool) -> Option<String> {
    entities(lookup(documented, "resourceData")?.1).find_map(|member| {
        let (_, info) = lookup(member, "info")?;
        let (_, identity) = lookup(info, "identity")?;
        let shows = |kind: &&String| {
            lookup(identity, kind)
                .and_then(|(_, who)| lookup(who, "id"))
                .and_then(|(_, id)| id.as_str())
                .is_some_and(&is_id)
        };
        identity.as_object()?.keys().find(shows).cloned()
    })
}

/// The corrected path of a roster, for the bot's judge.
pub(crate) fn roster_path(path: &str) -> Option<String> {
    match Resource::parse(path)? {
        Resource::Operation { call, .. } => {
            let end = path.find(&call)? + call.len();
            Some(format!("{}/participants", &path[..end]))
        }
        _ => None,
    }
}
