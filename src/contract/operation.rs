//! The operations of the calling API, read from `data/operations.toml`.
//!
//! A row has the requirements that the pages state only in prose: required parameters, limits and effects.
//! Parameters, types and documented statuses are extracted from the pages ([`super::extracted`]).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use super::effect::{Effect, Endless, Wanted, Who};
use super::extracted;
use super::extracted::extracted;
use super::requirement::Requirement;
use super::tables::tables;
pub(crate) use super::target::{Ids, is_same_target, methods, of_path, of_request};
use crate::api::resource;

/// One documented request with its effects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "OperationRow")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of a row, by itself"
)]
pub(crate) struct Operation {
    /// The name in reports and filters: `invite`, `playPrompt`.
    pub name: String,
    /// The method and the path, such as `POST calls/{call}/mute`. The path ignores case.
    pub request: Request,
    /// Other names of the action, as the last segment of the path.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The file names of the pages that document the operation, without `.md`.
    pub pages: Vec<String>,
    /// The resource type of the whole request body; absent if the body has parameters.
    #[serde(default)]
    pub body: Option<String>,
    /// The parameters that a request must have. `prompts/mediaInfo/uri` is required in each of the prompts, if there are
    /// prompts.
    #[serde(default)]
    pub required: Vec<String>,
    /// Required parameters that older editions do not require. The value is the first edition that requires them.
    #[serde(default)]
    pub required_since: IndexMap<String, String>,
    /// The limits of parameters.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// The allowed words of parameters.
    #[serde(default)]
    pub words: Vec<Words>,
    /// The place of the people in the request, as a JSON pointer. They are participants with an identity.
    #[serde(default)]
    pub people: Option<String>,
    /// True if the request creates a call.
    #[serde(default)]
    pub creates_call: bool,
    /// True if a bot may send the request at any time during the call.
    #[serde(default)]
    pub anytime: bool,
    /// True if a bot may repeat the same request.
    #[serde(default)]
    pub repeatable: bool,
    /// The state of the call that the request needs.
    #[serde(default)]
    pub takes: Taken,
    /// The resource type of the response body; absent if the response has no body.
    #[serde(default)]
    pub answer: Option<String>,
    /// The properties of the response that only repeat the request. They may be absent if the request does not have them.
    #[serde(default)]
    pub echoes: Vec<String>,
    /// Documented statuses that are printed only on pages of other operations, by API version.
    #[serde(default)]
    pub statuses: IndexMap<String, Vec<u16>>,
    /// The statuses of documented responses that have a `Location` and no body, by API version.
    #[serde(default)]
    pub empty_answers: IndexMap<String, Vec<u16>>,
    /// True if the response is a collection: the items in `value` have the type `answer`.
    #[serde(default)]
    pub is_list: bool,
    /// The properties of the completed comms operation with which the bot fetches the result.
    #[serde(default)]
    pub result: Vec<String>,
    /// The operations that the request stops: even an endless comms operation of theirs must end.
    #[serde(default)]
    pub stops: Vec<String>,
    /// The effects that must follow from the request.
    #[serde(default)]
    pub effects: Vec<Effect>,
}

/// The method and the path of an operation, below the prefix of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Request {
    pub method: String,
    pub path: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    /// The role of an identifier: `call`, `participant`.
    Id(String),
}

/// A limit for the number of items of an array, for the number of characters of a string, or for a number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Limit {
    /// The place of the array, the string or the number, as a JSON pointer.
    pub at: String,
    /// The minimum.
    #[serde(default)]
    pub least: usize,
    /// The maximum.
    pub most: usize,
    /// The requirement that a value beyond the limit breaks.
    pub requirement: Requirement,
    /// The lines that state the limit, by the files of their pages.
    #[serde(default)]
    pub lines: IndexMap<String, usize>,
}

/// The allowed words of a parameter. Case is ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// The place of the parameter, as a JSON pointer.
    pub at: String,
    /// The allowed words.
    pub of: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Taken {
    /// Any call that has not ended.
    #[default]
    Any,
    /// An incoming call that has not been answered.
    Incoming,
}

