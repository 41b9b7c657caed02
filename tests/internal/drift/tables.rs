//! Changes between the published editions of *participant: invite*, where `CONFCALL_PAGES` names their folder. The changes of
//! each pair were listed by hand from the pages.

use std::fs;

use super::super::published_pages;
use super::line;
use crate::extract::PageDefaults;
use crate::extract::drift::{Change, Comparison, Page, compare};

fn published(old: &str, new: &str) -> Comparison {
    let folder = published_pages();
    let read = |name: &str| {
        let bytes = fs::read(folder.join(name)).unwrap();
        Page::read(name, &bytes, &PageDefaults::default()).unwrap()
    };
    compare(&read(old), &read(new))
}

const RU_2019_05: &str = "ru-RU/2019-05/beta/participant-invite.md";
const ZH_2019_09: &str = "zh-CN/2019-09/beta/participant-invite.md";
const ZH_2020_12: &str = "zh-CN/2020-12/beta/participant-invite.md";
const PT_2021_02: &str = "pt-BR/2021-02/beta/participant-invite.md";
const ZH_2021_02: &str = "zh-CN/2021-02/beta/participant-invite.md";
const ZH_2022_06: &str = "calling/zh-CN/beta/api/participant-invite.md";
const RU_2022_06: &str = "calling/ru-RU/beta/api/participant-invite.md";
const ZH_2022_05: &str = "calling/zh-CN/v1.0/api/participant-invite.md";

/// The changes of a pair, with the subjects of properties and with their lines.
fn listed(comparison: &Comparison) -> Vec<String> {
    let place = |line: Option<usize>| line.map_or("-".to_owned(), |line| line.to_string());
    let listed = comparison.changes.iter().map(|change| {
        let subject = match change.kind.rule().id {
            kind if kind.contains("proper") || kind.contains("-type-") || kind.contains("form") => {
                format!("{}: ", change.subject.replace(" notification", ""))
            }
            _ => String::new(),
        };
        let (mut old, mut new) = (place(change.old), place(change.new));
        match change.kind.rule().id {
            // The other line is that of the object around it.
            "property-removed" | "property-omitted" => "".clone_into(&mut new),
            "property-added" => "".clone_into(&mut old),
            _ => {}
        }
        format!("{old} {new} {subject}{}", line(change))
            .trim()
            .replace("  ", " ")
    });
    listed.collect()
}

#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn the_changes_of_the_published_pages_are_those_listed_by_hand() {
    for (old, new, expected) in [
        (RU_2019_05, ZH_2019_09, TABLE_1),
        (ZH_2019_09, ZH_2020_12, TABLE_2),
        (ZH_2020_12, PT_2021_02, TABLE_3),
        (ZH_2020_12, ZH_2021_02, TABLE_3),
        (ZH_2021_02, ZH_2022_06, TABLE_4),
        (ZH_2021_02, RU_2022_06, TABLE_4),
        (PT_2021_02, RU_2022_06, TABLE_4),
        (ZH_2022_06, ZH_2022_05, TABLE_5),
    ] {
        let comparison = published(old, new);
        assert!(!comparison.relation.is_one_text);
        let found = listed(&comparison);
        let wrong: Vec<_> = { expected.iter().map(|it| (*it).to_owned()) }
            .filter(|it| !found.contains(it))
            .map(|it| format!("missing: {it}"))
            .chain(
                { found.iter() }
                    .filter(|it| !expected.contains(&it.as_str()))
                    .map(|it| format!("surplus: {it}")),
            )
            .collect();
        assert!(wrong.is_empty(), "{old} {new}\n{}", wrong.join("\n"));
    }
}

