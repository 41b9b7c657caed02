//! What changes of pages touch in a project: built-in scenarios, known failures and recordings.

use std::path::PathBuf;

use super::super::failure::Failure;
use super::super::recordings;
use crate::api::party::Party;
use crate::cassette::format::Form;
use crate::cassette::read;
use crate::config;
use crate::config::known_failure::KnownFailure;
use crate::extract::drift::{Conversation, Documented, Scope};
use crate::extract::remark::Touched;
use crate::scenario::format::ScenarioId;
use crate::scenario::store;

/// Everything that changes may touch.
pub(super) struct Project {
    scenarios: Vec<(ScenarioId, Conversation)>,
    known: Vec<KnownFailure>,
    recordings: Vec<(String, Conversation)>,
}

impl Project {
    pub(super) fn load(cassettes: &[PathBuf]) -> Result<Self, Failure> {
        let scenarios = store::built_in()?.into_iter();
        let scenarios = scenarios.map(|it| {
            let conversation = Conversation::of_scenario(&it);
            (it.id, conversation)
        });
        let recordings = recordings::find(cassettes)?.into_iter().map(|file| {
            let (recording, _) = read::load(&file.path, Form::Decoded)?;
            Ok((file.name, Conversation::of_recording(recording.exchanges())))
        });
        Ok(Self {
            scenarios: scenarios.collect(),
            known: config::load(None)?.known,
            recordings: recordings.collect::<Result<_, Failure>>()?,
        })
    }

    /// What a change of a page with these scopes touches.
    pub(super) fn touched(&self, page: &Documented, scopes: &[Scope]) -> Touched {
        let is_met = |conversation: &Conversation| {
            let mut scopes = scopes.iter();
            page.is_in(conversation) && scopes.any(|it| page.touches(it, conversation))
        };
        let scenarios = { self.scenarios.iter() }
            .filter(|(id, conversation)| page.is_of(id) && is_met(conversation))
            .map(|(id, _)| id.as_str().to_owned());
        let scenarios: Vec<String> = scenarios.collect();
        let is_about = |failure: &&KnownFailure| {
            let mut ids = scenarios.iter();
            let parties = [Party::Bot, Party::Service];
            ids.any(|id| parties.iter().any(|party| failure.covers(id, *party)))
        };
        let known = self.known.iter().filter(is_about);
        let recordings = { self.recordings.iter() }.filter(|(_, it)| is_met(it));
        Touched {
            known_failures: known.map(|it| it.scenario.to_string()).collect(),
            cassettes: recordings.map(|(name, _)| name.clone()).collect(),
            scenarios,
        }
    }
}
