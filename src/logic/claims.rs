//! Claims: what of the contract a target says that it does. The rest is skipped, with that reason.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::scenario::{Given, Scenario};

/// `[claims]` of `confcall.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Claims {
    /// The editions of the pages that it follows, such as `2021-02`; all without this.
    pub editions: Option<Vec<String>>,
    /// What it can do beside invitations to a call; all without this.
    pub features: Option<Vec<Feature>>,
}

/// What a target may be able to do: the states that scenarios begin in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// Peer-to-peer calls are replaced.
    PeerCall,
    /// Several people are invited at a time, to a call with chat information.
    Chat,
    /// Telephone numbers are invited.
    Number,
    /// Incoming calls are answered.
    IncomingCall,
    /// Invitations may fail.
    InviteFails,
    /// The service takes the token that it is sent, and no other.
    TokenCheck,
}

impl Feature {
    const fn of(state: Given) -> Option<Self> {
        match state {
            Given::Call | Given::EndedCall => None,
            Given::PeerCall => Some(Self::PeerCall),
            Given::Chat => Some(Self::Chat),
            Given::Number => Some(Self::Number),
            Given::IncomingCall => Some(Self::IncomingCall),
            Given::InviteFails => Some(Self::InviteFails),
            Given::TokenCheck => Some(Self::TokenCheck),
        }
    }
}

impl Claims {
    /// Why a scenario is none of the target's business; none where it is.
    pub fn excuse(&self, scenario: &Scenario) -> Option<String> {
        let edition = scenario.id.edition();
        if let (Some(claimed), Some(edition)) = (&self.editions, edition)
            && !claimed.iter().any(|it| it == edition)
        {
            return Some(format!("the target does not claim the edition {edition}"));
        }
        let claimed = self.features.as_ref()?;
        let is_missing =
            |state: &&Given| Feature::of(**state).is_some_and(|it| !claimed.contains(&it));
        let missing = scenario.script.given.iter().find(is_missing)?;
        let feature = missing.as_str();
        Some(format!("the target does not claim the feature {feature}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::scenario::{ScenarioId, Script};

    fn excuse(claims: &Claims, given: &[Given]) -> Option<String> {
        let scenario = Scenario {
            id: ScenarioId::new("invite/beta@2021-02/pt-BR/one"),
            script: Arc::new(Script {
                schema: None,
                version: 1,
                source: "page.md".into(),
                judges: None,
                tags: vec![],
                given: given.to_vec(),
                variables: indexmap::IndexMap::new(),
                steps: vec![],
            }),
        };
        claims.excuse(&scenario)
    }

    #[test]
    fn what_is_not_claimed_is_excused() {
        let all = Claims::default();
        assert_eq!(excuse(&all, &[Given::Call, Given::Number]), None);
        let newest = Claims {
            editions: Some(vec!["2021-02".into()]),
            features: Some(vec![Feature::Chat]),
        };
        assert_eq!(excuse(&newest, &[Given::Call, Given::Chat]), None);
        let said = excuse(&newest, &[Given::Call, Given::Number]).unwrap();
        assert!(said.ends_with("the feature number"), "{said}");
        let older = Claims {
            editions: Some(vec!["2019-05".into()]),
            features: None,
        };
        let said = excuse(&older, &[]).unwrap();
        assert!(said.ends_with("the edition 2021-02"), "{said}");
    }
}
