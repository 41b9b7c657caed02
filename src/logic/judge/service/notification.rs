//! The notifications of a service.

use serde_json::{Value, json};

use super::answer::{drop_below, gives};
use super::expect::Expected;
use super::{Arrival, ServiceJudge};
use crate::logic::judge::ExchangeId;
use crate::logic::judge::compare::{Mismatch, Rules, compare};
use crate::logic::judge::notice::{self, Notice, Subject};
use crate::logic::judge::page::family_of_subject;
use crate::logic::judge::people::{self, Person};
use crate::logic::judge::record::{Departure, text};
use crate::logic::judge::shape::{entities, lookup};
use crate::logic::judge::words;
use crate::logic::verdict::{Role, Rule, TrafficMessage};
use crate::model::identifier;
use crate::model::message::{Headers, Payload, Request};
use crate::model::resource::Resource;
use crate::model::scenario::{Kind, Step};
use crate::text::pointer::Pointer;

impl ServiceJudge {
    /// Judges a notification: the message itself, then each of its entries.
    pub(super) fn on_notification(&mut self, exchange: ExchangeId, request: &Request) {
        let step = self.step_for(request);
        let message = TrafficMessage::Request(request.clone());
        self.record.traffic(Role::Service, step, message);
        if self.is_stopped || self.record.is_given_up() {
            return;
        }
        self.received.insert(exchange, request.body.clone());
        if let Some(at) = self.redeliverable.iter().position(|b| *b == request.body) {
            self.redeliverable.remove(at);
            self.record
                .note("a notification was sent again, as its acknowledgement had been lost");
            return;
        }
        self.judge_head(step, request);
        let Some(body) = self.readable_body(step, request) else {
            return;
        };
        let page = self.record.page.clone();
        let rules = Rules {
            of_bot: false,
            given: &|_| false,
            odata_types: &|place| page.odata_types("notification", place),
        };
        let mut found = compare(page.envelope(), body, rules, &Pointer::root());
        if step.is_none() {
            // A further notification is well formed where what it says is.
            found.retain(|mismatch| !mismatch.kind.is_absence());
        }
        self.record.depart_all(
            found,
            Rule::NotificationBody,
            "notification.body",
            step,
            None,
        );
        for (index, entry) in notice::collection(body).into_iter().flatten().enumerate() {
            if entry.is_object() {
                self.on_entry(&Arrival {
                    entry: entry.clone(),
                    index,
                });
            } else {
                self.no_entry(step, entry, index);
            }
        }
    }

    /// A member of `value` that is no object, and so tells nothing.
    fn no_entry(&mut self, step: Option<usize>, entry: &Value, index: usize) {
        let departure = Departure::new(
            "notification.body",
            Rule::NotificationBody,
            step,
            json!("an object"),
            entry.clone(),
            "a member of value is no object".into(),
        );
        self.record
            .depart(departure.at(Pointer::root().key("value").index(index)));
    }

    /// The step that a notification is most likely for, for reports.
    fn step_for(&self, request: &Request) -> Option<usize> {
        let entries = request.body.json().and_then(notice::entries);
        let subject = entries
            .and_then(|e| e.first())
            .map(|e| Notice::read(e).subject);
        let waiting = || self.expected.iter().filter(|e| !e.is_done);
        waiting()
            .find(|e| Some(e.subject) == subject)
            .or_else(|| waiting().next())
            .map(|e| e.step)
    }

