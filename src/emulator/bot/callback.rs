//! The bot's callback: checks notifications, remembers what they tell, acknowledges them.

use std::time::Duration;

use serde_json::Value;

use super::guard::Stopped;
use super::mutant::BotMutant as Mutant;
use super::variant::BotVariant as Variant;
use super::{Bot, PATIENCE, mutation, refusal};
use crate::api::resource::Resource;
use crate::http::Reply;
use crate::http::message::{Headers, Request, is_json};

/// The callback's path. Every path below it will do as well.
pub const PATH: &str = "/callback";

/// What a slow bot takes for an acknowledgement.
const SLOW: Duration = Duration::from_millis(20);

/// Whether the path is the callback's, or below it.
pub(super) fn is_below(path: &str) -> bool {
    path.strip_prefix(PATH)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One entry of a notification.
#[derive(Debug)]
pub(super) struct Entry<'v> {
    pub(super) resource: Resource,
    change: String,
    pub(super) data: &'v Value,
    whole: &'v Value,
}

impl Entry<'_> {
    /// Whether the entry has other properties than these.
    pub(super) fn has_unknown_properties(&self, known: &[&str]) -> bool {
        let properties = self.whole.as_object().into_iter().flatten();
        properties
            .into_iter()
            .any(|(name, _)| !known.contains(&name.as_str()))
    }

    /// Whether it tells that an invitation has failed.
    fn is_failure(&self) -> bool {
        let status = self.data.get("status").and_then(Value::as_str);
        status == Some("failed") && matches!(self.resource, Resource::Operation { .. })
    }
}

impl Bot {
    /// Takes a post to the callback.
    pub(super) async fn called_back(&self, request: &Request) -> Reply {
        if let Some(refusal) = self.stopped(request).await {
            return refusal;
        }
        let entries = match entries(request) {
            Ok(entries) => entries,
            Err((status, why)) => return refusal(status, &why),
        };
        for entry in &entries {
            let is_new = self
                .memory()
                .take(&entry.resource, &entry.change, entry.data);
            self.do_again(entry, is_new).await;
        }
        self.news.notify_waiters();
        if let Some(status) = mutation::refused(self.mutant, &entries, &self.memory()) {
            return refusal(status, "this is not expected");
        }
        if self.mutant == Some(Mutant::AnswerFirst) {
            self.wait_for_answers(&entries).await;
        }
        let roster = |entry: &Entry<'_>| matches!(entry.resource, Resource::Participants(_));
        if let Some(wrong) = mutation::acknowledgement(self.mutant, entries.iter().any(roster)) {
            return wrong;
        }
        match self.variant {
            Some(Variant::Ack200) => Reply::status(200),
            Some(Variant::Ack204) => Reply::status(204),
            Some(Variant::AckBody) => Reply::text(
                200,
                Headers::from_iter([("Content-Type", "application/json")]),
                r#"{"thanks": true}"#,
            ),
            Some(Variant::SlowAck) => Reply::status(202).delayed(SLOW),
            _ => Reply::status(202),
        }
    }
}

impl Bot {
    /// The refusal of a notification that does not come from who it has to.
    async fn stopped(&self, request: &Request) -> Option<Reply> {
        let checked = self.guard.as_ref()?.check(&request.headers).await;
        match checked.err()? {
            Stopped::Flawed(flaw) => Some(refusal(401, flaw.describe())),
            Stopped::NoKeys(why) => Some(refusal(503, &format!("no keys: {why}"))),
        }
    }

    /// Invites once more, where the fault is that.
    async fn do_again(&self, entry: &Entry<'_>, is_new: bool) {
        let is_wanted = match self.mutant {
            Some(Mutant::InvitesAgain) => !is_new,
            Some(Mutant::TriesFailed) => is_new && entry.is_failure(),
            _ => false,
        };
        let Some(call) = entry.resource.call().filter(|_| is_wanted) else {
            return;
        };
        let builder = self.memory().invitation(call);
        let builder =
            builder.filter(|it| self.mutant == Some(Mutant::InvitesAgain) || !it.replaces());
        if let Some(builder) = builder {
            // The answer tells the bot nothing that it needs.
            let _ = self.client.send(self.write(builder), PATIENCE).await;
        }
    }

    /// Waits until no request about the calls of these entries is without its answer.
    async fn wait_for_answers(&self, entries: &[Entry<'_>]) {
        loop {
            let news = self.news.notified();
            let calls = entries.iter().filter_map(|entry| entry.resource.call());
            let is_asking = calls.into_iter().any(|call| self.memory().is_asking(call));
            if !is_asking {
                return;
            }
            news.await;
        }
    }
}

/// The entries of a notification, or the status and the reason of its refusal.
fn entries(request: &Request) -> Result<Vec<Entry<'_>>, (u16, String)> {
    if request.method != "POST" {
        return Err((405, "a notification is a POST".to_owned()));
    }
    if !request.headers.media_type().as_deref().is_some_and(is_json) {
        return Err((415, "a notification is application/json".to_owned()));
    }
    let value = request.body.json().and_then(|body| body.get("value"));
    let entries = value
        .and_then(Value::as_array)
        .filter(|entries| !entries.is_empty());
    let Some(entries) = entries else {
        let why = "a notification has a `value`, a collection that is not empty";
        return Err((400, why.to_owned()));
    };
    entries
        .iter()
        .map(|value| entry(value).map_err(|why| (400, why)))
        .collect()
}

fn entry(value: &Value) -> Result<Entry<'_>, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let change = text("changeType").unwrap_or("").to_lowercase();
    if !["created", "updated", "deleted"].contains(&change.as_str()) {
        return Err(format!("`{change}` is no change type"));
    }
    let resource = text("resourceUrl")
        .or_else(|| text("resource"))
        .and_then(Resource::parse)
        .ok_or("an entry names its resource in `resource` or `resourceUrl`")?;
    Ok(Entry {
        resource,
        change,
        data: value.get("resourceData").unwrap_or(&Value::Null),
        whole: value,
    })
}
