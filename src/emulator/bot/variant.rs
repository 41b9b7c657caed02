//! The variants of the built-in bot: harmless differences in its documented behaviour.

use serde_json::json;

use super::request::RequestBuilder;
use crate::emulator::body::JsonStyle;
use crate::http::message::Body;

catalogue! {
    /// One difference of the bot that no page forbids.
    BotVariant {
        Reversed = "properties-reversed", "Writes the properties of every object in the opposite order.";
        Spaced = "white-space", "Writes white space between all tokens.";
        Added = "properties-added", "Adds properties that no page documents.";
        Nulls = "nulls-added", "Adds properties of unknown names that are null.";
        Escaped = "strings-escaped", "Writes characters of strings and names as escapes.";
        Untyped = "no-types", "Writes no `@odata.type`.";
        Hashless = "types-without-hash", "Writes type names without `#` in front.";
        UpperGuids = "guids-in-upper-case", "Writes GUIDs in upper case.";
        BareGuids = "guids-without-hyphens", "Writes GUIDs without hyphens.";
        Chunked = "chunked", "Sends bodies chunked.";
        Gzip = "gzip", "Sends bodies as gzip.";
        Charset = "charset", "Adds a charset parameter to the media type, which is written in mixed case.";
        ExtraHeaders = "headers-added", "Adds header fields that no page documents.";
        LowerScheme = "scheme-in-lower-case", "Writes `bearer` for `Bearer`.";
        Ack200 = "acknowledges-200", "Acknowledges with 200.";
        Ack204 = "acknowledges-204", "Acknowledges with 204.";
        AckBody = "acknowledges-with-body", "Acknowledges with 200 and a JSON body.";
        SlowAck = "slow", "Takes 20 ms to acknowledge.";
        AppPrefix = "app-prefix", "Sends its requests under `/app`.";
        CommunicationsPrefix = "communications-prefix", "Sends its requests under `/communications`.";
        OtherVersion = "other-version", "Sends its requests under `/v1.0` instead of `/beta`.";
        ReplacesPath = "replaced-call-as-path", "Names the call to replace by its path.";
        ReplacesId = "replaced-call-as-id", "Names the call to replace by its id.";
        NoContext = "no-context", "Gives no `clientContext`.";
        LongContext = "context-256", "Gives a `clientContext` of 256 characters, none of them ASCII.";
        EndpointType = "endpoint-type", "Gives an `endpointType`, a region and a language.";
        DisplayName = "display-name", "Gives a `displayName` with every identity.";
        ReadsBack = "reads-back", "Reads the call, its participants and the operation after each invitation.";
        HangsUpEarly = "hangs-up-early", "Deletes the call right after each invitation.";
        Mutes = "mutes-all", "Mutes all participants after each invitation.";
        HangsUp = "hangs-up", "Deletes the call when an invitation has ended and no further message is expected.";
    }
}

impl BotVariant {
    pub(super) const fn style(self) -> JsonStyle {
        match self {
            Self::Reversed => JsonStyle::Reversed,
            Self::Spaced => JsonStyle::Spaced,
            Self::Added => JsonStyle::Added,
            Self::Nulls => JsonStyle::Nulls,
            Self::Escaped => JsonStyle::Escaped,
            Self::Hashless => JsonStyle::NoHash,
            Self::UpperGuids => JsonStyle::UpperGuids,
            Self::BareGuids => JsonStyle::BareGuids,
            _ => JsonStyle::Plain,
        }
    }
}

/// Adds what a variant does after an invitation.
pub(super) fn add_requests(variant: Option<BotVariant>, builders: &mut Vec<RequestBuilder>) {
    match variant {
        Some(BotVariant::HangsUpEarly) => follow(builders, "DELETE", ""),
        Some(BotVariant::Mutes) => follow(builders, "POST", "/participants/muteAll"),
        _ => {}
    }
}

/// Adds a request about the call of the first one, which must be an invitation.
fn follow(builders: &mut Vec<RequestBuilder>, method: &'static str, action: &str) {
    let Some(first) = builders.first() else {
        return;
    };
    let Some(call) = first.url.strip_suffix("/participants/invite") else {
        return;
    };
    let mut next = first.clone();
    next.method = method;
    next.url = format!("{call}{action}");
    next.content = match method {
        "POST" => Body::Json(json!({})),
        _ => Body::Empty,
    };
    builders.push(next);
}