impl TryFrom<String> for Request {
    type Error = NoRequest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let Some((method, path)) = text.split_once(' ') else {
            return Err(NoRequest(text));
        };
        let path = path.split('/').map(|segment| {
            let id = segment
                .strip_prefix('{')
                .and_then(|it| it.strip_suffix('}'));
            id.map_or_else(
                || Segment::Literal(segment.to_owned()),
                |role| Segment::Id(role.to_owned()),
            )
        });
        Ok(Self {
            method: method.to_owned(),
            path: path.collect(),
        })
    }
}

/// A row whose `request` has no method or no path.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a method and a path, such as `POST calls/{{call}}/answer`")]
pub(crate) struct NoRequest(String);

impl Operation {
    /// The row of an operation that has only a page and no row in the table. `None` if its path is not below `calls`.
    pub(super) fn derived(printed: &extracted::Operation) -> Option<Self> {
        let mut below: Vec<&str> = resource::below_prefix(printed.paths.first()?)?;
        let mut path: Vec<Segment> = Vec::new();
        let mut name = String::new();
        for segment in below.drain(..) {
            path.push(if segment.starts_with('{') {
                Segment::Id(match path.as_slice() {
                    [_] => "call".to_owned(),
                    _ => name.trim_end_matches('s').to_owned(),
                })
            } else {
                segment.clone_into(&mut name);
                Segment::Literal(segment.to_owned())
            });
        }
        if printed.method != "POST" || path.len() == 1 {
            name.clone_from(&printed.page);
        }
        let answer = printed
            .answers
            .iter()
            .filter(|it| (200..300).contains(&it.status));
        let typed = answer
            .clone()
            .find(|it| it.resource.as_deref().is_some_and(|it| it != "None"));
        let empty = answer.filter(|it| it.resource.as_deref() == Some("None"));
        let empty = empty.map(|it| it.status);
        let mut row = Self {
            name,
            request: Request {
                method: printed.method.clone(),
                path,
            },
            aliases: Vec::new(),
            pages: vec![printed.page.clone()],
            body: printed.body.clone(),
            required: Vec::new(),
            required_since: IndexMap::new(),
            limits: Vec::new(),
            words: Vec::new(),
            people: None,
            takes: Taken::Any,
            answer: typed.and_then(|it| it.resource.clone()),
            echoes: Vec::new(),
            statuses: IndexMap::new(),
            creates_call: false,
            anytime: false,
            repeatable: false,
            empty_answers: IndexMap::from([(printed.api.clone(), empty.collect())]),
            is_list: typed.is_some_and(|it| it.collection),
            result: Vec::new(),
            stops: Vec::new(),
            effects: Vec::new(),
        };
        if row.comms_operation().is_some() && !row.is_read() {
            row.effects.push(Effect::OperationEnds {
                endless_if: Endless::Never,
            });
        }
        Some(row)
    }

    /// The parameters that a request of this edition must have. `None` is the newest edition.
    pub(crate) fn required(&self, edition: Option<&str>) -> impl Iterator<Item = &str> {
        let since = self.required_since.iter();
        let since = since.filter(move |(_, since)| edition.is_none_or(|it| it >= since.as_str()));
        let since = since.map(|(name, _)| name.as_str());
        self.required.iter().map(String::as_str).chain(since)
    }

    /// True if a page of this API version, or of any, documents an answer with this status that has no body.
    pub(crate) fn may_be_empty(&self, api: Option<&str>, status: u16) -> bool {
        of_version(&self.empty_answers, api).any(|it| it == status)
    }