    fn judge_head(&mut self, step: Option<usize>, request: &Request) {
        self.record.check("notification.method");
        let (documented, documented_type) = self.documented_head(step);
        if request.method != documented {
            self.record.depart(Departure::new(
                "notification.method",
                Rule::NotificationMethod,
                step,
                json!(documented),
                json!(request.method),
                format!("the notification is a {}", request.method),
            ));
        }
        self.record.check("notification.media-type");
        let media_type = request.headers.media_type();
        if media_type.as_ref() != Some(&documented_type) {
            self.record.depart(Departure::new(
                "notification.media-type",
                Rule::NotificationHeader,
                step,
                json!(documented_type),
                text(media_type.as_deref()),
                format!(
                    "Content-Type of the notification is {}",
                    media_type.as_deref().unwrap_or("missing")
                ),
            ));
        }
        let prints_token = self.record.steps().iter().any(|step| {
            matches!(step, Step::Notification(step)
                if step.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")))
        });
        if prints_token {
            self.record.check("notification.token");
            let token = request.headers.get("authorization");
            if !token.is_some_and(is_bearer) {
                self.record.depart(Departure::new(
                    "notification.token",
                    Rule::NotificationHeader,
                    step,
                    json!("Bearer …"),
                    text(token),
                    "the notification carries no bearer token, the page prints one".into(),
                ));
            }
        }
    }

    /// The method and the media type that a step prints.
    fn documented_head(&self, step: Option<usize>) -> (String, String) {
        let Some(Step::Notification(step)) = step.and_then(|step| self.record.steps().get(step))
        else {
            return ("POST".to_owned(), "application/json".to_owned());
        };
        let fields: Headers = step
            .headers
            .iter()
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        let media_type = fields.media_type();
        let media_type = media_type.unwrap_or_else(|| "application/json".to_owned());
        (step.method.clone(), media_type)
    }

    fn readable_body<'a>(
        &mut self,
        step: Option<usize>,
        request: &'a Request,
    ) -> Option<&'a Value> {
        self.record.check("notification.body");
        let expected = "a collection of changes under value";
        let (actual, message) = match &request.body {
            Payload::Json(body) if notice::collection(body).is_some() => return Some(body),
            Payload::Json(body) => (body.clone(), format!("the body is not {expected}")),
            Payload::Empty => (Value::Null, "the notification has no body".to_owned()),
            Payload::Text { .. } if self.take_text() => return None,
            Payload::Text { text, error } => (json!(text), format!("the body is no JSON: {error}")),
            Payload::Opaque(length) => (
                Value::Null,
                format!("the body is {length} bytes that cannot be read"),
            ),
        };
        self.has_unreadable = true;
        self.record.depart(Departure::new(
            "notification.body",
            Rule::NotificationBody,
            step,
            json!(expected),
            actual,
            message,
        ));
        None
    }

    /// Takes a text for a documented one: what it says is free.
    fn take_text(&mut self) -> bool {
        let index = self.position(|e| e.template.is_null());
        if let Some(index) = index {
            self.expected[index].is_done = true;
        }
        index.is_some()
    }

    /// Takes one entry for what it is about.
    pub(super) fn on_entry(&mut self, arrival: &Arrival) {
        let entry = arrival.entry.clone();
        let notice = Notice::read(&entry);
        let at = Pointer::root().key("value").index(arrival.index);
        self.record.check("notification.about");
        match notice.subject {
            Subject::Operation => self.on_operation(arrival, &notice, &at),
            Subject::Roster => self.on_roster(arrival, &notice, &at),
            Subject::Call => self.on_call(arrival, &notice, &at),
            Subject::Other if self.awaits_other(&notice) => self.on_other(&notice, &at),
            Subject::Other if notice.resource.is_none() && self.has_no_resource(&notice) => {
                let index = self.expected.iter().position(|e| !e.is_done);
                match index {
                    Some(index) => self.settle(index, &notice, &at),
                    None => self.unexpected(&notice, &at, "it names no resource"),
                }
            }
            Subject::Other => self.unexpected(&notice, &at, "it is about nothing of this API"),
        }
    }

    fn awaits_other(&self, notice: &Notice<'_>) -> bool {
        self.position(|e| e.subject == Subject::Other && e.change == notice.change)
            .is_some()
    }

    /// A notification of another API than the calling one: told by its change, its variables
    /// compared as the example has them.
    fn on_other(&mut self, notice: &Notice<'_>, at: &Pointer) {
        let index = self.position(|e| e.subject == Subject::Other && e.change == notice.change);
        if let Some(index) = index {
            let expected = self.expected[index].clone();
            self.settle(index, notice, at);
            self.correlate(expected.step, &expected.template, notice.entry, at);
        }
    }

    fn has_no_resource(&self, notice: &Notice<'_>) -> bool {
        ["resource", "resourceUrl"]
            .iter()
            .all(|name| lookup(notice.entry, name).is_none())
    }

    // --- operations ---------------------------------------------------------------------------

    fn on_operation(&mut self, arrival: &Arrival, notice: &Notice<'_>, at: &Pointer) {
        let waiting = self.position(|e| e.subject == Subject::Operation);
        let Some(id) = notice.operation() else {
            // No path, or a path that names no operation: what is left is what it says.
            match waiting {
                Some(index) => self.settle_operation(index, notice, at),
                None => self.unexpected(notice, at, "it names no operation"),
            }
            return;
        };
        if let Some(root) = self.known(Kind::Operation, id) {
            let index = self.position(|e| {
                e.subject == Subject::Operation
                    && e.operation
                        .as_deref()
                        .is_some_and(|o| self.record.bindings.root(o) == root)
            });
            if self.ended.contains(&root) {
                self.unexpected(notice, at, "the operation has ended already");
            } else if let Some(index) = index {
                if notice.is_end_of_operation() {
                    self.settle_operation(index, notice, at);
                } else {
                    self.judge_shape(None, notice, at);
                }
            } else {
                self.judge_shape(None, notice, at);
                if notice.is_end_of_operation() {
                    self.ended.insert(root);
                }
            }
        } else if self.outstanding.is_some() {
            self.held.push(arrival.clone());
        } else if let Some(index) = waiting
            && (self.names_the_call(index, notice) || self.has_no_operation_yet(index))
        {
            self.settle_operation(index, notice, at);
        } else {
            self.stray(notice, at, "the operation is none of this conversation");
        }
    }

    fn names_the_call(&self, index: usize, notice: &Notice<'_>) -> bool {
        let known = notice.call().and_then(|call| self.known_call(call));
        known.is_some() && known == self.expected_call(index)
    }

    /// Whether the answer has named no operation, so that the notification is the first to do so.
    fn has_no_operation_yet(&self, index: usize) -> bool {
        self.expected[index]
            .operation
            .as_deref()
            .is_none_or(|o| self.record.bindings.get(o).is_none())
    }

    /// Takes an entry for the documented end of an operation.
    fn settle_operation(&mut self, index: usize, notice: &Notice<'_>, at: &Pointer) {
        let expected = self.expected[index].clone();
        let step = expected.step;
        if notice.change != expected.change && notice.change == "updated" {
            // An end may still come as documented.
            let departure = change_departure(&expected, notice, at);
            self.expected[index].nearest = Some(departure);
            return;
        }
        self.settle(index, notice, at);
        let asked = self.asked.clone();
        if let Some(variable) = &expected.operation {
            let ids = [
                (
                    notice.operation().map(str::to_owned),
                    at.key(resource_name(notice)),
                ),
                (entity_id(notice), self.entity_pointer(notice, at).key("id")),
            ];
            self.record.check("operation.identity");
            for (id, pointer) in ids {
                let Some(id) = id else { continue };
                match self.record.bindings.get(variable).map(str::to_owned) {
                    None => self.record.bindings.bind(variable, id),
                    Some(bound) if identifier::same(&bound, &id) => {}
                    Some(bound) => {
                        let departure = Departure::new(
                            "operation.identity",
                            Rule::Correlation,
                            Some(step),
                            json!(bound),
                            json!(id),
                            format!("the operation is {id}, the answer named {bound}"),
                        );
                        self.record.depart(departure.at(pointer));
                        break;
                    }
                }
            }
            let root = self.record.bindings.root(variable).to_owned();
            self.ended.insert(root);
        }
        for entity in entities(notice.data()) {
            let pointer = self.entity_pointer(notice, at);
            self.judge_context(step, entity, &pointer);
            if asked.is_some() && !self.record.options.literal {
                self.judge_people(step, entity, &pointer);
            }
        }
    }

    fn entity_pointer(&self, notice: &Notice<'_>, at: &Pointer) -> Pointer {
        let pointer = at.key("resourceData");
        if notice.data().is_array() {
            pointer.index(0)
        } else {
            pointer
        }
    }

    // --- rosters ------------------------------------------------------------------------------

    fn on_roster(&mut self, arrival: &Arrival, notice: &Notice<'_>, at: &Pointer) {
        let call = notice.call().map(str::to_owned);
        let known = call.as_deref().and_then(|call| self.known_call(call));
        let index = self.position(|e| e.subject == Subject::Roster);
        let Some(index) = index else {
            match known {
                Some(_) => {}
                None if self.outstanding.is_some() => self.held.push(arrival.clone()),
                None => self.unexpected(notice, at, "the call is none of this conversation"),
            }
            return;
        };
        let is_on_the_call = known.is_some() && known == self.expected_call(index);
        if is_on_the_call || call.is_none() {
            self.settle_roster(index, notice, at);
        } else if known.is_some() {
            self.record.note(
                "a roster update came for another call of the conversation, which is no substitute",
            );
        } else if self.outstanding.is_some() {
            self.held.push(arrival.clone());
        } else if self.names_everybody(index, notice) {
            self.settle(index, notice, at);
        } else {
            self.stray(notice, at, "the call is none of this conversation");
        }
    }

    fn names_everybody(&mut self, index: usize, notice: &Notice<'_>) -> bool {
        self.invited_in_roster(index).iter().all(|(person, kind)| {
            people::member_naming(notice.data(), person, kind.as_deref()).is_some()
        })
    }

    /// The root of the call that a documented entry is about.
    fn expected_call(&self, index: usize) -> Option<String> {
        let call = self.expected[index].call.as_deref()?;
        Some(self.record.bindings.root(call).to_owned())
    }

    /// A roster update on the call. Together with those before it, it names each person invited,
    /// or the step stays open.
    fn settle_roster(&mut self, index: usize, notice: &Notice<'_>, at: &Pointer) {
        self.expected[index]
            .rosters
            .push((notice.entry.clone(), at.clone()));
        self.review_roster(index);
    }

    /// Looks again at the rosters that have come, now that more may be known of who is invited.
    pub(super) fn review_rosters(&mut self) {
        for index in 0..self.expected.len() {
            if !self.expected[index].is_done && !self.expected[index].rosters.is_empty() {
                self.review_roster(index);
            }
        }
    }

    fn review_roster(&mut self, index: usize) {
        self.record.check("roster.people");
        let invited = self.invited_in_roster(index);
        let rosters = self.expected[index].rosters.clone();
        let is_named = |(person, kind): &&(Person, Option<String>)| {
            rosters.iter().any(|(entry, _)| {
                let roster = Notice::read(entry).data();
                people::member_naming(roster, person, kind.as_deref()).is_some()
            })
        };
        let missing: Vec<String> = invited
            .iter()
            .filter(|person| !is_named(person))
            .map(|(person, _)| person.label())
            .collect();
        let Some((last, at)) = rosters.last() else {
            return;
        };
        if missing.is_empty() {
            for (entry, at) in &rosters {
                self.settle(index, &Notice::read(entry), at);
            }
            return;
        }
        let departure = Departure::new(
            "roster.people",
            Rule::Correlation,
            Some(self.expected[index].step),
            json!(missing),
            Notice::read(last).data().clone(),
            format!("the roster does not name {}", missing.join(", ")),
        );
        self.expected[index].nearest = Some(departure.at(at.key("resourceData")));
    }

    /// Whom a roster must name, each with the kind of identity that the page prints for them.
    fn invited_in_roster(&mut self, index: usize) -> Vec<(Person, Option<String>)> {
        let Some(asked) = self.asked.clone() else {
            return Vec::new();
        };
        let template = self.expected[index].template.clone();
        let printed = if self.record.options.literal {
            self.expected[index].printed.clone()
        } else {
            self.record.bindings.fill_json(&template)
        };
        let step = asked.step;
        let as_printed = self.record.steps()[step]
            .body()
            .and_then(|body| body.json())
            .map(|body| super::super::page::printed(self.record.script(), body));
        let asked_as_printed = people::people(as_printed.as_ref().unwrap_or(&Value::Null));
        let count = if self.only_first == Some(true) {
            1
        } else {
            asked.people.len()
        };
        asked.people[..count.min(asked.people.len())]
            .iter()
            .enumerate()
            .filter_map(|(at, person)| {
                let shown = if self.record.options.literal {
                    asked_as_printed.get(at)?
                } else {
                    person
                };
                let kind = printed_kind(&printed, shown);
                // Literally, equal characters under another kind of identity are another person.
                let is_asked_for =
                    !self.record.options.literal || kind.as_ref() == Some(&person.kind);
                is_asked_for.then(|| (person.clone(), kind))
            })
            .collect()
    }

    // --- calls --------------------------------------------------------------------------------

    fn on_call(&mut self, arrival: &Arrival, notice: &Notice<'_>, at: &Pointer) {
        let says_the_same = |e: &Expected| {
            e.subject == Subject::Call
                && e.change == notice.change
                && (e.word.is_none() || e.word == notice.word)
        };
        let Some(id) = notice.call().map(str::to_owned) else {
            match self.position(says_the_same) {
                Some(index) => self.settle(index, notice, at),
                None => self.unexpected(notice, at, "it names no call"),
            }
            return;
        };
        if let Some(root) = self.known_call(&id) {
            self.on_known_call(&root, notice, at);
        } else if self.outstanding.is_some() {
            self.held.push(arrival.clone());
        } else if let Some(index) = self.position(says_the_same) {
            let variable = self.expected[index].call.clone();
            if let Some(variable) = variable
                && self.record.bindings.get(&variable).is_none()
            {
                self.record.bindings.bind(&variable, id);
                let root = self.record.bindings.root(&variable).to_owned();
                self.on_known_call(&root, notice, at);
            } else {
                self.settle(index, notice, at);
            }
        } else if let Some(variable) = self.first_call_in_other_words(notice) {
            self.record.bindings.bind(&variable, id);
            let root = self.record.bindings.root(&variable).to_owned();
            self.on_known_call(&root, notice, at);
        } else {
            self.unexpected(notice, at, "the call is none of this conversation");
        }
    }

    /// The variable of a call that nothing has named yet, where a notification tells the documented
    /// state of it with another change.
    fn first_call_in_other_words(&self, notice: &Notice<'_>) -> Option<String> {
        let says_the_state =
            |e: &Expected| e.subject == Subject::Call && e.word.is_some() && e.word == notice.word;
        let variable = self.expected[self.position(says_the_state)?].call.clone()?;
        self.record
            .bindings
            .get(&variable)
            .is_none()
            .then_some(variable)
    }

    fn on_known_call(&mut self, root: &str, notice: &Notice<'_>, at: &Pointer) {
        let of_call = |judge: &Self, e: &Expected| {
            e.subject == Subject::Call
                && e.call
                    .as_deref()
                    .is_some_and(|call| judge.record.bindings.root(call) == root)
        };
        let index = self.position(|e| {
            of_call(self, e)
                && e.change == notice.change
                && (e.word.is_none() || e.word == notice.word)
        });
        let before = self.calls.get(root).copied();
        let rank = notice::rank(notice);
        let Some(rank) = rank else {
            let index = index.or_else(|| self.position(|e| of_call(self, e)));
            self.stateless_call(index, notice, at);
            return;
        };
        self.record.check("notification.order");
        let goes_back = before.is_some_and(|before| rank < before || notice.change == "created");
        if before == Some(words::ENDED) && index.is_none() {
            self.unexpected(notice, at, "the call has been deleted already");
        } else if goes_back {
            self.out_of_order(index, notice, at);
        } else {
            self.calls.insert(root.to_owned(), rank);
            if let Some(index) = index {
                self.settle(index, notice, at);
            } else if let Some(index) =
                self.position(|e| of_call(self, e) && e.word.is_some() && e.word == notice.word)
            {
                self.settle(index, notice, at);
            } else {
                self.judge_shape(None, notice, at);
            }
        }
    }

    /// An update of a call that tells no state, or no state that is listed.
    fn stateless_call(&mut self, index: Option<usize>, notice: &Notice<'_>, at: &Pointer) {
        let Some(index) = index else {
            self.judge_shape(None, notice, at);
            if notice.word.is_some() {
                let step = self.asked.as_ref().map(|asked| asked.step);
                let departure = self.no_listed_state(step, None, notice);
                let pointer = self.entity_pointer(notice, at).key("state");
                self.record.depart(departure.at(pointer));
            }
            return;
        };
        if notice.change.is_empty() {
            self.settle(index, notice, at);
            return;
        }
        let expected = &self.expected[index];
        let departure = self.no_listed_state(Some(expected.step), expected.word.as_deref(), notice);
        let pointer = self.entity_pointer(notice, at).key("state");
        if notice.word.is_some() {
            self.expected[index].is_done = true;
            self.record.depart(departure.at(pointer));
        } else {
            self.expected[index].nearest = Some(departure.at(pointer));
        }
    }

    fn no_listed_state(
        &self,
        step: Option<usize>,
        documented: Option<&str>,
        notice: &Notice<'_>,
    ) -> Departure {
        Departure::new(
            "notification.body",
            Rule::NotificationBody,
            step,
            documented.map_or_else(|| json!(words::STATES), |word| json!(word)),
            text(notice.word.as_deref()),
            "the call is in no state that is listed".into(),
        )
    }

    fn out_of_order(&mut self, index: Option<usize>, notice: &Notice<'_>, at: &Pointer) {
        let step = index.map(|index| self.expected[index].step);
        let state = notice.word.clone().unwrap_or_else(|| notice.change.clone());
        let departure = Departure::new(
            "notification.order",
            Rule::NotificationOrder,
            step,
            json!("incoming, establishing, established, terminated, deleted"),
            json!(state),
            format!("the call is {state} after it has gone further"),
        );
        self.record.depart(departure.at(at.clone()));
        if let Some(index) = index {
            self.expected[index].is_done = true;
        }
    }

    // --- all ----------------------------------------------------------------------------------

    /// The first documented entry that is still waited for and fits.
    fn position(&self, fits: impl Fn(&Expected) -> bool) -> Option<usize> {
        self.expected.iter().position(|e| !e.is_done && fits(e))
    }

    /// Takes an entry for a documented one: judges its call, its change, its word and its shape.
    fn settle(&mut self, index: usize, notice: &Notice<'_>, at: &Pointer) {
        self.record.check("notification.arrives");
        self.expected[index].is_done = true;
        self.expected[index].nearest = None;
        let expected = self.expected[index].clone();
        self.judge_path(&expected, notice, at);
        self.judge_call(&expected, notice, at);
        // A word that is listed for no moment is told by the comparison of shapes.
        let is_listed = words::is_listed(&notice.change, words::CHANGES);
        if is_listed && notice.change != expected.change {
            self.record.depart(change_departure(&expected, notice, at));
        }
        self.judge_word(&expected, notice, at);
        self.judge_direction(&expected, notice, at);
        self.judge_shape(Some(&expected), notice, at);
    }

    /// The path names a resource of the documented kind. A path that is printed sloppily is taken
    /// as printed, too.
    fn judge_path(&mut self, expected: &Expected, notice: &Notice<'_>, at: &Pointer) {
        if expected.subject == Subject::Other || self.has_no_resource(notice) {
            return;
        }
        let is_of_kind = match (&notice.resource, expected.subject) {
            (Some(Resource::Operation { .. }), Subject::Operation)
            | (Some(Resource::Participants(_) | Resource::Participant { .. }), Subject::Roster)
            | (Some(Resource::Call(_)), Subject::Call) => true,
            (Some(actual), _) => {
                let printed = Notice::read(&expected.printed).resource;
                printed.is_some_and(|printed| {
                    std::mem::discriminant(&printed) == std::mem::discriminant(actual)
                })
            }
            (None, _) => false,
        };
        if is_of_kind {
            return;
        }
        let name = resource_name(notice);
        let actual = notice.entry.get(name).cloned().unwrap_or_default();
        if !actual.is_string() {
            // The comparison of shapes tells that.
            return;
        }
        let departure = Departure::new(
            "notification.body",
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
        self.record.depart(departure.at(at.key(name)));
    }

    /// The call in the path is the one that the documented entry is about.
    fn judge_call(&mut self, expected: &Expected, notice: &Notice<'_>, at: &Pointer) {
        let (Some(variable), Some(actual)) = (&expected.call, notice.call()) else {
            return;
        };
        self.record.check("call.identity");
        match self.record.bindings.get(variable).map(str::to_owned) {
            None => self.record.bindings.bind(variable, actual),
            Some(bound) if identifier::same(&bound, actual) => {}
            Some(bound) => {
                let departure = Departure::new(
                    "call.identity",
                    Rule::Correlation,
                    Some(expected.step),
                    json!(bound),
                    json!(actual),
                    format!("the notification is about the call {actual}, expected is {bound}"),
                );
                self.record
                    .depart(departure.at(at.key(resource_name(notice))));
            }
        }
    }

    fn judge_word(&mut self, expected: &Expected, notice: &Notice<'_>, at: &Pointer) {
        let (Some(documented), Some(actual)) = (&expected.word, &notice.word) else {
            return;
        };
        let (name, listed) = match expected.subject {
            Subject::Operation => ("status", words::STATUSES),
            _ => ("state", words::STATES),
        };
        // A word that is listed for no moment is told by the comparison of shapes.
        if documented == actual || !words::is_listed(actual, listed) {
            return;
        }
        let departure = Departure::new(
            "notification.body",
            Rule::NotificationBody,
            Some(expected.step),
            json!(documented),
            json!(actual),
            format!("{name} is {actual}, documented is {documented}"),
        );
        let pointer = self.entity_pointer(notice, at).key(name);
        self.record.depart(departure.at(pointer));
    }

    /// The direction of a call is one thing at one moment, not any word that is listed.
    fn judge_direction(&mut self, expected: &Expected, notice: &Notice<'_>, at: &Pointer) {
        if expected.subject != Subject::Call {
            return;
        }
        let direction = |entry: &Value| -> Option<String> {
            let (_, data) = lookup(entry, "resourceData")?;
            let entity = entities(data).next()?;
            Some(lookup(entity, "direction")?.1.as_str()?.to_owned())
        };
        let (Some(documented), Some(actual)) =
            (direction(&expected.printed), direction(notice.entry))
        else {
            return;
        };
        let is_listed = ["incoming", "outgoing"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(&actual));
        if is_listed && !documented.eq_ignore_ascii_case(&actual) {
            let departure = Departure::new(
                "notification.body",
                Rule::NotificationBody,
                Some(expected.step),
                json!(documented),
                json!(actual),
                format!("direction is {actual}, documented is {documented}"),
            );
            let pointer = self.entity_pointer(notice, at).key("direction");
            self.record.depart(departure.at(pointer));
        }
    }

    /// The entry against the shape of its kind; of a roster, only the members that name somebody
    /// invited.
    fn judge_shape(&mut self, expected: Option<&Expected>, notice: &Notice<'_>, at: &Pointer) {
        let asked = self.asked.as_ref().map(|asked| asked.step);
        let step = expected.map(|e| e.step).or(asked);
        self.record.check("resource.one");
        if notice.is_torn {
            let departure = Departure::new(
                "resource.one",
                Rule::Correlation,
                step,
                notice.entry.get("resource").cloned().unwrap_or_default(),
                notice.entry.get("resourceUrl").cloned().unwrap_or_default(),
                "resource and resourceUrl name different things".into(),
            );
            self.record.depart(departure.at(at.key("resourceUrl")));
        }
        let kind = expected.map_or_else(|| notice.kind(), |e| e.kind.clone());
        let page = self.record.page.clone();
        let of_subject = || page.entry_about(notice.subject);
        let shape = page
            .entry(&kind)
            .or_else(|| of_subject().filter(|_| expected.is_none()));
        let Some(shape) = shape else {
            return;
        };
        let given = self.asked.as_ref().map_or(Value::Null, |a| a.body.clone());
        let root = family_of_subject(notice.subject);
        let rules = Rules {
            of_bot: false,
            given: &|name| gives(&given, name),
            odata_types: &|place| page.odata_types(root, place),
        };
        let free = match expected {
            Some(e) if e.subject == Subject::Roster => self.free_members(e, notice),
            None if notice.subject == Subject::Roster => return,
            _ => Vec::new(),
        };
        let mut found = compare(shape, notice.entry, rules, at);
        if expected.is_none() {
            // A further notification is well formed where what it says is.
            found.retain(|mismatch| !mismatch.kind.is_absence());
        }
        let members = at.key("resourceData");
        if let Some(e) = expected {
            self.drop_other_kinds(e, notice, &members, &mut found);
        }
        for index in free {
            let member = members.index(index);
            found.retain(|mismatch| mismatch.pointer != member);
            drop_below(&mut found, &member);
        }
        if notice.subject == Subject::Operation
            && entities(notice.data()).any(|entity| self.misnames(entity))
        {
            drop_below(
                &mut found,
                &self.entity_pointer(notice, at).key("participants"),
            );
        }
        let line = expected.map(|e| e.line);
        self.record.depart_all(
            found,
            Rule::NotificationBody,
            "notification.body",
            step,
            line,
        );
    }

    /// A person who is named under the invited kind of identity where the page prints another: what
    /// else stands in such an identity no example of this person shows.
    fn drop_other_kinds(
        &mut self,
        expected: &Expected,
        notice: &Notice<'_>,
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
            let named = people::member_naming(notice.data(), &person, None);
            if let (Some(_), Some((at, _))) = (other, named) {
                let member = members.index(at);
                let identity = member.key("info").key("identity").key(&person.kind);
                drop_below(found, &identity);
            }
        }
    }

    /// The members of a roster that name nobody invited: surplus, and not judged.
    fn free_members(&mut self, expected: &Expected, notice: &Notice<'_>) -> Vec<usize> {
        let Some(index) = self
            .expected
            .iter()
            .position(|e| e.step == expected.step && e.printed == expected.printed)
        else {
            return Vec::new();
        };
        let invited = self.invited_in_roster(index);
        let named: Vec<usize> = invited
            .iter()
            .filter_map(|(person, kind)| {
                people::member_naming(notice.data(), person, kind.as_deref()).map(|(at, _)| at)
            })
            .collect();
        (0..entities(notice.data()).count())
            .filter(|index| !invited.is_empty() && !named.contains(index))
            .collect()
    }

    /// A notification about something else, which may be one that is then missing.
    fn stray(&mut self, notice: &Notice<'_>, at: &Pointer, why: &str) {
        self.strays += 1;
        self.unexpected(notice, at, why);
    }

    fn unexpected(&mut self, notice: &Notice<'_>, at: &Pointer, why: &str) {
        let named = ["resource", "resourceUrl"]
            .iter()
            .find_map(|name| lookup(notice.entry, name));
        let actual = named.map_or_else(|| notice.entry.clone(), |(_, value)| value.clone());
        let departure = Departure::new(
            "notification.about",
            Rule::NotificationUnexpected,
            None,
            Value::Null,
            actual,
            format!("a notification that nothing asks for: {why}"),
        );
        self.record.depart(departure.at(at.clone()));
    }

    /// Says what did not come: the nearest of what came, or that nothing did.
    pub(super) fn notifications_missing(&mut self) {
        let deadline = self.record.options.deadline;
        let mut first = true;
        for expected in self.expected.clone() {
            if expected.is_done {
                continue;
            }
            if let Some(nearest) = expected.nearest {
                self.record.depart(nearest);
                continue;
            }
            let what = describe(&expected);
            if self.has_unreadable || self.strays > 0 {
                self.strays = self.strays.saturating_sub(1);
                self.record.note(format!(
                    "{what} did not come, or not so that it can be known"
                ));
                continue;
            }
            let message = format!("{what} did not come within {deadline:?}");
            if first {
                first = false;
                let mut departure = Departure::new(
                    "notification.arrives",
                    Rule::NotificationMissing,
                    Some(expected.step),
                    expected.printed.clone(),
                    Value::Null,
                    message,
                );
                departure.line = Some(expected.line);
                self.record.depart(departure);
            } else {
                self.record.note(message);
            }
        }
    }
}

