//! Changes of the request: paths, method, permissions, headers, parameters. Also changes of the properties of a
//! resource type, whose tables have the same form.

use std::collections::BTreeSet;

use crate::api::resource;
use crate::contract::extracted::Kind;
use crate::contract::types;

use super::super::change::ChangeKind as K;
use super::super::change::{Change, Effect};
use super::super::page::{Page, Parameter, Path};
use super::super::sample;
use super::super::scope::Scope;
use super::super::tables;
use super::super::tables::{Header, Permissions};
use super::matched::{Matched, matched, matched_by};
use super::{Pair, Side, TO_BOT};

pub(super) fn compare(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    paths(pair, changes);
    permissions(pair, changes);
    headers(pair, changes);
    parameters(pair, changes);
}

fn paths(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let (old, new) = (pair.old, pair.new);
    let first = |page: &Page| page.paths.first().map(|it| it.line);
    let find = |paths: &'_ [Path], path: &Path| {
        let key = key(&path.text);
        paths.iter().find(|it| self::key(&it.text) == key).cloned()
    };
    if let (Some(before), Some(after)) = (&old.method, &new.method)
        && before != after
    {
        let change = Change::new(K::MethodChanged, TO_BOT, "method", "").values(before, after);
        let change = change.within(Scope::Operation);
        changes.push(change.at(first(old), first(new)));
    }
    for path in &old.paths {
        let Some(other) = find(&new.paths, path) else {
            let change = Change::new(K::PathRemoved, TO_BOT, "path", &path.text);
            let change = change.within(request_to(old, path));
            let change = change.at(Some(path.line), first(new));
            changes.push(match (path.is_deprecated, old.api == new.api) {
                (true, true) => change.remark("it was deprecated"),
                (_, false) => change.remark(format!(
                    "{} does not have it, so a bot that moves from {} must use another",
                    new.api, old.api
                )),
                _ => change,
            });
            continue;
        };
        let kind = match (path.is_deprecated, other.is_deprecated) {
            (false, true) => K::PathDeprecated,
            (true, false) => K::PathRestored,
            _ => continue,
        };
        let change = Change::new(kind, Effect::Compatible, "path", &path.text);
        let change = change.within(request_to(old, path));
        changes.push(change.at(Some(path.line), Some(other.line)));
    }
    for path in new.paths.iter().filter(|it| find(&old.paths, it).is_none()) {
        let change = Change::new(K::PathAdded, Effect::Compatible, "path", &path.text);
        let change = change.within(request_to(new, path));
        changes.push(change.at(first(old), Some(path.line)));
    }
}

/// True if the operation has another method or no path in common.
pub(super) fn has_moved(pair: &Pair<'_>) -> bool {
    let (old, new) = (pair.old, pair.new);
    let keys =
        |page: &Page| -> BTreeSet<String> { page.paths.iter().map(|it| key(&it.text)).collect() };
    let methods = old.method.as_ref().zip(new.method.as_ref());
    methods.is_some_and(|(one, other)| one != other || keys(old).is_disjoint(&keys(new)))
}

/// The requests to a path of a page.
fn request_to(page: &Page, path: &Path) -> Scope {
    let method = page.method.as_deref().unwrap_or_default();
    Scope::Request(format!("{method} {}", sample::shape_of(&path.text)))
}

/// A path without host and version; placeholders have no names.
pub(super) fn key(path: &str) -> String {
    let version = resource::version_of(path);
    let parts = resource::path_of(path).split('/');
    let parts = parts.filter(|part| !part.is_empty() && Some(*part) != version);
    let parts: Vec<_> = parts
        .map(|part| {
            if part.contains('{') {
                "{}".to_owned()
            } else {
                resource::action_name(part).to_lowercase()
            }
        })
        .collect();
    parts.join("/")
}

