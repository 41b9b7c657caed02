"""The mistakes that the bot can be told to make, one behaviour each.

A fault is a function, its name the fault's name. It changes an invitation (`in_invitation`), an
entry of one (`in_entry`), which requests go out (`in_requests`), or the acknowledgement of each
notification (`in_acknowledgement`). The rule is the name under which a judge should find it. A
fault that finds nothing to change leaves the traffic sound.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from bot_requests import BotRequest
from wire import RESET, WITHHELD, Reply

SpoilRequest = Callable[[BotRequest], None]
SpoilRequests = Callable[[BotRequest], list[BotRequest]]
SpoilReply = Callable[[Reply], None]


@dataclass(frozen=True)
class Fault:
    """A named mistake, in what the bot sends or in how it acknowledges."""

    name: str
    rule: str
    requests: SpoilRequests | None = None
    acknowledgement: SpoilReply | None = None

    def spoil_request(self, request: BotRequest) -> list[BotRequest]:
        """Give what goes out where the bot means to send `request`."""
        return self.requests(request) if self.requests else [request]

    def spoil_acknowledgement(self, reply: Reply) -> Reply:
        """Give the acknowledgement as the fault makes it."""
        if self.acknowledgement:
            self.acknowledgement(reply)
        return reply


SOUND = Fault("", "")
FAULTS: dict[str, Fault] = {}


def _register(spoil: Callable, rule: str, **parts: Callable) -> None:
    """Enter a fault under the name of the function that commits it."""
    name = spoil.__name__.replace("_", "-")
    FAULTS[name] = Fault(name, rule, **parts)


def in_requests(rule: str) -> Callable[[SpoilRequests], SpoilRequests]:
    """Register a fault in which requests go out where an invitation should."""

    def register(spoil: SpoilRequests) -> SpoilRequests:
        def spoil_invitation(request: BotRequest) -> list[BotRequest]:
            return spoil(request) if request.kind == "invite" else [request]

        _register(spoil, rule, requests=spoil_invitation)
        return spoil

    return register


def in_request(rule: str, *kinds: str) -> Callable[[SpoilRequest], SpoilRequest]:
    """Register a fault in each request of these kinds."""

    def register(spoil: SpoilRequest) -> SpoilRequest:
        def spoil_kinds(request: BotRequest) -> list[BotRequest]:
            if request.kind in kinds:
                spoil(request)
            return [request]

        _register(spoil, rule, requests=spoil_kinds)
        return spoil

    return register


def in_entry(rule: str) -> Callable[[Callable], Callable]:
    """Register a fault in the first participant of an invitation."""

    def register(spoil: Callable[[dict], None]) -> Callable[[dict], None]:
        def spoil_first(request: BotRequest) -> list[BotRequest]:
            if request.kind == "invite":
                spoil(request.body["participants"][0])
            return [request]

        _register(spoil, rule, requests=spoil_first)
        return spoil

    return register


def in_acknowledgement(rule: str) -> Callable[[SpoilReply], SpoilReply]:
    """Register a fault in the acknowledgement of each notification."""

    def register(spoil: SpoilReply) -> SpoilReply:
        _register(spoil, rule, acknowledgement=spoil)
        return spoil

    return register


def _stranger() -> dict:
    return {"identity": {"user": {"id": str(uuid.uuid4())}}}


def _kind_in(entry: dict) -> str:
    return next(kind for kind, value in entry["identity"].items() if isinstance(value, dict))


# Which requests go out.


@in_requests("request.missing")
def invite_missing(_: BotRequest) -> list[BotRequest]:
    """Take the trigger and do nothing."""
    return []


@in_requests("request.unexpected")
def invite_twice(request: BotRequest) -> list[BotRequest]:
    """Send the same invitation again."""
    return [request, request]


# The invitation as a request.


@in_request("request.method", "invite")
def invite_by_put(request: BotRequest) -> None:
    """Use another method."""
    request.method = "PUT"


@in_request("request.target", "invite")
def invite_other_call(request: BotRequest) -> None:
    """Invite to a call that does not exist."""
    before, _, after = request.url.rpartition("/calls/")
    kept = after.partition("/")[2]
    request.url = f"{before}/calls/{uuid.uuid4()}/{kept}"


@in_request("request.target", "invite")
def invite_misspelt(request: BotRequest) -> None:
    """Use a path that no page lists."""
    request.url = request.url.removesuffix("/invite") + "/add"


@in_request("request.header", "invite")
def token_missing(request: BotRequest) -> None:
    """Send no token."""
    del request.headers["Authorization"]


@in_request("request.header", "invite")
def token_not_bearer(request: BotRequest) -> None:
    """Use another scheme than Bearer."""
    request.headers["Authorization"] = "Basic Zm9yZWlnbjpib3Q="


@in_request("request.header", "invite")
def invite_as_text(request: BotRequest) -> None:
    """Declare the invitation to be plain text."""
    request.headers["Content-Type"] = "text/plain"


@in_request("request.body", "invite")
def invite_invalid_json(request: BotRequest) -> None:
    """Lose the last brace."""
    request.text = json.dumps(request.body).encode()[:-1]


@in_request("request.body", "invite")
def invite_without_body(request: BotRequest) -> None:
    """Send nothing."""
    request.text = b""


@in_request("request.body", "create", "answer")
def callback_number(request: BotRequest) -> None:
    """Create or answer a call with a callback that is a number; needs such a request."""
    name = "callback" if "callback" in request.body else "callbackUri"
    request.body[name] = 4711


# The body of an invitation.


@in_request("request.body", "invite")
def participants_missing(request: BotRequest) -> None:
    """Leave out whom to invite."""
    del request.body["participants"]


@in_request("request.body", "invite")
def participants_object(request: BotRequest) -> None:
    """Give one entry where a collection belongs."""
    request.body["participants"] = request.body["participants"][0]


@in_request("request.body", "invite")
def participant_surplus(request: BotRequest) -> None:
    """Invite somebody else as well."""
    request.body["participants"].append(_stranger())


@in_request("limit", "invite")
def participants_six(request: BotRequest) -> None:
    """Invite more people than one invitation may name."""
    people = request.body["participants"]
    people += [_stranger() for _ in range(6 - len(people))]


@in_request("limit", "invite")
def context_too_long(request: BotRequest) -> None:
    """Give a context of 257 characters."""
    request.body["clientContext"] = "x" * 257


@in_request("request.body", "invite")
def context_number(request: BotRequest) -> None:
    """Give a number as the context."""
    request.body["clientContext"] = 51


# One entry of an invitation.


@in_entry("request.body")
def identity_missing(entry: dict) -> None:
    """Leave out who is invited."""
    del entry["identity"]


@in_entry("request.body")
def identity_other_id(entry: dict) -> None:
    """Invite somebody else."""
    entry["identity"][_kind_in(entry)]["id"] = str(uuid.uuid4())


@in_entry("request.body")
def identity_other_kind(entry: dict) -> None:
    """Invite a guest instead."""
    entry["identity"]["guest"] = entry["identity"].pop(_kind_in(entry))


@in_entry("request.body")
def identity_id_number(entry: dict) -> None:
    """Give the id as a number."""
    entry["identity"][_kind_in(entry)]["id"] = 51


@in_entry("request.body")
def replaces_missing(entry: dict) -> None:
    """Do not say which call is replaced; needs one that is."""
    entry.pop("replacesCallId", None)


@in_entry("correlation")
def replaces_other_call(entry: dict) -> None:
    """Replace a call that does not exist; needs one that is replaced."""
    if "replacesCallId" in entry:
        entry["replacesCallId"] = str(uuid.uuid4())


@in_entry("request.body")
def endpoint_type_number(entry: dict) -> None:
    """Give an endpoint type that is a number."""
    entry["endpointType"] = 7


@in_entry("request.body")
def region_number(entry: dict) -> None:
    """Give a number as the region."""
    entry["region"] = 51


# The acknowledgement of a notification.


@in_acknowledgement("acknowledgement.status")
def acknowledge_500(reply: Reply) -> None:
    """Fail."""
    reply.status = 500


@in_acknowledgement("acknowledgement.status")
def acknowledge_404(reply: Reply) -> None:
    """Deny that there is a callback."""
    reply.status = 404


@in_acknowledgement("acknowledgement.status")
def acknowledge_by_redirect(reply: Reply) -> None:
    """Send the service elsewhere."""
    reply.status = 302
    reply.headers["Location"] = "/elsewhere"


@in_acknowledgement("acknowledgement.missing")
def acknowledgement_hangs(reply: Reply) -> None:
    """Never acknowledge."""
    reply.fate = WITHHELD


@in_acknowledgement("transport")
def acknowledgement_reset(reply: Reply) -> None:
    """Break the connection instead of acknowledging."""
    reply.fate = RESET
