//! Aligns the requests of two texts whose method, path or spelling of a path differs. The change of the method or path
//! itself is reported once; the conversations, bodies and answers around it are the same ones.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::page::Page;
use super::sample;
use super::sample::{SamplePart, Subject};
use super::scenario::StepKind;

/// The old text with its requests as the new text has them: their forms, and whether they are of the page's operation.
pub(super) fn aligned<'p>(old: &'p Page, new: &Page) -> Cow<'p, Page> {
    let names = renamed(old, new);
    let after = forms(new);
    // Only the template of the path changed.
    let is_left = |form: &str, is_own: bool| after.get(form).is_some_and(|it| *it != is_own);
    let is_any_left = forms(old)
        .iter()
        .any(|(form, is_own)| is_left(form, *is_own));
    if names.is_empty() && !is_any_left {
        return Cow::Borrowed(old);
    }
    let rename = |form: &mut String| {
        if let Some(name) = names.get(form) {
            form.clone_from(name);
        }
    };
    let mut page = old.clone();
    for message in &mut page.messages {
        match &mut message.part {
            SamplePart::Request { form, is_own } => {
                *is_own ^= is_left(form, *is_own);
                rename(form);
            }
            SamplePart::Answer { to, .. } => rename(to),
            SamplePart::Notification => {}
        }
        for (subject, _) in &mut message.shapes {
            match subject {
                Subject::Request(form) | Subject::Answer { to: form, .. } => rename(form),
                Subject::Notification | Subject::Data(_) => {}
            }
        }
    }
    for step in page.scenarios.iter_mut().flat_map(|it| &mut it.steps) {
        if let StepKind::Request(form) = &mut step.kind {
            rename(form);
        }
    }
    Cow::Owned(page)
}

/// The forms that only the old text has, each with its form in the new text: in another case, else the only other form of the
/// page's own request, if the templates have the same change.
fn renamed(old: &Page, new: &Page) -> BTreeMap<String, String> {
    let (before, after) = (forms(old), forms(new));
    let only = |one: &BTreeMap<&str, bool>, other: &BTreeMap<&str, bool>| {
        let only = one.iter().filter(|(form, _)| !other.contains_key(*form));
        let only = only.map(|(form, is_own)| ((*form).to_owned(), *is_own));
        only.collect::<Vec<_>>()
    };
    let (mut gone, mut come) = (only(&before, &after), only(&after, &before));
    let mut names = BTreeMap::new();
    gone.retain(|(form, _)| {
        let same = come.iter().position(|it| it.0.eq_ignore_ascii_case(form));
        names.extend(same.map(|same| (form.clone(), come.remove(same).0)));
        same.is_none()
    });
    let own = |all: Vec<(String, bool)>| {
        let mut own = all.into_iter().filter(|it| it.1).map(|it| it.0);
        own.next().filter(|_| own.next().is_none())
    };
    let moved = own(gone).zip(own(come));
    names.extend(moved.filter(|(before, after)| is_told(old, new, [before, after])));
    names
}

/// True if the templates have the change of the request in the examples too. If they do not, only the steps tell it.
fn is_told(old: &Page, new: &Page, forms: [&str; 2]) -> bool {
    let [Some((method, path)), Some((other_method, other_path))] =
        forms.map(|form| form.split_once(' '))
    else {
        return false;
    };
    let has = |page: &Page, path: &str| {
        let mut paths = page.paths.iter();
        paths.any(|it| sample::shape_of(&it.text).eq_ignore_ascii_case(path))
    };
    let is_method = |page: &Page, method: &str| page.method.as_deref() == Some(method);
    let is_method_told =
        method == other_method || is_method(old, method) && is_method(new, other_method);
    let is_path_told = path.eq_ignore_ascii_case(other_path)
        || has(old, path) && !has(new, path)
        || has(new, other_path) && !has(old, other_path);
    is_method_told && is_path_told
}

/// The forms of the requests in examples, and whether they are of the page's own operation.
fn forms(page: &Page) -> BTreeMap<&str, bool> {
    let forms = page.messages.iter().filter_map(|it| match &it.part {
        SamplePart::Request { form, is_own } => Some((form.as_str(), *is_own)),
        _ => None,
    });
    forms.collect()
}