fn permissions(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let has = |it: &Permissions, name: &str| {
        let mut names = it.names.iter();
        let mut fragments = it.fragments.iter();
        names.any(|other| other.eq_ignore_ascii_case(name))
            || fragments.any(|fragment| {
                fragment.len() > 3 && name.split('.').any(|it| it.eq_ignore_ascii_case(fragment))
            })
    };
    let find = |page: &'_ Page, account| {
        let mut rows = page.permissions.iter();
        rows.find(|it| it.account == account).cloned()
    };
    let first = |page: &Page| page.permissions.first().map(|it| it.line);
    let permission = |kind, effect, of: &Permissions, name: &str| {
        let change = Change::new(kind, effect, of.account.as_str(), name);
        change.within(Scope::Operation)
    };
    for old in &pair.old.permissions {
        let new = find(pair.new, old.account);
        let line = new.as_ref().map(|it| it.line).or(first(pair.new));
        // A row without names is damaged, or says in words that nothing is needed.
        let effect = match &new {
            Some(new) if new.are_free => Effect::Compatible,
            _ => TO_BOT,
        };
        let is_gone = |name: &&String| new.as_ref().is_none_or(|new| !has(new, name));
        let gone = old.names.iter().filter(is_gone);
        changes.extend(gone.map(|name| {
            permission(K::PermissionRemoved, effect, old, name).at(Some(old.line), line)
        }));
    }
    for new in &pair.new.permissions {
        let old = find(pair.old, new.account);
        let line = old.as_ref().map(|it| it.line).or(first(pair.old));
        let is_come = |name: &&String| old.as_ref().is_none_or(|old| !has(old, name));
        let were_free = old.as_ref().is_some_and(|it| it.are_free);
        changes.extend(new.names.iter().filter(is_come).map(|name| {
            let at = |change: Change| change.at(line, Some(new.line));
            if were_free {
                let change = permission(K::PermissionAdded, TO_BOT, new, name);
                at(change.remark("none was needed before"))
            } else {
                at(permission(
                    K::PermissionAdded,
                    Effect::Compatible,
                    new,
                    name,
                ))
            }
        }));
    }
}

fn headers(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let (old, new) = (&pair.old.headers, &pair.new.headers);
    let matched = matched_headers(pair);
    let first = |headers: &[Header]| headers.first().map(|it| it.line);
    let is_named = |it: &Header| tables::is_header_name(&it.name);
    for (index, header) in old.iter().enumerate() {
        match matched.of_old(index).map(|index| &new[index]) {
            Some(other) => changed_header(pair, header, other, changes),
            None if is_named(header) => {
                let (name, line) = (&header.name, Some(header.line));
                let change = Change::new(K::RequestHeaderRemoved, Effect::Compatible, HEADER, name);
                let change = change.within(header_field(name));
                changes.push(change.at(line, first(new)));
            }
            None => {}
        }
    }
    for (index, header) in new.iter().enumerate() {
        if matched.of_new(index).is_none() && is_named(header) {
            // A body needs its media type (RFC 9110 section 8.3).
            let is_required = is_media_type(&header.name)
                || pair.requires(Side::New, &header.description) == Some(true);
            let effect = if is_required && !pair.has_no_old_contract() {
                TO_BOT
            } else {
                Effect::Compatible
            };
            let change = Change::new(K::RequestHeaderAdded, effect, HEADER, &header.name);
            let change = change.within(Scope::Operation);
            changes.push(change.at(first(old), Some(header.line)));
        }
    }
}

fn changed_header(pair: &Pair<'_>, old: &Header, new: &Header, changes: &mut Vec<Change>) {
    let change = |effect, before: &str, after: &str| {
        let change = Change::new(K::RequestHeaderChanged, effect, HEADER, &new.name);
        let change = change.values(before, after).within(header_field(&new.name));
        change.at(Some(old.line), Some(new.line))
    };
    if let (Some(before), Some(after)) = (&old.media_type, &new.media_type)
        && before != after
    {
        changes.push(change(TO_BOT, before, after));
    }
    let is_required = [
        pair.requires(Side::Old, &old.description),
        pair.requires(Side::New, &new.description),
    ];
    if pair.has_one_language() {
        changes.extend(match is_required {
            [Some(false), Some(true)] => Some(change(TO_BOT, "optional", "required")),
            [Some(true), Some(false)] => Some(change(Effect::Compatible, "required", "optional")),
            _ => None,
        });
    }
}

fn is_media_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

/// The subjects of changes.
pub(super) const HEADER: &str = "request header";
pub(super) const PARAMETER: &str = "parameter";

/// Requests with a header field. The media type follows from the body, so any request of the operation may have it.
fn header_field(name: &str) -> Scope {
    if is_media_type(name) {
        return Scope::Operation;
    }
    Scope::Header {
        part: "request",
        name: name.to_owned(),
    }
}

pub(super) fn matched_headers(pair: &Pair<'_>) -> Matched {
    let is_damaged = |it: &Header| !tables::is_header_name(&it.name);
    matched(
        [&pair.old.headers, &pair.new.headers],
        |one, other| one.name.eq_ignore_ascii_case(&other.name),
        |one, other| is_damaged(one) || is_damaged(other),
    )
}

