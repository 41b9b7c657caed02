//! Changes of the statuses and types that prose documents for the answer.

use std::collections::BTreeSet;

use crate::contract::types;

use super::super::change::ChangeKind as K;
use super::super::change::{Change, Effect};
use super::super::scope::Scope;
use super::{Pair, TO_BOT};

/// The subjects of changes.
pub(super) const PROSE_STATUS: &str = "status in prose";
pub(super) const ANSWER_TYPE: &str = "type of the answer in prose";

pub(super) fn compare(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let (old, new) = (&pair.old.statuses, &pair.new.statuses);
    let lacks = |all: &[(u16, usize)], status: u16| all.iter().all(|it| it.0 != status);
    let removed: Vec<_> = old.iter().filter(|it| lacks(new, it.0)).collect();
    let added: Vec<_> = new.iter().filter(|it| lacks(old, it.0)).collect();
    let list = |all: &[&(u16, usize)]| {
        let all: Vec<_> = all.iter().map(|it| it.0.to_string()).collect();
        if all.is_empty() {
            return "none".to_owned();
        }
        all.join(", ")
    };
    if let Some(first) = removed.first().filter(|_| pair.new.method.is_some()) {
        let line = added.first().copied().or(new.first()).map(|it| it.1);
        let change = Change::new(K::ProseStatusChanged, TO_BOT, PROSE_STATUS, "");
        let change = change.within(Scope::Answer {
            to: None,
            statuses: removed.iter().map(|it| it.0).collect(),
        });
        let change = change.values(list(&removed), list(&added));
        changes.push(change.at(Some(first.1), line));
    }
    let pages = |all: &[(String, usize)]| -> BTreeSet<String> {
        all.iter().map(|it| it.0.to_lowercase()).collect()
    };
    let (before, after) = (pages(&pair.old.answers), pages(&pair.new.answers));
    if !before.is_empty() && !after.is_empty() && before.is_disjoint(&after) {
        let is_subtype = before
            .iter()
            .all(|one| after.iter().all(|it| types::is_kind_of(it, one)));
        let effect = if is_subtype {
            Effect::Compatible
        } else {
            TO_BOT
        };
        let join = |all: BTreeSet<String>| all.into_iter().collect::<Vec<_>>().join(", ");
        let change = Change::new(K::AnswerTypeChanged, effect, ANSWER_TYPE, "");
        let change = change.within(Scope::Answer {
            to: None,
            statuses: Vec::new(),
        });
        let change = change.values(join(before), join(after));
        let line = |all: &[(String, usize)]| all.first().map(|it| it.1);
        changes.push(change.at(line(&pair.old.answers), line(&pair.new.answers)));
    }
}
