//! The editions of the page that the service speaks.

/// The month of a page's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edition {
    /// May 2019: operations in short, resources under `/app`.
    May2019,
    /// September 2019: as before, with types on every notification.
    September2019,
    /// December 2020: operations name their participants, resources have a URL too.
    December2020,
    /// February 2021: the same wire text.
    #[default]
    February2021,
}

impl Edition {
    /// Every one, oldest first.
    pub const ALL: &[Self] = &[
        Self::May2019,
        Self::September2019,
        Self::December2020,
        Self::February2021,
    ];

    /// The month as scenarios name it: `2021-02`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::May2019 => "2019-05",
            Self::September2019 => "2019-09",
            Self::December2020 => "2020-12",
            Self::February2021 => "2021-02",
        }
    }

    /// The edition of that month.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }

    /// Whether the page shows entities with `@odata.id` and `@odata.etag`, and operations without
    /// participants: both editions of 2019.
    pub(super) fn is_terse(self) -> bool {
        self <= Self::September2019
    }
}