fn parameters(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let (old, new) = (&pair.old.parameters, &pair.new.parameters);
    let matched = matched_parameters(pair);
    let Some(subject) = parameter_subject(pair) else {
        return;
    };
    // The parameters of a text that documents neither an operation nor a type are not known.
    let is_known = |page: &Page| page.method.is_some() || page.resource.is_some();
    if !is_known(pair.old) || !is_known(pair.new) {
        return;
    }
    let first = |all: &[Parameter]| {
        let mut listed = all.iter().filter(|it| it.is_listed);
        listed.next().map(|it| it.line)
    };
    let is_template = pair.new.resource.is_some();
    // The examples of an operation show parameters; only its table or a template declares them.
    let is_declared =
        |it: &Parameter| it.is_named() && (it.is_listed || is_template && it.is_shown);
    for (index, one) in old.iter().enumerate() {
        match matched.of_old(index).map(|index| &new[index]) {
            // A row without a partner may have its name in another language.
            Some(other) if one.is_listed && !other.is_listed && !is_template => {
                let mut rows = new.iter().enumerate();
                let is_open = |(index, it): (usize, &Parameter)| {
                    let may_be_translated = !it.is_named() || !pair.has_one_language();
                    may_be_translated && !it.is_shown && matched.of_new(index).is_none()
                };
                if rows.any(is_open) {
                    continue;
                }
                let effect = Effect::Compatible;
                let change = Change::new(K::ParameterRemoved, effect, &subject, &one.name);
                let change = change.within(shown(pair, &one.name));
                let change = change.at(Some(one.line), first(new));
                changes.push(change.remark("the examples still show it"));
            }
            Some(other) => changed(pair, &subject, one, other, changes),
            None if is_declared(one) => {
                let change = Change::new(K::ParameterRemoved, TO_BOT, &subject, &one.name);
                let change = change.within(shown(pair, &one.name));
                changes.push(change.at(Some(one.line), first(new)));
            }
            None => {}
        }
    }
    for (index, other) in new.iter().enumerate() {
        let known = matched.of_new(index).map(|index| &old[index]);
        let is_known = known.is_some_and(|it| it.is_listed || is_template || !other.is_listed);
        if !is_known && is_declared(other) {
            let is_required = pair.requires(Side::New, &other.description);
            let effect = if is_required == Some(true) {
                TO_BOT
            } else {
                Effect::Compatible
            };
            let change = Change::new(K::ParameterAdded, effect, &subject, &other.name);
            let change = change.within(missing(pair));
            changes.push(change.at(first(old), Some(other.line)));
        }
    }
}

/// The lines of parameters and properties that only the new text has, apart from required ones.
pub(super) fn added_parameters(pair: &Pair<'_>) -> BTreeSet<usize> {
    let matched = matched_parameters(pair);
    let rows = pair.new.parameters.iter().enumerate();
    let is_added = |(index, it): &(usize, &Parameter)| {
        matched.of_new(*index).is_none() && pair.requires(Side::New, &it.description) != Some(true)
    };
    rows.filter(is_added).map(|(_, it)| it.line).collect()
}

pub(super) fn matched_parameters(pair: &Pair<'_>) -> Matched {
    let (old, new) = (&pair.old.parameters, &pair.new.parameters);
    let is_foreign = |it: &Parameter, own: &[Parameter], other: &str| {
        let mut own = own.iter();
        !it.is_named()
            || !it.is_shown && own.any(|own| own.is_shown && own.name.eq_ignore_ascii_case(other))
    };
    let is_named = |one: &Parameter, other: &Parameter| one.name.eq_ignore_ascii_case(&other.name);
    // A translated name stays the same in its language. Rows of which the JSON shows the names have those.
    let is_printed = |one: &Parameter, other: &Parameter| {
        let is_open = !one.is_shown || !other.is_shown;
        let is_equal = one.printed.is_some() && one.printed == other.printed;
        is_open && is_equal && pair.has_one_language()
    };
    let is_damaged = |one: &Parameter, other: &Parameter| {
        let is_damaged = is_foreign(one, old, &other.name) || is_foreign(other, new, &one.name);
        let is_typed = one.kind.zip(other.kind).is_none_or(|(a, b)| a == b);
        let is_linked = one.pages.is_empty() == other.pages.is_empty();
        one.is_listed && other.is_listed && is_damaged && is_typed && is_linked
    };
    // The JSON of a type declares its properties; that of an example does not.
    let is_declared = |one: &Parameter, other: &Parameter| {
        is_named(one, other) && (pair.new.resource.is_some() || one.is_listed && other.is_listed)
    };
    matched_by(
        [old, new],
        &[&is_declared, &is_printed, &is_named, &is_damaged],
    )
}

