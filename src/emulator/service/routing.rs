//! Audio routing groups: the participants that receive the audio of others.

use std::sync::Arc;

use serde_json::{Value, json};

use super::errors::Refusal;
use super::message::Answer;
use super::operations::Routed;
use super::parameters::Parameters;
use super::state::{Call, RoutingGroup};
use super::{Outcome, Service};
use crate::api::identifier;
use crate::emulator::new_id;

const MODES: [&str; 2] = ["oneToOne", "multicast"];

impl Service {
    pub(super) fn list_routing_groups(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let groups = &state.live(routed.call)?.routing_groups;
        let groups: Vec<Value> = groups.iter().map(RoutingGroup::body).collect();
        Ok(Answer::json(200, json!({"value": groups})).into())
    }

    /// The bot may choose the id.
    pub(super) fn create_routing_group(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let id = parameters.text("id")?.map_or_else(new_id, str::to_owned);
        let mut group = RoutingGroup::new(id);
        group.change(parameters)?;
        let mut state = self.state();
        let call = state.answered(routed.call)?;
        let mut others = call.routing_groups.iter();
        if others.any(|other| identifier::same(&other.id, &group.id)) {
            let why = format!("The audio routing group {} already exists.", group.id);
            return Err(Refusal::conflict(why));
        }
        let answer = Answer::json(200, group.body());
        if self.does(routed.operation) {
            call.routing_groups.push(group);
        }
        Ok(answer.into())
    }

    pub(super) fn get_routing_group(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let group = find(state.live(routed.call)?, routed.item)?;
        Ok(Answer::json(200, group.body()).into())
    }

    /// Properties that the request does not name stay as they are.
    pub(super) fn update_routing_group(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let mut state = self.state();
        let group = find(state.live(routed.call)?, routed.item)?;
        let mut changed = group.clone();
        changed.change(parameters)?;
        if self.does(routed.operation) {
            *group = changed;
        }
        Ok(Answer::json(200, group.body()).into())
    }

    pub(super) fn delete_routing_group(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state();
        let call = state.live(routed.call)?;
        let id = find(call, routed.item)?.id.clone();
        if self.does(routed.operation) {
            call.routing_groups.retain(|other| other.id != id);
        }
        Ok(Answer::new(204).into())
    }
}

impl RoutingGroup {
    pub(super) const fn new(id: String) -> Self {
        Self {
            id,
            mode: "multicast",
            sources: Vec::new(),
            receivers: Vec::new(),
        }
    }

    fn change(&mut self, parameters: Parameters<'_>) -> Result<(), Refusal> {
        let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect();
        if let Some(mode) = parameters.word("routingMode", &MODES)? {
            self.mode = mode;
        }
        if let Some(sources) = parameters.texts("sources")? {
            self.sources = owned(sources);
        }
        if let Some(receivers) = parameters.texts("receivers")? {
            self.receivers = owned(receivers);
        }
        Ok(())
    }

    fn body(&self) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.audioRoutingGroup",
            "id": self.id,
            "routingMode": self.mode,
            "sources": self.sources,
            "receivers": self.receivers,
        })
    }
}

fn find<'c>(call: &'c mut Call, id: &str) -> Result<&'c mut RoutingGroup, Refusal> {
    let mut groups = call.routing_groups.iter_mut();
    groups
        .find(|group| identifier::same(&group.id, id))
        .ok_or_else(|| Refusal::not_found(format!("The audio routing group {id} does not exist.")))
}
