//! Protocol words that a page or its resource page lists.
//!
//! Words are compared without regard to case. Their sources are the resource pages of the same reference
//! (`commsNotification`, `commsOperation`, `call`, `mediaStream`, `participantInfo`, `invitationParticipantInfo`) and
//! the parameter tables of the create and answer pages.

/// `changeType` of a notification.
pub(crate) const CHANGES: &[&str] = &["created", "updated", "deleted"];
/// `status` of an operation.
pub(crate) const STATUSES: &[&str] = &["notStarted", "running", "completed", "failed"];
/// `state` of a call.
pub(crate) const STATES: &[&str] = &[
    "incoming",
    "establishing",
    "ringing",
    "established",
    "hold",
    "transferring",
    "transferAccepted",
    "redirecting",
    "terminating",
    "terminated",
];
const CALL_DIRECTIONS: &[&str] = &["incoming", "outgoing"];
const STREAM_DIRECTIONS: &[&str] = &["inactive", "sendOnly", "receiveOnly", "sendReceive"];
const MEDIA: &[&str] = &[
    "unknown",
    "audio",
    "video",
    "screenSharing",
    "videoBasedScreenSharing",
    "data",
];
const ENDPOINTS: &[&str] = &["default", "skypeForBusiness", "skypeForBusinessVoipPhone"];
const INVITED_ENDPOINTS: &[&str] = &["default", "voicemail"];

/// The words listed for a property, whose path is `place`. `None` for free text.
pub(crate) fn listed_for(place: &[&str]) -> Option<&'static [&'static str]> {
    let name = *place.last()?;
    let inside = |outer: &str| place[..place.len() - 1].contains(&outer);
    match name {
        "changeType" => Some(CHANGES),
        "status" => Some(STATUSES),
        "state" => Some(STATES),
        "direction" if inside("mediaStreams") => Some(STREAM_DIRECTIONS),
        "direction" => Some(CALL_DIRECTIONS),
        "mediaType" => Some(MEDIA),
        "endpointType" if inside("info") || inside("source") || inside("targets") => {
            Some(ENDPOINTS)
        }
        "endpointType" => Some(INVITED_ENDPOINTS),
        "activeModalities" | "requestedModalities" | "acceptModalities" | "acceptedModalities" => {
            Some(MEDIA)
        }
        _ => None,
    }
}

/// Ignores case.
pub(crate) fn is_listed(word: &str, listed: &[&str]) -> bool {
    listed.iter().any(|other| other.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_depend_on_their_place() {
        let stream = listed_for(&["mediaStreams", "direction"]).unwrap();
        assert!(is_listed("sendreceive", stream));
        assert!(!is_listed("outgoing", stream));
        assert!(is_listed("outgoing", listed_for(&["direction"]).unwrap()));
        assert!(is_listed(
            "voicemail",
            listed_for(&["participants", "endpointType"]).unwrap()
        ));
        assert!(!is_listed(
            "voicemail",
            listed_for(&["info", "endpointType"]).unwrap()
        ));
        assert_eq!(listed_for(&["subject"]), None);
    }
}
