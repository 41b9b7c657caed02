"""The requests that the bot knows how to make, each built anew from what it is triggered to do.

Pure: a trigger in, a request out. The bot takes from a trigger whom and which call it concerns; context,
callback address and token are its own.
"""

import copy
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wire import JSON_TYPE

PLACES = {
    "create": re.compile(r".*/calls"),
    "answer": re.compile(r".*/calls/[^/]+/answer"),
    "invite": re.compile(r".*/calls/[^/]+/participants/invite"),
}


class Unknown(Exception):
    """The trigger asks for something that the bot cannot do."""


@dataclass
class BotRequest:
    """A request that the bot is about to send; `text` replaces the JSON body where given."""

    kind: str
    method: str
    url: str
    headers: dict
    body: Any
    text: bytes | None = None


def request_for(triggered: object, callback: str, token: str) -> BotRequest:
    """Build what is triggered, or say that it is unknown."""
    if not isinstance(triggered, dict):
        raise Unknown("the trigger holds no request")
    method, url, body = triggered.get("method"), triggered.get("url"), triggered.get("body")
    kind = _kind_of(method, url)
    if not isinstance(body, dict):
        raise Unknown(f"a request to {kind} needs a JSON object as its body")
    made = _invitation(body) if kind == "invite" else _with_callback(kind, body, callback)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": JSON_TYPE}
    return BotRequest(kind, "POST", url, headers, made)


def _kind_of(method: object, url: object) -> str:
    if method == "POST" and isinstance(url, str):
        path = urlsplit(url).path
        for kind, place in PLACES.items():
            if place.fullmatch(path):
                return kind
    raise Unknown(f"this bot does not know how to {method} {url}")


def _invitation(triggered: dict) -> dict:
    people = triggered.get("participants")
    if not isinstance(people, list) or not people:
        raise Unknown("the invitation names nobody")
    return {
        "participants": [_invited(person) for person in people],
        "clientContext": f"foreign-bot-{uuid.uuid4()}",
    }


def _invited(person: dict) -> dict:
    """Name one person: kind and id of each identity and, as a bare id, the call to replace."""
    identity_set = person.get("identity") or {}
    identities = {
        kind: {"@odata.type": "#microsoft.graph.identity", "id": identity["id"]}
        for kind, identity in identity_set.items()
        if isinstance(identity, dict) and "id" in identity
    }
    invited = {
        "@odata.type": "#microsoft.graph.invitationParticipantInfo",
        "identity": {"@odata.type": "#microsoft.graph.identitySet", **identities},
    }
    if person.get("replacesCallId"):
        invited["replacesCallId"] = person["replacesCallId"].rstrip("/").rpartition("/")[2]
    return invited


def _with_callback(kind: str, triggered: dict, callback: str) -> dict:
    """Keep what was triggered and have notifications sent to the bot, under the name that was triggered."""
    name = "callback" if "callback" in triggered else "callbackUri"
    if kind == "answer" and "mediaConfig" not in triggered:
        raise Unknown("a call cannot be answered without mediaConfig")
    return {**copy.deepcopy(triggered), name: callback}
