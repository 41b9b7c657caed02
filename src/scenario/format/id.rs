//! The id of a scenario.

use std::fmt;

/// Separates the id of a scenario from its fault injection. No scenario file has it in its name.
pub(crate) const INJECTION_MARK: char = '~';

/// The id of a scenario: `page/api@edition/name`, its path under `scenarios/` without `.json`. A
/// scenario of one translation only has its locale before the name: `page/api@edition/zh-CN/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScenarioId {
    text: String,
}

impl ScenarioId {
    /// `text` is a path under the scenarios folder, with `/` between its parts and without `.json`.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The page: the part before `beta@2021-02`, else the first part.
    pub fn page(&self) -> &str {
        let page = self.edition_at().map_or(0, |it| it.saturating_sub(1));
        self.part(page).unwrap_or(&self.text)
    }

    /// The API version, `beta` of `beta@2021-02`.
    pub fn api(&self) -> Option<&str> {
        Some(self.part(self.edition_at()?)?.split_once('@')?.0)
    }

    /// The edition, `2021-02` of `beta@2021-02`.
    pub fn edition(&self) -> Option<&str> {
        Some(self.part(self.edition_at()?)?.split_once('@')?.1)
    }

    /// The locale, `pt-BR`; none in a path with one part after the edition, which is for all translations.
    pub fn locale(&self) -> Option<&str> {
        let edition = self.edition_at()?;
        self.part(edition + 2).and(self.part(edition + 1))
    }

    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or(&self.text)
    }

    /// The part before the name, shared by scenarios of one page, edition and locale.
    pub fn page_key(&self) -> &str {
        self.text.rsplit_once('/').map_or("", |(key, _)| key)
    }

    /// The name of the fault injection, after [`INJECTION_MARK`].
    pub fn injection(&self) -> Option<&str> {
        Some(self.name().rsplit_once(INJECTION_MARK)?.1)
    }

    /// The id of the same scenario under the fault injection of that name.
    #[must_use]
    pub fn injected(&self, name: &str) -> Self {
        Self::new(format!("{}{INJECTION_MARK}{name}", self.text))
    }

    /// The index of the part with the version and the edition. The pages may be in a folder of the scenarios' folder.
    fn edition_at(&self) -> Option<usize> {
        let mut folders = self.page_key().split('/');
        folders.position(|it| it.contains('@'))
    }

    fn part(&self, index: usize) -> Option<&str> {
        self.text.split('/').nth(index)
    }
}

impl fmt::Display for ScenarioId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_id() {
        let id = ScenarioId::new("participant-invite/beta@2021-02/pt-BR/invite-one");
        assert_eq!(id.page(), "participant-invite");
        assert_eq!(id.api(), Some("beta"));
        assert_eq!(id.edition(), Some("2021-02"));
        assert_eq!(id.locale(), Some("pt-BR"));
        assert_eq!(id.name(), "invite-one");
        assert_eq!(id.page_key(), "participant-invite/beta@2021-02/pt-BR");
    }

    #[test]
    fn the_page_may_be_in_a_folder() {
        let id = ScenarioId::new("mine/call-record/v1.0@2022-04/record");
        assert_eq!(id.page(), "call-record");
        assert_eq!(
            (id.api(), id.edition(), id.locale()),
            (Some("v1.0"), Some("2022-04"), None)
        );
        let id = ScenarioId::new("mine/call-record/v1.0@2022-04/ru-RU/record");
        assert_eq!(id.locale(), Some("ru-RU"));
    }

    #[test]
    fn a_short_id_has_no_edition() {
        for text in ["mine/first", "mine/first@2", "first"] {
            let id = ScenarioId::new(text);
            assert_eq!((id.edition(), id.locale()), (None, None), "{text}");
        }
        assert_eq!(ScenarioId::new("mine/first").name(), "first");
    }
}