#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn one_text_is_told_from_two() {
    for (old, new, is_one_text, divides_a_month) in [
        (PT_2021_02, ZH_2021_02, true, false),
        (ZH_2022_06, RU_2022_06, true, false),
        (
            ZH_2022_05,
            &ZH_2022_05.replace("zh-CN", "ru-RU"),
            true,
            false,
        ),
        (
            "calling/ru-RU/v1.0/api/call-answer.md",
            "calling/zh-CN/v1.0/api/call-answer.md",
            false,
            true,
        ),
    ] {
        let comparison = published(old, new);
        let relation = comparison.relation;
        assert_eq!(relation.basis.as_str(), "ms.openlocfilehash");
        assert_eq!(relation.is_one_text, is_one_text, "{old}");
        assert_eq!(relation.divides_a_month, divides_a_month, "{old}");
        // The two texts of a month differ in the names of permissions.
        let mut changes = comparison.changes.iter();
        let is_permission = |it: &Change| it.kind.rule().id.starts_with("permission-");
        assert!(changes.all(|it| !is_one_text && is_permission(it)), "{old}");
    }
}

/// A flow is gone, an outcome is new, and the operation has a type of its own.
const TABLE_1: &[&str] = &[
    "33 37 path-removed breaks bot /applications/{id}/calls/{id}/participants/invite",
    "96 116 example-status-changed breaks bot: 202 to 200",
    "50 54 type of the answer in prose: answer-type-changed compatible: commsoperation to inviteparticipantsoperation",
    "96 116 answer-body-added compatible",
    "188 notification: property-added compatible @odata.type",
    "191 notification: property-added compatible value[].@odata.type",
    "174 195 operation (deleted, completed): object-type-changed breaks bot @odata.type: commsOperation to inviteParticipantsOperation",
    "267 281 steps-removed compatible call created incoming`, `POST calls/{}/answer`, `answer`, `call updated establishing`, `call updated established`, `POST calls`, `answer`, `call updated establishing`, `call updated established",
    "- 500 outcome-added breaks bot operation deleted failed",
    "258 281 state-removed compatible incoming-call",
    "112 131 scenario-renamed renamed: invite-participants-in-existing-p2p-meeting to invite-participants-to-an-existing-multiparty-call",
    "421 - note-removed compatible mediaConfig`, `requestedModalities",
    "- 23 note-added compatible",
];

/// A new path, limits, other answers and notifications, several people and phones.
const TABLE_2: &[&str] = &[
    "37 40 path-added compatible /communications/calls/{id}/participants/invite",
    "37 42 path-deprecated compatible /app/calls/{id}/participants/invite",
    "43 48 request-header-added breaks bot Content-type",
    "- 257 limit-added breaks bot 5",
    "- 56 limit-added breaks bot 256",
    "54 59 prose-status-changed breaks bot: 202 to 200",
    "116 126 header-removed compatible location",
    "177 158 header-removed compatible authorization",
    "75 request: property-removed compatible participants[].endpointType",
    "80 request: property-removed compatible participants[].identity.*.displayName",
    "79 request: property-removed compatible participants[].identity.*.tenantId",
    "83 request: property-removed compatible participants[].languageId",
    "84 request: property-removed compatible participants[].region",
    "124 answer: property-removed breaks bot createdDateTime",
    "125 answer: property-removed breaks bot lastActionDateTime",
    "197 operation (deleted, completed): property-removed breaks bot @odata.etag",
    "196 operation (deleted, completed): property-removed breaks bot @odata.id",
    "230 roster (updated): property-removed breaks bot @odata.etag",
    "229 roster (updated): property-removed breaks bot @odata.id",
    "234 roster (updated): property-removed compatible info.identity.*.displayName",
    "388 roster (updated): property-removed compatible info.identity.*.languageId",
    "387 roster (updated): property-removed compatible info.identity.*.region",
    "239 roster (updated): property-removed compatible info.languageId",
    "238 roster (updated): property-removed compatible info.region",
    "244 roster (updated): property-removed breaks bot mediaStreams[].label",
    "91 request: property-added compatible participants[].identity.*.@odata.type",
    "93 request: property-added compatible participants[].identity.*.identityProvider",
    "89 request: property-added compatible participants[].identity.@odata.type",
    "130 answer: property-added compatible @odata.type",
    "135 answer: property-added compatible participants",
    "134 answer: property-added compatible resultInfo",
    "174 notification: property-added compatible value[].resourceUrl",
    "193 operation (deleted, completed): property-added compatible id",
    "177 operation (deleted, completed): property-added compatible participants",
    "246 roster (updated): property-added compatible id",
    "233 roster (updated): property-added compatible info.endpointType",
    "228 roster (updated): property-added compatible info.identity.*.@odata.type",
    "480 roster (updated): property-added compatible info.identity.*.identityProvider",
    "230 roster (updated): property-added compatible info.identity.*.tenantId",
    "226 roster (updated): property-added compatible info.identity.@odata.type",
    "245 roster (updated): property-added compatible isInLobby",
    "244 roster (updated): property-added compatible isMuted",
    "237 roster (updated): property-added compatible mediaStreams[].@odata.type",
    "85 87 request: value-form-changed breaks service participants[].replacesCallId: a path to an id",
    "123 132 word-case-changed compatible status: running to Running",
    "436 507 steps-removed compatible call updated terminated`, `call deleted",
    "500 - outcome-removed compatible operation deleted failed",
    "- 255 scenario-added compatible invite-multiple-participants-to-an-existing-group-call",
    "- 704 scenario-added compatible invite-one-pstn-participant-to-an-existing-group-call",
    "- 61 note-added compatible",
    "- 513 note-added breaks bot invitationparticipantinfo`, `replacesCallId",
    "- 702 note-added compatible",
];