/// The subject of changes of parameters. `None` for an operation and a type, which have nothing in common.
pub(super) fn parameter_subject(pair: &Pair<'_>) -> Option<String> {
    match (&pair.old.resource, &pair.new.resource) {
        (Some(_), Some(name)) => Some(format!("property of {name}")),
        (None, None) => Some(PARAMETER.to_owned()),
        _ => None,
    }
}

/// The subject of changes of the words of a parameter.
pub(super) fn words_subject(subject: &str, name: &str) -> String {
    format!("{subject} `{name}`, word")
}

fn changed(
    pair: &Pair<'_>,
    subject: &str,
    old: &Parameter,
    new: &Parameter,
    changes: &mut Vec<Change>,
) {
    let at = |change: Change| change.at(Some(old.line), Some(new.line));
    let name = if old.is_shown { &old.name } else { &new.name };
    if let Some((before, after)) = types_of(pair, old, new) {
        let change = Change::new(K::ParameterTypeChanged, TO_BOT, subject, name);
        let change = change.within(shown(pair, name));
        changes.push(at(change.values(before, after)));
    }
    let is_required = [
        pair.requires(Side::Old, &old.description),
        pair.requires(Side::New, &new.description),
    ];
    if pair.has_one_language() && old.is_listed && new.is_listed {
        let change = |kind, effect| {
            let change = Change::new(kind, effect, subject, name);
            at(change.within(missing(pair)))
        };
        changes.extend(match is_required {
            [Some(false), Some(true)] => Some(change(K::ParameterRequired, TO_BOT)),
            [Some(true), Some(false)] => Some(change(K::ParameterOptional, Effect::Compatible)),
            _ => None,
        });
    }
    words(pair, subject, name, [old, new], changes);
}

fn words(
    pair: &Pair<'_>,
    subject: &str,
    name: &str,
    [old, new]: [&Parameter; 2],
    changes: &mut Vec<Change>,
) {
    let at = |change: Change| change.at(Some(old.line), Some(new.line));
    let is_parameter = pair.new.resource.is_none();
    let effect = if is_parameter {
        TO_BOT
    } else {
        Effect::Compatible
    };
    // A translation may lose the form of a list, and an example has one word of it.
    let are_comparable = pair.has_one_language()
        && [old, new]
            .iter()
            .all(|it| it.is_listed && it.are_words_listed);
    let (before, after) = if are_comparable {
        (words_beside(old, new), words_beside(new, old))
    } else {
        (old.words.clone(), new.words.clone())
    };
    if before.is_empty() || after.is_empty() {
        if are_comparable && before != after {
            let (kind, effect, listed, remark) = if before.is_empty() {
                let remark = "any text was allowed before";
                (K::LimitAdded, effect, &after, remark)
            } else {
                let remark = "any text is allowed now";
                (K::LimitRemoved, Effect::Compatible, &before, remark)
            };
            let subject = words_subject(subject, name);
            let change = Change::new(kind, effect, &subject, &listed.join("`, `"));
            let change = change.remark(remark).within(shown(pair, name));
            changes.push(at(change));
        }
        return;
    }
    let lower = |words: &[String]| -> BTreeSet<String> {
        words.iter().map(|word| word.to_lowercase()).collect()
    };
    let (known, still) = (lower(&before), lower(&after));
    let removed = before
        .iter()
        .filter(|it| !still.contains(&it.to_lowercase()));
    let added = after
        .iter()
        .filter(|it| !known.contains(&it.to_lowercase()));
    let subject = words_subject(subject, name);
    let change = |kind, effect, word: &str| {
        let change = Change::new(kind, effect, &subject, word);
        at(change.within(word_of(pair, name, word)))
    };
    changes.extend(removed.map(|it| change(K::WordsRemoved, effect, it)));
    changes.extend(added.map(|it| change(K::WordsAdded, Effect::Compatible, it)));
}