/// Whether a value of `Authorization` is a bearer token (RFC 6750 section 2.1).
pub(in crate::logic::judge) fn is_bearer(value: &str) -> bool {
    value.split_once(' ').is_some_and(|(scheme, token)| {
        scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()
    })
}

fn change_departure(expected: &Expected, notice: &Notice<'_>, at: &Pointer) -> Departure {
    Departure::new(
        "notification.body",
        Rule::NotificationBody,
        Some(expected.step),
        json!(expected.change),
        json!(notice.change),
        format!(
            "changeType is {}, documented is {}",
            notice.change, expected.change
        ),
    )
    .at(at.key("changeType"))
}

/// The name of the property that names the resource.
fn resource_name(notice: &Notice<'_>) -> &'static str {
    if lookup(notice.entry, "resource").is_some() {
        "resource"
    } else {
        "resourceUrl"
    }
}

fn entity_id(notice: &Notice<'_>) -> Option<String> {
    let entity = entities(notice.data()).next()?;
    Some(lookup(entity, "id")?.1.as_str()?.to_owned())
}

/// The kind of identity under which a printed roster shows a person.
fn printed_kind(printed: &Value, person: &Person) -> Option<String> {
    entities(&lookup(printed, "resourceData")?.1.clone()).find_map(|member| {
        let (_, info) = lookup(member, "info")?;
        let (_, identity) = lookup(info, "identity")?;
        identity
            .as_object()?
            .keys()
            .find(|kind| person.is_named_under(identity, kind))
            .cloned()
    })
}

/// What a documented entry tells, for people.
fn describe(expected: &Expected) -> String {
    let what = match expected.subject {
        Subject::Call => "the call",
        Subject::Operation => "the operation",
        Subject::Roster => "the roster",
        Subject::Other => "the notification",
    };
    let how = expected.word.as_deref().unwrap_or(&expected.change);
    format!("{what} {how}: the notification")
}

/// The path that an entry's resource has, for the bot's judge, which corrects sloppy ones.
pub(in crate::logic::judge) fn roster_path(path: &str) -> Option<String> {
    match Resource::parse(path)? {
        Resource::Participants(_) => None,
        Resource::Operation { call, .. } => {
            let end = path.find(&call)? + call.len();
            Some(format!("{}/participants", &path[..end]))
        }
        _ => None,
    }
}
