//! The variants of the built-in service: harmless differences in its documented behaviour.

use crate::emulator::body::JsonStyle;

catalogue! {
    /// One difference of the service that no page forbids.
    ServiceVariant {
        Reversed = "properties-reversed", "Writes the properties of every object in the opposite order.";
        Spaced = "white-space", "Writes white space between all tokens.";
        Added = "properties-added", "Adds properties that no page documents.";
        Nulls = "nulls-added", "Adds properties of unknown names that are null.";
        Escaped = "strings-escaped", "Writes characters of strings and names as escapes.";
        Exponents = "numbers-with-exponent", "Writes integers with an exponent or a fraction.";
        Shouted = "words-in-upper-case", "Writes protocol words in upper case.";
        Hashless = "types-without-hash", "Writes type names without `#` in front.";
        UpperGuids = "guids-in-upper-case", "Writes GUIDs in upper case.";
        BareGuids = "guids-without-hyphens", "Writes GUIDs without hyphens.";
        LowerSubcode = "subcode", "Writes `subcode` for `subCode`.";
        Chunked = "chunked", "Sends bodies chunked.";
        Gzip = "gzip", "Sends bodies as gzip.";
        Charset = "charset", "Adds a charset parameter to the media type, which is written in mixed case.";
        ExtraHeaders = "headers-added", "Adds header fields that no page documents.";
        Close = "connection-close", "Closes the connection after each answer.";
        Slow = "slow", "Takes 20 ms for each answer and notification.";
        Batched = "batched", "Sends all changes that one request causes in a call as one collection.";
        Early = "early-notifications", "Notifies before it answers the request that caused it.";
        RosterFirst = "roster-first", "Notifies the roster before the end of the operation.";
        ReplacedFirst = "replaced-call-first", "Notifies the end of a replaced call before the end of the operation.";
        RosterTwice = "roster-of-replaced-call-too", "Notifies the roster of the replaced call as well.";
        Wrapped = "entity-in-collection", "Puts a single entity of `resourceData` into a collection, and the only member of a collection into `resourceData` itself.";
        ResourceOnly = "resource-only", "Names the changed resource only in `resource`.";
        UrlOnly = "resource-url-only", "Names the changed resource only in `resourceUrl`.";
        Absolute = "absolute-resources", "Names the changed resource by an absolute URL.";
        Prefix = "other-prefix", "Names the changed resource under other documented prefixes.";
        Members = "extra-members", "Lists people in the roster who were not invited.";
        Accepted = "answer-202", "Answers 202 with `Location` and no body if the edition shows that.";
        AcceptedWithBody = "answer-202-with-body", "Answers 202 with `Location` and the body.";
        NoLocation = "no-location", "Omits `Location` if the examples of the edition have none.";
        Progress = "operation-progress", "Notifies that the operation is running before it ends.";
        KeepAlive = "call-progress", "Notifies the state of the call once more after each invitation.";
        OtherCall = "notification-of-other-call", "Notifies the state of another call of the application.";
        FirstOnly = "first-participant-only", "Invites only the first participant if participants replace calls.";
    }
}

impl ServiceVariant {
    pub(super) const fn style(self) -> JsonStyle {
        match self {
            Self::Reversed => JsonStyle::Reversed,
            Self::Spaced => JsonStyle::Spaced,
            Self::Added => JsonStyle::Added,
            Self::Nulls => JsonStyle::Nulls,
            Self::Escaped => JsonStyle::Escaped,
            Self::Exponents => JsonStyle::Exponents,
            Self::Shouted => JsonStyle::UpperWords,
            Self::Hashless => JsonStyle::NoHash,
            Self::UpperGuids => JsonStyle::UpperGuids,
            Self::BareGuids => JsonStyle::BareGuids,
            Self::LowerSubcode => JsonStyle::LowerSubcode,
            _ => JsonStyle::Plain,
        }
    }
}
