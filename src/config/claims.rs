//! Claims: the part of the contract that the target follows. Scenarios of other API versions and editions are not
//! selected. Scenarios that need another feature are skipped, with that reason.

use schemars::JsonSchema;
use serde::Deserialize;
use strum::IntoStaticStr;

use crate::inject::InjectionKind;
use crate::scenario::format::{ProviderState, Scenario};

/// `[claims]`: the part of the contract that the target follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Claims {
    /// The API versions whose scenarios are played, such as `v1.0` and `beta`; if absent, v1.0.
    pub api: Vec<String>,
    /// The editions of the pages that the target follows, such as `2021-02`. An edition selects the newest text of each
    /// page up to that month. If absent, the newest text.
    pub editions: Vec<String>,
    /// The features that the target supports; if absent, all but `verified-notifications`.
    pub features: Option<Vec<Feature>>,
}

/// A feature that a target may support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Feature {
    /// An invitation can replace a peer-to-peer call.
    PeerCall,
    /// Several people can be invited at the same time, to a call with chat information.
    Chat,
    /// Phone numbers can be invited.
    Number,
    /// People can call the bot.
    IncomingCall,
    /// An operation, such as an invitation, can be made to fail.
    OperationFails,
    /// The service accepts only the token that confcall sends.
    TokenCheck,
    /// The bot accepts only notifications that are signed for it.
    VerifiedNotifications,
}

impl Feature {
    /// Those that a scenario needs.
    fn of(scenario: &Scenario) -> impl Iterator<Item = Self> {
        let injection = InjectionKind::of(&scenario.id);
        let forges = injection.is_some_and(InjectionKind::forges);
        let states = scenario.script.given.iter().copied();
        states
            .filter_map(Self::of_state)
            .chain(forges.then_some(Self::VerifiedNotifications))
    }

    const fn of_state(state: ProviderState) -> Option<Self> {
        match state {
            ProviderState::Call
            | ProviderState::EndedCall
            | ProviderState::Participant
            | ProviderState::Operation
            | ProviderState::Session
            | ProviderState::AudioRoutingGroup
            | ProviderState::Recording
            | ProviderState::Tone
            | ProviderState::Speech
            | ProviderState::ContentSharing => None,
            ProviderState::PeerCall => Some(Self::PeerCall),
            ProviderState::Chat => Some(Self::Chat),
            ProviderState::Number => Some(Self::Number),
            ProviderState::IncomingCall => Some(Self::IncomingCall),
            ProviderState::OperationFails => Some(Self::OperationFails),
            ProviderState::TokenCheck => Some(Self::TokenCheck),
        }
    }
}

impl Claims {
    /// The reason to skip a scenario that the target does not claim; none for one that it claims. Fault
    /// injection that is selected by name claims what it needs, if no features are listed.
    pub(crate) fn excuse(&self, scenario: &Scenario, named: &[InjectionKind]) -> Option<String> {
        let is_named = InjectionKind::of(&scenario.id).is_some_and(|kind| named.contains(&kind));
        let is_claimed = |feature: &Feature| match &self.features {
            Some(listed) => listed.contains(feature),
            None => *feature != Feature::VerifiedNotifications || is_named,
        };
        let missing: &str = Feature::of(scenario).find(|it| !is_claimed(it))?.into();
        Some(format!("the target does not claim the feature {missing}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::format::{ScenarioId, Script};

    fn excuse(claims: &Claims, given: &[ProviderState]) -> Option<String> {
        claims.excuse(&scenario("invite/beta@2021-02/pt-BR/one", given), &[])
    }

    fn scenario(id: &str, given: &[ProviderState]) -> Scenario {
        Scenario {
            id: ScenarioId::new(id),
            script: Arc::new(Script {
                schema: None,
                version: 1,
                source: "page.md".into(),
                locales: vec![],
                judges: None,
                tags: vec![],
                given: given.to_vec(),
                variables: indexmap::IndexMap::new(),
                steps: vec![],
            }),
        }
    }

    #[test]
    fn what_is_not_claimed_is_excused() {
        let all = Claims::default();
        assert_eq!(
            excuse(&all, &[ProviderState::Call, ProviderState::Number]),
            None
        );
        let newest = Claims {
            features: Some(vec![Feature::Chat]),
            ..Claims::default()
        };
        assert_eq!(
            excuse(&newest, &[ProviderState::Call, ProviderState::Chat]),
            None
        );
        let reason = excuse(&newest, &[ProviderState::Call, ProviderState::Number]).unwrap();
        assert!(reason.ends_with("the feature number"), "{reason}");
    }

    #[test]
    fn who_verifies_notifications_says_so() {
        let forged = scenario("invite/beta@2021-02/pt-BR/one~foreign-key", &[]);
        let listing = |features: Option<Vec<Feature>>| Claims {
            features,
            ..Claims::default()
        };
        let (of_this, of_other) = ([InjectionKind::ForeignKey], [InjectionKind::ExpiredToken]);
        for (features, named, is_claimed) in [
            (None, &[][..], false),
            (None, &of_other[..], false),
            (None, &of_this[..], true),
            (Some(vec![]), &of_this[..], false),
            (Some(vec![Feature::VerifiedNotifications]), &[][..], true),
        ] {
            let excuse = listing(features.clone()).excuse(&forged, named);
            assert_eq!(excuse.is_none(), is_claimed, "{features:?} {named:?}");
            let is_named = |it: String| it.ends_with("the feature verified-notifications");
            assert!(excuse.is_none_or(is_named), "{features:?} {named:?}");
        }
        for feature in [Feature::PeerCall, Feature::VerifiedNotifications] {
            let name = serde_json::Value::from(<&str>::from(feature));
            assert_eq!(serde_json::from_value::<Feature>(name).unwrap(), feature);
        }
    }
}
