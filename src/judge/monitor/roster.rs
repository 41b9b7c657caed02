//! The effects of requests that a roster shows.

use serde_json::Value;

use super::call::{Call, Contradiction, Obligation, names, participant_id};
use super::effects::requirement;
use super::reads::{is_value, property_of};
use crate::api::identifier;
use crate::contract::operation::Effect;
use crate::contract::requirement::Requirement;
use crate::diagnostic::pointer::Pointer;

/// The participants in a notification.
pub(super) struct Roster<'a> {
    pub exchange: u64,
    pub members: &'a [Value],
    /// The place of the members.
    pub place: Pointer,
    pub is_list: bool,
}

impl Roster<'_> {
    /// What it shows of an effect for which no roster is required. False if the effect is over: a roster has shown it
    /// before, so that the participant has changed since.
    fn leaves_open(
        &self,
        obligation: &mut Obligation,
        property: &str,
        (at, patience): (u64, u64),
    ) -> bool {
        let members = self.members.iter().enumerate();
        let mut members = members.filter(|(_, member)| is_about(obligation, member));
        let found = members.find_map(|(index, member)| {
            let (below, actual) = property_of(member, property)?;
            Some((index, below, actual))
        });
        let Some((index, below, actual)) = found else {
            return true;
        };
        if is_value(&obligation.value, actual) {
            obligation.was_in_roster = true;
            obligation.contradiction = None;
            return true;
        }
        if obligation.was_in_roster {
            return false;
        }
        let place = if self.is_list {
            self.place.index(index)
        } else {
            self.place.clone()
        };
        // Much later the participant may have changed without a roster in between.
        let is_due = |since| at.saturating_sub(since) < patience;
        if obligation.since.is_some_and(is_due) {
            obligation.contradiction = Some(Contradiction {
                exchange: self.exchange,
                place: place.join(&below),
                expected: obligation.value.clone(),
                actual: actual.clone(),
            });
        }
        true
    }
}

/// A roster was sent at this time, or a part of it. Returns the requirements of what it fulfils, and a remark where it has
/// only the first of several people who each replace a call.
pub(super) fn roster_changed(
    call: &mut Call,
    (at, patience): (u64, u64),
    roster: &Roster<'_>,
) -> (Vec<Requirement>, Option<&'static str>) {
    let (exchange, members) = (roster.exchange, roster.members);
    let (mut met, mut remark) = (Vec::new(), None);
    call.open.retain_mut(|obligation| {
        let is_open = match obligation.effect {
            Effect::PeopleJoin { shown_as } => {
                let is_named = |person: &_| members.iter().any(|it| names(it, person, shown_as));
                obligation.people.retain(|person| !is_named(person));
                let has_everybody = obligation.has_everybody();
                if has_everybody && !obligation.people.is_empty() {
                    remark = Some("only the first");
                }
                !has_everybody
            }
            Effect::ParticipantBecomes { property, .. } if obligation.is_silent() => {
                return roster.leaves_open(obligation, property, (at, patience));
            }
            Effect::ParticipantBecomes { property, .. } => {
                let mut shown = members.iter().filter(|member| is_about(obligation, member));
                let actual = shown.find_map(|member| property_of(member, property));
                match actual {
                    Some((_, actual)) if is_value(&obligation.value, actual) => false,
                    Some((place, actual)) => {
                        obligation.contradiction = Some(Contradiction {
                            exchange,
                            place,
                            expected: obligation.value.clone(),
                            actual: actual.clone(),
                        });
                        true
                    }
                    None => true,
                }
            }
            Effect::RosterNames { .. } => !members.iter().any(|it| is_about(obligation, it)),
            Effect::IsGone if obligation.is_due_participant() => {
                let shown = members.iter().find(|it| is_about(obligation, it));
                // A later roster without the participant takes it back.
                obligation.contradiction = shown.map(|member| Contradiction {
                    exchange,
                    place: Pointer::root(),
                    expected: Value::Null,
                    actual: member.clone(),
                });
                return true;
            }
            _ => return true,
        };
        if !is_open {
            met.push(requirement(obligation));
        }
        is_open
    });
    (met, remark)
}

/// A notification shows that a participant is gone, so requests about it no longer require effects.
pub(super) fn participant_left(call: &mut Call, id: &str) {
    call.open.retain(|obligation| {
        let item = obligation.item.as_deref();
        let is_it = item.is_some_and(|it| identifier::same(it, id));
        let is_about_one = obligation.is_due_participant() || obligation.effect.who().is_some();
        !(is_it && is_about_one)
    });
}

/// True if the rosters so far show that the participant has a value, or where nobody knows who that is, that everybody has
/// it.
pub(super) fn shows(call: &Call, item: Option<&str>, (property, value): (&str, &Value)) -> bool {
    let has_value = |member: &Value| {
        let actual = property_of(member, property);
        actual.is_some_and(|(_, actual)| is_value(value, actual))
    };
    let mut members = call.roster.iter().filter(|it| is_it(item, it)).peekable();
    members.peek().is_some() && members.all(has_value)
}

/// True for a participant that the obligation is about, or if nobody knows whom it is about.
fn is_about(obligation: &Obligation, member: &Value) -> bool {
    is_it(obligation.item.as_deref(), member)
}

fn is_it(wanted: Option<&str>, member: &Value) -> bool {
    wanted.is_none_or(|it| participant_id(member).is_some_and(|id| identifier::same(id, it)))
}
