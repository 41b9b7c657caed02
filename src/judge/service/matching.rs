//! Entries that match a documented one: path, call, words, shape; and entries that match none.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::ServiceJudge;
use super::answer::drop_below;
use super::expect::{Entry, Expected};
use crate::api::identifier;
use crate::api::resource::Resource;
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
use crate::contract::words;
use crate::diagnostic::pointer::Pointer;
use crate::judge::compare::{Rules, compare};
use crate::judge::page::family_of_subject;
use crate::judge::record::Breach;

impl ServiceJudge {
    /// The index of the first expected entry that fits.
    pub(super) fn position(&self, fits: impl Fn(&Expected) -> bool) -> Option<usize> {
        self.expected.iter().position(|e| !e.is_done && fits(e))
    }

    /// Matches an entry with a documented one: judges its call, change, word and shape.
    pub(super) fn match_entry(&mut self, index: usize, change: &Change<'_>, at: &Pointer) {
        self.record.check(Requirement::NotificationArrives);
        self.expected[index].is_done = true;
        self.expected[index].nearest = None;
        let expected = Arc::clone(&self.expected[index].entry);
        self.judge_path(&expected, change, at);
        self.judge_call(&expected, change, at);
        self.judge_count(&expected, change, at);
        self.judge_names(&expected, change, at);
        // The comparison of shapes reports unlisted words.
        let is_listed = words::is_listed(&change.change_type, words::CHANGES);
        if is_listed && change.change_type != expected.change_type {
            self.record.report(change_breach(&expected, change, at));
        }
        self.judge_word(&expected, change, at);
        self.judge_direction(&expected, change, at);
        self.judge_shape(Some(&expected), change, at);
    }

    /// Requires a path to a resource of the documented kind. A path that the page prints wrongly is
    /// accepted, too.
    pub(super) fn judge_path(&mut self, expected: &Entry, change: &Change<'_>, at: &Pointer) {
        if expected.subject == Subject::Other || change.names_no_resource() {
            return;
        }
        let is_of_kind = match (&change.resource, expected.subject) {
            (Some(Resource::Operation { .. }), Subject::Operation)
            | (Some(Resource::Participants(_) | Resource::Participant { .. }), Subject::Roster)
            | (Some(Resource::Call(_)), Subject::Call) => true,
            (Some(actual), _) => {
                let printed = Change::read(&expected.printed).resource;
                printed.is_some_and(|printed| {
                    std::mem::discriminant(&printed) == std::mem::discriminant(actual)
                })
            }
            (None, _) => false,
        };
        if is_of_kind {
            return;
        }
        let name = resource_name(change);
        let actual = change.entry.get(name).cloned().unwrap_or_default();
        if !actual.is_string() {
            // The comparison of shapes reports it.
            return;
        }
        let breach = Breach::new(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            Some(expected.step),
            expected
                .printed
                .get("resource")
                .cloned()
                .unwrap_or_default(),
            actual,
            format!("{name} names no resource of the documented kind"),
        );
        self.record.report(breach.at(at.key(name)));
    }

    /// Requires the call of the documented entry in the path.
    pub(super) fn judge_call(&mut self, expected: &Entry, change: &Change<'_>, at: &Pointer) {
        let (Some(variable), Some(actual)) = (&expected.call, change.call()) else {
            return;
        };
        self.record.check(Requirement::CallIdentity);
        match self.record.bindings.get(variable).map(str::to_owned) {
            None => self.record.bindings.bind(variable, actual),
            Some(bound) if identifier::same(&bound, actual) => {}
            Some(bound) => {
                let breach = Breach::new(
                    Requirement::CallIdentity,
                    Rule::Correlation,
                    Some(expected.step),
                    json!(bound),
                    json!(actual),
                    format!("the notification is about the call {actual}, expected is {bound}"),
                );
                self.record.report(breach.at(at.key(resource_name(change))));
            }
        }
    }

    /// Requires one entity for an operation or a call: an object, or a collection of one.
    fn judge_count(&mut self, expected: &Entry, change: &Change<'_>, at: &Pointer) {
        let Value::Array(held) = change.data() else {
            return;
        };
        let is_one = matches!(change.subject, Subject::Operation | Subject::Call);
        let prints_one = lookup(&expected.printed, "resourceData").is_some();
        if is_one && prints_one && held.len() != 1 {
            let breach = Breach::new(
                Requirement::NotificationBody,
                Rule::NotificationBody,
                Some(expected.step),
                json!("one entity"),
                change.data().clone(),
                format!("resourceData holds {} entities, told is of one", held.len()),
            );
            self.record.report(breach.at(at.key("resourceData")));
        }
    }

