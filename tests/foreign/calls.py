"""The state of the service: calls, who is on them, and the operations that change that.

Not for HTTP and not for how a message looks; see service.py and editions.py.
"""

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from delivery import Delivery
from wire import Refused

MOST_PARTICIPANTS = 5
LONGEST_CONTEXT = 256


def now() -> str:
    """Give the present time as the pages print it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Person:
    """Someone invited to a call or present on it; `identity` has at least `id`."""

    kind: str
    identity: dict
    endpoint_type: str | None = None
    language_id: str | None = None
    region: str | None = None
    replaces: str | None = None
    member_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Operation:
    """A long-running invitation (or answer) on one call."""

    call_id: str
    context: str
    people: list[Person]
    status: str = "running"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: str = field(default_factory=now)

    @property
    def path(self) -> str:
        """Give its place below `/calls/`."""
        return f"{self.call_id}/operations/{self.id}"


@dataclass
class Call:
    """A call: where its notifications go, how far it is, who is on it; `gone` once deleted."""

    id: str
    callback: str
    direction: str = "outgoing"
    state: str = "established"
    gone: bool = False
    request: dict = field(default_factory=dict)
    members: list[Person] = field(default_factory=list)
    operations: dict[str, Operation] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)


@dataclass(frozen=True)
class Outcome:
    """What an invitation came to: the operation, its call and, if any, the call it replaced."""

    operation: Operation
    call: Call
    replaced: Call | None = None


class Switchboard:
    """All calls that the service knows. Safe to use from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._calls: dict[str, Call] = {}
        self._unreachable: set[str] = set()

    def place(self, request: dict) -> Call:
        """Make an outgoing call as a bot asked for it."""
        call = Call(str(uuid.uuid4()), callback_of(request), state="establishing", request=request)
        call.members.extend(person_from(entry) for entry in _people_named(request))
        with self._lock:
            self._calls[call.id] = call
        return call

    def ring(self, call_id: str, callback: str, caller: Person, called: Person) -> Call:
        """Let an incoming call arrive."""
        call = Call(call_id, callback, "incoming", "incoming", members=[caller, called])
        with self._lock:
            self._calls[call_id] = call
        return call

    def adopt(self, call_id: str, callback: str) -> None:
        """Take a call as existing, unless it is known already."""
        with self._lock:
            self._calls.setdefault(call_id, Call(call_id, callback))

    def mark_unreachable(self, identity_ids: set[str]) -> None:
        """Let the next invitation of each of these identities fail."""
        with self._lock:
            self._unreachable |= identity_ids

    def find(self, call_id: str) -> Call:
        """Give a call that exists, or refuse."""
        with self._lock:
            call = self._calls.get(call_id)
        if call is None or call.gone:
            raise Refused(404, "NotFound", f"there is no call {call_id}")
        return call

    def take_up(self, call: Call, request: dict) -> Operation:
        """Answer an incoming call; later notifications go where the request says."""
        with self._lock:
            if call.state != "incoming":
                raise Refused(409, "Conflict", f"call {call.id} is {call.state}, not incoming")
            call.callback = request.get("callback") or request.get("callbackUri") or call.callback
            call.state = "establishing"
            return _opened(call, request, [])

    def invite(self, call: Call, request: dict) -> Operation:
        """Open the operation that a documented invitation asks for, or refuse."""
        people = invited_people(request)
        with self._lock:
            return _opened(call, request, people)

    def settle(self, call: Call, operation: Operation) -> Outcome:
        """Let an invitation succeed or, where someone is unreachable, fail."""
        with self._lock:
            ids = {person.identity["id"] for person in operation.people}
            if ids & self._unreachable:
                self._unreachable -= ids
                operation.status = "failed"
                return Outcome(operation, call)
            operation.status = "completed"
            call.members[:0] = operation.people
            return Outcome(operation, call, self._replaced(call, operation))

    def hang_up(self, call: Call) -> None:
        """End a call for good."""
        with self._lock:
            _end(call)

    def _replaced(self, call: Call, operation: Operation) -> Call | None:
        replaced_id = operation.people[0].replaces
        if replaced_id is None:
            return None
        replaced = self._calls.setdefault(replaced_id, Call(replaced_id, call.callback))
        if replaced.gone:
            return None
        _end(replaced)
        return replaced


def callback_of(request: dict) -> str:
    """Give the callback address that a request names, under either of its names, or refuse."""
    callback = request.get("callback") or request.get("callbackUri")
    if not isinstance(callback, str):
        raise Refused(400, "BadRequest", "callback must be a URL")
    return callback


def invited_people(request: dict) -> list[Person]:
    """Read whom to invite: with `replacesCallId` only the first entry counts."""
    entries = request.get("participants")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_PARTICIPANTS:
        raise Refused(400, "BadRequest", f"participants must be 1 to {MOST_PARTICIPANTS} entries")
    people = [person_from(entry) for entry in entries]
    return people[:1] if all(person.replaces for person in people) else people


def person_from(entry: dict) -> Person:
    """Read one invitationParticipantInfo or participantInfo, or refuse it."""
    kind, identity = _identity_in(entry)
    return Person(
        kind,
        {name: value for name, value in identity.items() if name != "@odata.type"},
        entry.get("endpointType"),
        entry.get("languageId"),
        entry.get("region"),
        _call_id(entry.get("replacesCallId")),
    )


def _identity_in(entry: dict) -> tuple[str, dict]:
    identity_set = entry.get("identity") if isinstance(entry, dict) else None
    if isinstance(identity_set, dict):
        for kind, identity in identity_set.items():
            if isinstance(identity, dict) and isinstance(identity.get("id"), str):
                return kind, identity
    raise Refused(400, "BadRequest", "each participant needs an identity with an id")


def _call_id(reference: object) -> str | None:
    """Reduce a call's id or path to its id."""
    if reference is None:
        return None
    if not isinstance(reference, str):
        raise Refused(400, "BadRequest", "replacesCallId must be a string")
    return reference.rstrip("/").rpartition("/")[2] or None


def _people_named(request: dict) -> list[dict]:
    source = [request["source"]] if request.get("source") else []
    return source + list(request.get("targets") or [])


def _opened(call: Call, request: dict, people: list[Person]) -> Operation:
    """Open an operation; where the request has no context, the service makes one up."""
    context = request.get("clientContext", str(uuid.uuid4()))
    if not isinstance(context, str) or len(context) > LONGEST_CONTEXT:
        text = f"clientContext must be a string of at most {LONGEST_CONTEXT} characters"
        raise Refused(400, "BadRequest", text)
    operation = Operation(call.id, context, people)
    call.operations[operation.id] = operation
    return operation


def _end(call: Call) -> None:
    call.state = "terminated"
    call.gone = True
