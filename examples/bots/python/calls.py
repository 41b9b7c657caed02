"""The actions of the bot on calls, and the choice of one by a trigger."""

import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from msgraph_beta import GraphServiceClient
from msgraph_beta.generated.communications.calls.item.answer.answer_post_request_body import (
    AnswerPostRequestBody,
)
from msgraph_beta.generated.communications.calls.item.participants.invite.invite_post_request_body import (
    InvitePostRequestBody,
)
from msgraph_beta.generated.models.call import Call
from msgraph_beta.generated.models.communications_identity_set import CommunicationsIdentitySet
from msgraph_beta.generated.models.identity import Identity
from msgraph_beta.generated.models.identity_set import IdentitySet
from msgraph_beta.generated.models.invitation_participant_info import InvitationParticipantInfo
from msgraph_beta.generated.models.media_info import MediaInfo
from msgraph_beta.generated.models.modality import Modality
from msgraph_beta.generated.models.service_hosted_media_config import ServiceHostedMediaConfig

Action = Callable[[GraphServiceClient], Awaitable[object]]


class Unable(Exception):
    """The bot declines a trigger, with the reason."""


@dataclass(frozen=True)
class Invitee:
    """A person to invite or to call; `replaces` is the call that the new one replaces."""

    kind: str
    id: str
    replaces: str | None


def action_for(request: dict | None, callback: str) -> Action:
    """Give the action for a triggered request; `callback` is the bot's address for notifications.

    Raises Unable if the bot has no such action.
    """
    method, url = (request or {}).get("method"), (request or {}).get("url", "")
    if method == "POST":
        for pattern, make in _ACTIONS:
            found = pattern.search(urlsplit(url).path)
            if found:
                ids = [unquote(it) for it in found.groups()]
                return make(*ids, request.get("body") or {}, callback)
    raise Unable(f"this bot never sends {method} {url}")


def _invite(call: str, body: dict, _callback: str) -> Action:
    invitees = [_invitee(it) for it in body.get("participants") or []]
    if not invitees:
        raise Unable("this bot invites at least one person")
    wanted = InvitePostRequestBody(
        participants=[_invitation(it) for it in invitees],
        client_context=str(uuid.uuid4()),
    )
    return lambda client: client.communications.calls.by_call_id(call).participants.invite.post(
        wanted
    )


def _answer(call: str, body: dict, callback: str) -> Action:
    wanted = AnswerPostRequestBody(
        callback_uri=callback,
        accepted_modalities=_modalities(body.get("acceptedModalities")),
        media_config=_media(body),
    )
    return lambda client: client.communications.calls.by_call_id(call).answer.post(wanted)


def _create(body: dict, callback: str) -> Action:
    targets = [_invitee(it) for it in body.get("targets") or []]
    if not targets:
        raise Unable("this bot calls people and does not join meetings")
    wanted = Call(
        odata_type="#microsoft.graph.call",
        callback_uri=callback,
        targets=[_invitation(it) for it in targets],
        requested_modalities=_modalities(body.get("requestedModalities")),
        media_config=_media(body),
        tenant_id=body.get("tenantId"),
    )
    return lambda client: client.communications.calls.post(wanted)


_ACTIONS = [
    (re.compile(r"/(?:communications|app)/calls/([^/]+)/participants/invite$"), _invite),
    (re.compile(r"/(?:communications|app)/calls/([^/]+)/answer$"), _answer),
    (re.compile(r"/(?:communications|app)/calls$"), _create),
]


def _invitee(participant: dict) -> Invitee:
    """Give the person that a participant of a trigger names, as the bot keeps people."""
    identity = participant.get("identity") or {}
    kinds = [it for it in identity if not it.startswith("@") and identity[it]]
    if len(kinds) != 1 or kinds[0] not in _IDENTITIES:
        raise Unable(f"this bot does not invite {' and '.join(kinds) or 'an empty identity'}")
    return Invitee(kinds[0], identity[kinds[0]]["id"], participant.get("replacesCallId"))


# The SDK's identity set has users, applications and devices; a derived one has the other kinds.
_IDENTITIES = {
    "user": lambda it: IdentitySet(user=it),
    "application": lambda it: IdentitySet(application=it),
    "phone": lambda it: CommunicationsIdentitySet(phone=it),
    "applicationInstance": lambda it: CommunicationsIdentitySet(application_instance=it),
    "guest": lambda it: CommunicationsIdentitySet(guest=it),
}


def _invitation(invitee: Invitee) -> InvitationParticipantInfo:
    identity = Identity(odata_type="#microsoft.graph.identity", id=invitee.id)
    return InvitationParticipantInfo(
        odata_type="#microsoft.graph.invitationParticipantInfo",
        identity=_IDENTITIES[invitee.kind](identity),
        replaces_call_id=invitee.replaces,
    )


def _modalities(names: list[str] | None) -> list[Modality]:
    return [Modality(it) for it in names or ["audio"]]


def _media(body: dict) -> ServiceHostedMediaConfig:
    """Give the media settings: the service plays and mixes, and fetches the prompts of the trigger."""
    prompts = (body.get("mediaConfig") or {}).get("preFetchMedia") or []
    return ServiceHostedMediaConfig(
        pre_fetch_media=[
            MediaInfo(uri=it.get("uri") or it.get("url"), resource_id=it.get("resourceId"))
            for it in prompts
        ]
    )