    /// Requires the ids of the entity to match the path.
    fn judge_names(&mut self, expected: &Entry, change: &Change<'_>, at: &Pointer) {
        let (Some(resource), false) = (&change.resource, self.record.options.literal) else {
            return;
        };
        // A wrong call is already reported.
        let bound = expected.call.as_ref();
        let bound = bound.and_then(|name| self.record.bindings.get(name));
        if !bound.is_some_and(|call| resource.call().is_some_and(|it| identifier::same(it, call))) {
            return;
        }
        let is_one = matches!(change.subject, Subject::Operation | Subject::Call);
        let Some(entity) = entities(change.data()).next().filter(|_| is_one) else {
            return;
        };
        let at = change.entity_pointer(at);
        if let (Resource::Call(call), Some((name, Value::String(id)))) =
            (resource, lookup(entity, "id"))
            && !identifier::same(call, id)
        {
            self.misnamed(expected, call, id, at.key(name));
        }
        let Some((name, Value::String(path))) = lookup(entity, "@odata.id") else {
            return;
        };
        let named = Resource::parse(path);
        if named.is_some_and(|named| !named.same(resource)) {
            let wanted = lookup(change.entry, resource_name(change));
            let wanted = wanted.and_then(|(_, it)| it.as_str()).unwrap_or_default();
            self.misnamed(expected, wanted, path, at.key(name));
        }
    }

    fn misnamed(&mut self, expected: &Entry, wanted: &str, actual: &str, at: Pointer) {
        let breach = Breach::new(
            Requirement::ResourceOne,
            Rule::Correlation,
            Some(expected.step),
            json!(wanted),
            json!(actual),
            format!("the entity is {actual}, the path names {wanted}"),
        );
        self.record.report(breach.at(at));
    }

    pub(super) fn judge_word(&mut self, expected: &Entry, change: &Change<'_>, at: &Pointer) {
        let (Some(documented), Some(actual)) = (&expected.word, &change.word) else {
            return;
        };
        let (name, listed) = match expected.subject {
            Subject::Operation => ("status", words::STATUSES),
            _ => ("state", words::STATES),
        };
        // The comparison of shapes reports unlisted words.
        if documented == actual || !words::is_listed(actual, listed) {
            return;
        }
        let breach = Breach::new(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            Some(expected.step),
            json!(documented),
            json!(actual),
            format!("{name} is {actual}, documented is {documented}"),
        );
        let pointer = change.entity_pointer(at).key(name);
        self.record.report(breach.at(pointer));
    }

    /// Requires the documented direction, not any listed word.
    pub(super) fn judge_direction(&mut self, expected: &Entry, change: &Change<'_>, at: &Pointer) {
        if expected.subject != Subject::Call {
            return;
        }
        let direction = |entry: &Value| -> Option<String> {
            let (_, data) = lookup(entry, "resourceData")?;
            let entity = entities(data).next()?;
            Some(lookup(entity, "direction")?.1.as_str()?.to_owned())
        };
        let (Some(documented), Some(actual)) =
            (direction(&expected.printed), direction(change.entry))
        else {
            return;
        };
        let is_listed = ["incoming", "outgoing"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(&actual));
        if is_listed && !documented.eq_ignore_ascii_case(&actual) {
            let breach = Breach::new(
                Requirement::NotificationBody,
                Rule::NotificationBody,
                Some(expected.step),
                json!(documented),
                json!(actual),
                format!("direction is {actual}, documented is {documented}"),
            );
            let pointer = change.entity_pointer(at).key("direction");
            self.record.report(breach.at(pointer));
        }
    }