    /// The API versions whose pages document the operation.
    pub(crate) fn versions(&self) -> Vec<&'static str> {
        let printed = extracted().operations.iter();
        let printed = printed.filter(|it| self.pages.contains(&it.page));
        let mut versions: Vec<_> = printed.map(|it| it.api.as_str()).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    }

    /// The type of the comms operation in the response, if there is one.
    pub(crate) fn comms_operation(&self) -> Option<&str> {
        let answer = self.answer.as_deref()?;
        answer.ends_with("Operation").then_some(answer)
    }

    /// True if the response names a call or a comms operation that the request created.
    pub(crate) fn makes_something(&self) -> bool {
        self.creates_call || (self.comms_operation().is_some() && !self.is_read())
    }

    /// True if the request ends its call.
    pub(crate) fn ends_call(&self) -> bool {
        self.effects.contains(&Effect::CallEnds)
    }

    /// True if the request moves its call, which ends then or is established again.
    pub(crate) fn moves_call(&self) -> bool {
        let mut effects = self.effects.iter();
        effects.any(|it| matches!(it, Effect::CallMoves { .. }))
    }

    /// True if the request changes nothing.
    pub(crate) fn is_read(&self) -> bool {
        self.request.method == "GET"
    }

    /// True if its path names an item of the list that the other operation returns.
    pub(crate) fn is_item_of(&self, list: &Self) -> bool {
        let rest = self.request.path.strip_prefix(list.request.path.as_slice());
        list.is_list && matches!(rest, Some([Segment::Id(_)]))
    }

    /// True if its path names a participant.
    pub(crate) fn is_about_participant(&self) -> bool {
        self.roles().any(|role| role == "participant")
    }

    /// True if its path is that of the other request, or that of an item in the collection at that path.
    pub(super) fn is_of_item(&self, other: &Request) -> bool {
        let rest = self.request.path.strip_prefix(other.path.as_slice());
        matches!(rest, Some([] | [Segment::Id(_)]))
    }

    /// The roles of the identifiers in its path.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &str> {
        self.request.path.iter().filter_map(|it| match it {
            Segment::Id(role) => Some(role.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The identifier with a role in the path of a request of this operation.
    pub(crate) fn id_of<'t>(&self, target: &'t str, role: &str) -> Option<&'t str> {
        let path = resource::below_prefix(target)?;
        let mut segments = self.request.path.iter().zip(path);
        segments.find_map(|(segment, id)| {
            let is_it = matches!(segment, Segment::Id(other) if other == role);
            is_it.then_some(id)
        })
    }
}

/// The table of operations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "confcall operations")]
pub(crate) struct Operations {
    /// The address of the JSON Schema of this format, for editors.
    #[serde(rename = "$schema", default)]
    #[expect(dead_code, reason = "editors read it")]
    schema: Option<String>,
    /// The limits of the parameters of every operation.
    #[serde(default)]
    pub limit: Vec<Limit>,
    /// A row for each operation.
    pub operation: Vec<Operation>,
}

/// Every operation, in the order of the table.
pub(crate) fn operations() -> &'static [Operation] {
    &tables().operations
}

/// The limits of the parameters of every operation.
pub(crate) fn common_limits() -> &'static [Limit] {
    &tables().limits
}

/// The operation with this name.
pub(crate) fn named(name: &str) -> Option<&'static Operation> {
    operations().iter().find(|it| it.name == name)
}

/// The statuses of one API version, or of all.
fn of_version(
    statuses: &IndexMap<String, Vec<u16>>,
    api: Option<&str>,
) -> impl Iterator<Item = u16> {
    let documented = statuses
        .iter()
        .filter(move |(version, _)| api.is_none_or(|api| api == version.as_str()));
    documented.flat_map(|(_, statuses)| statuses.iter().copied())
}

/// The success statuses that the pages document, for one API version or for both; empty if no page prints one.
pub(crate) fn statuses(operation: &Operation, api: Option<&str>) -> Vec<u16> {
    let documented = extracted()
        .operations
        .iter()
        .filter(|it| operation.pages.contains(&it.page) && api.is_none_or(|api| it.api == api));
    let answers = documented.flat_map(|it| &it.answers);
    let mut statuses: Vec<u16> = answers
        .map(|it| it.status)
        .filter(|it| (200..300).contains(it))
        .collect();
    if !statuses.is_empty() {
        statuses.extend(of_version(&operation.statuses, api));
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_one_operation_cites_the_pages_that_state_it() {
        let limits = operations().iter().flat_map(|it| &it.limits);
        for limit in limits.filter(|it| it.requirement == Requirement::ParameterRange) {
            assert!(!limit.lines.is_empty(), "{limit:?}");
        }
    }
}