/// Only a note is gone.
const TABLE_3: &[&str] = &["728 - note-removed compatible"];

/// A participant can be moved; examples have other names.
const TABLE_4: &[&str] = &[
    "- 731 limit-added breaks bot E.164",
    "953 request: property-added compatible participants[].participantId",
    "1016 answer: property-added compatible participants[].participantId",
    "- 926 scenario-added compatible move-one-participant-from-one-meeting-to-another",
    "69 69 scenario-renamed renamed: invite-one-participant-to-an-existing-group-call to invite-one-participant-to-an-existing-call",
    "507 523 scenario-renamed renamed: invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call to invite-participants-to-an-existing-group-call-replacing-an-existing-peer-to-peer-call",
    "704 728 scenario-renamed renamed: invite-one-pstn-participant-to-an-existing-group-call to invite-one-pstn-participant-to-an-existing-call",
    "76 76 example-renamed renamed: participant-invite to participant-invite-1",
    "733 739 example-renamed renamed: participant-invite to participant-invite-2",
    "708 728 section-removed compatible step-1-create-application-instance",
    "714 728 section-removed compatible step-2-assign-microsoft-365-licenses",
    "717 728 section-removed compatible step-3-acquire-pstn-number",
    "722 728 section-removed compatible step-4-assign-pstn-number-to-application-instance",
];

/// What a bot meets that moves from beta to v1.0.
const TABLE_5: &[&str] = &[
    "42 37 path-removed breaks bot /app/calls/{id}/participants/invite",
    "90 request: property-added compatible participants[].identity.*.displayName",
    "150 answer: property-added compatible participants[].identity.*.@odata.type",
    "193 operation (deleted, completed): property-added compatible participants[].identity.*.displayName",
    "496 roster (updated): property-added compatible info.identity.*.displayName",
    "93 request: property-omitted compatible participants[].identity.*.identityProvider",
    "146 answer: property-omitted compatible participants[].id",
    "151 answer: property-omitted compatible participants[].identity.*.identityProvider",
    "152 answer: property-omitted breaks bot participants[].identity.*.tenantId",
    "193 operation (deleted, completed): property-omitted compatible participants[].identity.*.identityProvider",
    "194 operation (deleted, completed): property-omitted breaks bot participants[].identity.*.tenantId",
    "238 roster (updated): property-omitted breaks bot info.identity.*.tenantId",
    "232 231 roster (updated): object-type-changed compatible info.@odata.type: participantInfo to invitationParticipantInfo",
];