/// The words of a parameter. One word is no list, but it is a word if the other text lists it.
fn words_beside(one: &Parameter, other: &Parameter) -> Vec<String> {
    if !one.words.is_empty() {
        return one.words.clone();
    }
    let listed = other.words.iter().filter(|it| one.codes.contains(it));
    listed.cloned().collect()
}

/// The messages that have a parameter or a property of the type.
fn shown(pair: &Pair<'_>, name: &str) -> Scope {
    let name = name.to_owned();
    match &pair.new.resource {
        Some(of) => Scope::Member {
            of: of.clone(),
            name: Some(name),
        },
        None => Scope::Parameter { name, word: None },
    }
}

/// The messages that may lack a parameter or a property of the type.
fn missing(pair: &Pair<'_>) -> Scope {
    match &pair.new.resource {
        Some(of) => Scope::Member {
            of: of.clone(),
            name: None,
        },
        None => Scope::Operation,
    }
}

/// The messages that have a word of a parameter; of a type, those that have the property.
fn word_of(pair: &Pair<'_>, name: &str, word: &str) -> Scope {
    match shown(pair, name) {
        Scope::Parameter { name, .. } => Scope::Parameter {
            name,
            word: Some(word.to_owned()),
        },
        scope => scope,
    }
}

/// The names of two types, if the new one cannot replace the old one.
fn types_of(pair: &Pair<'_>, old: &Parameter, new: &Parameter) -> Option<(String, String)> {
    // A bot sends a parameter, so the new type may be a base of the old one. It reads a property, so the new type may be
    // derived from the old one. The new text may also list all types that are derived from the old one.
    let lists = |name: &str| new.pages.iter().any(|it| it.eq_ignore_ascii_case(name));
    let fits = |one: &str, it: &str| match pair.new.resource {
        None => {
            types::is_kind_of(one, it)
                || types::is_kind_of(it, one) && types::derived(one).all(lists)
        }
        Some(_) => types::is_kind_of(it, one),
    };
    let are_other_pages = !old.pages.is_empty()
        && !new.pages.is_empty()
        && old.pages.is_disjoint(&new.pages)
        && !{ old.pages.iter() }.any(|one| new.pages.iter().any(|it| fits(one, it)));
    // An example of an operation shows a type, but only the table declares it.
    let kinds = if pair.new.resource.is_some() || is_rewritten(pair, old, new) {
        old.kind.zip(new.kind)
    } else {
        old.declared.zip(new.declared)
    };
    let are_other_kinds =
        old.pages.is_empty() && new.pages.is_empty() && kinds.is_some_and(|(a, b)| a != b);
    let is_other = are_other_pages || are_other_kinds || are_other_numbers(pair, old, new);
    is_other.then(|| (type_name(old), type_name(new)))
}

/// True if one language has two texts for the type.
fn is_rewritten(pair: &Pair<'_>, old: &Parameter, new: &Parameter) -> bool {
    let is_listed = old.is_listed && new.is_listed;
    is_listed && pair.has_one_language() && old.type_cell != new.type_cell
}

/// True if one of two is a single value and the other a collection. Words around a type differ between languages, so the
/// JSON must show it too there.
fn are_other_numbers(pair: &Pair<'_>, old: &Parameter, new: &Parameter) -> bool {
    let differ = |one: Option<bool>, other: Option<bool>| one.zip(other).map(|(a, b)| a != b);
    let in_table = differ(old.collection.in_table, new.collection.in_table);
    let in_json = differ(old.collection.in_json, new.collection.in_json);
    let known = |it: &Parameter| it.collection.in_table.or(it.collection.in_json);
    match in_table {
        None if is_rewritten(pair, old, new) => differ(known(old), known(new)) == Some(true),
        Some(true) => pair.has_one_language() || in_json == Some(true),
        Some(false) => false,
        None => pair.new.resource.is_some() && in_json == Some(true),
    }
}

pub(super) fn type_name(it: &Parameter) -> String {
    let plain = match it.kind {
        Some(Kind::Boolean) => "Boolean",
        Some(Kind::Number) => "number",
        Some(Kind::String) => "String",
        Some(Kind::Object) => "object",
        None => "unknown",
    };
    let pages: Vec<_> = it.pages.iter().map(String::as_str).collect();
    let of = if pages.is_empty() {
        plain.to_owned()
    } else {
        pages.join(" or ")
    };
    match it.collection.in_table.or(it.collection.in_json) {
        Some(true) => format!("{of} collection"),
        _ => of,
    }
}