    /// Compares the entry with the shape of its kind; of a roster, only the members that name
    /// invited people.
    pub(super) fn judge_shape(
        &mut self,
        expected: Option<&Entry>,
        change: &Change<'_>,
        at: &Pointer,
    ) {
        let sent = self.sent.as_ref().map(|sent| sent.step);
        let step = expected.map(|e| e.step).or(sent);
        self.record.check(Requirement::ResourceOne);
        if change.is_contradictory {
            let breach = Breach::new(
                Requirement::ResourceOne,
                Rule::Correlation,
                step,
                change.entry.get("resource").cloned().unwrap_or_default(),
                change.entry.get("resourceUrl").cloned().unwrap_or_default(),
                "resource and resourceUrl name different things".into(),
            );
            self.record.report(breach.at(at.key("resourceUrl")));
        }
        let kind = expected.map_or_else(|| change.kind().into(), |e| Cow::Borrowed(&*e.kind));
        let page = Arc::clone(&self.record.case.page);
        let of_subject = || page.entry_about(change.subject);
        let shape = page
            .entry(&kind)
            .or_else(|| of_subject().filter(|_| expected.is_none()));
        let Some(shape) = shape else {
            return;
        };
        let given = self.sent.clone();
        let root = family_of_subject(change.subject);
        let rules = Rules {
            of_bot: false,
            given: &|name| given.as_ref().is_some_and(|sent| sent.gives(name)),
            odata_types: &|place| page.odata_types(root, place),
        };
        let free = match expected {
            Some(e) if e.subject == Subject::Roster => self.free_members(e, change),
            None if change.subject == Subject::Roster => return,
            _ => Vec::new(),
        };
        let mut found = compare(shape, change.entry, rules, at);
        if expected.is_none() {
            // Only values of an additional notification are judged, not missing properties.
            found.retain(|mismatch| !mismatch.kind.is_absence());
        }
        let members = at.key("resourceData");
        if let Some(e) = expected {
            self.drop_other_kinds(e, change, &members, &mut found);
        }
        for index in free {
            let member = members.index(index);
            found.retain(|mismatch| mismatch.pointer != member);
            drop_below(&mut found, &member);
        }
        if change.subject == Subject::Operation
            && entities(change.data()).any(|entity| self.misnames(entity))
        {
            drop_below(&mut found, &change.entity_pointer(at).key("participants"));
        }
        let line = expected.map(|e| e.line);
        self.record.report_all(
            found,
            Rule::NotificationBody,
            Requirement::NotificationBody,
            step,
            line,
        );
    }

    /// Records an unexpected notification, which may replace a missing one.
    pub(super) fn possible_replacement(&mut self, change: &Change<'_>, at: &Pointer, why: &str) {
        self.possible_replacements += 1;
        self.unexpected(change, at, why);
    }

    pub(super) fn unexpected(&mut self, change: &Change<'_>, at: &Pointer, why: &str) {
        let named = ["resource", "resourceUrl"]
            .iter()
            .find_map(|name| lookup(change.entry, name));
        let actual = named.map_or_else(|| change.entry.clone(), |(_, value)| value.clone());
        let breach = Breach::new(
            self.requirement_of_silence(),
            Rule::NotificationUnexpected,
            None,
            Value::Null,
            actual,
            format!("a notification that nothing asks for: {why}"),
        );
        self.record.report(breach.at(at.clone()));
    }

    /// Reports missing notifications, each with the nearest one that arrived.
    pub(super) fn notifications_missing(&mut self) {
        let deadline = self.record.options.deadline;
        let mut first = true;
        for expected in self.expected.clone() {
            if expected.is_done {
                continue;
            }
            if let Some(nearest) = expected.nearest {
                self.record.report(nearest);
                continue;
            }
            let what = describe(&expected);
            if self.has_unreadable || self.possible_replacements > 0 {
                self.possible_replacements = self.possible_replacements.saturating_sub(1);
                self.record.note(format!(
                    "{what} did not come, or not so that it can be known"
                ));
                continue;
            }
            let message = format!("{what} did not come within {deadline:?}");
            if first {
                first = false;
                let mut breach = Breach::new(
                    Requirement::NotificationArrives,
                    Rule::NotificationMissing,
                    Some(expected.step),
                    expected.printed.clone(),
                    Value::Null,
                    message,
                );
                breach.line = Some(expected.line);
                self.record.report(breach);
            } else {
                self.record.note(message);
            }
        }
    }
}

pub(super) fn change_breach(expected: &Entry, change: &Change<'_>, at: &Pointer) -> Breach {
    Breach::new(
        Requirement::NotificationBody,
        Rule::NotificationBody,
        Some(expected.step),
        json!(expected.change_type),
        json!(change.change_type),
        format!(
            "changeType is {}, documented is {}",
            change.change_type, expected.change_type
        ),
    )
    .at(at.key("changeType"))
}

/// `resource` or `resourceUrl`.
pub(super) fn resource_name(change: &Change<'_>) -> &'static str {
    if lookup(change.entry, "resource").is_some() {
        "resource"
    } else {
        "resourceUrl"
    }
}

/// The description of a documented entry in reports.
fn describe(expected: &Entry) -> String {
    let what = match expected.subject {
        Subject::Call => "the call",
        Subject::Operation => "the operation",
        Subject::Roster => "the roster",
        Subject::Other => "the notification",
    };
    let how = expected.word.as_deref().unwrap_or(&expected.change_type);
    format!("{what} {how}: the notification")
}
