"""What the bot expects of a notification, as far as it would rely on it.

Pure but for `Contexts`, which remembers what the bot's own operations were given.
"""

import json
import re
import threading

from wire import Received

CHANGES = {"created", "updated", "deleted"}
OPERATION_STATES = {"notstarted", "running", "completed", "failed"}
CALL_STATES = {
    "incoming",
    "establishing",
    "ringing",
    "established",
    "hold",
    "transferring",
    "transferaccepted",
    "redirecting",
    "terminating",
    "terminated",
}
RESOURCE = re.compile(
    r".*/calls/(?P<call>[^/]+)(?:/(?P<part>participants|operations)(?:/(?P<id>.+))?)?"
)


class Contexts:
    """The contexts that the bot gave to the operations that it knows of."""

    def __init__(self):
        self._lock = threading.Lock()
        self._given: dict[str, str] = {}

    def learn(self, invitation: dict, answer: Received) -> None:
        """Take the id of the operation from the answer to an invitation."""
        location = answer.headers.get("Location") or ""
        operation_id = location.rpartition("/")[2]
        if answer.body:
            operation_id = json.loads(answer.body).get("id") or operation_id
        with self._lock:
            self._given[operation_id] = invitation.get("clientContext")

    def contradict(self, operation_id: str, context: object) -> bool:
        """Tell whether a known operation comes back with another context than it was given."""
        with self._lock:
            given = self._given.get(operation_id)
        return given is not None and context is not None and context != given


def check(envelope: dict, contexts: Contexts) -> str | None:
    """Give what is wrong with a notification, None where nothing is."""
    items = envelope.get("value")
    if not isinstance(items, list) or not items:
        return "value must be a collection of notifications"
    return next(filter(None, (_problem(item, contexts) for item in items)), None)


def _problem(item: object, contexts: Contexts) -> str | None:
    if not isinstance(item, dict):
        return "a notification must be an object"
    if str(item.get("changeType")).lower() not in CHANGES:
        return f"changeType is {item.get('changeType')}"
    resource = item.get("resourceUrl") or item.get("resource")
    place = RESOURCE.fullmatch(resource) if isinstance(resource, str) else None
    if place is None:
        return f"{resource} is no resource of a call"
    data = item.get("resourceData")
    if place["part"] == "participants":
        return _roster_problem(data)
    if place["part"] == "operations":
        return _operation_problem(data, place["id"], contexts)
    return _call_problem(data, item["changeType"])


def _roster_problem(data: object) -> str | None:
    members = data if isinstance(data, list) else [data]
    for member in members:
        info = member.get("info") if isinstance(member, dict) else None
        if not isinstance(info, dict) or not isinstance(info.get("identity"), dict):
            return "each member of a roster needs info.identity"
    return None


def _operation_problem(data: object, operation_id: str | None, contexts: Contexts) -> str | None:
    if not isinstance(data, dict):
        return "an operation must be an object"
    if str(data.get("status")).lower() not in OPERATION_STATES:
        return f"the status of an operation is {data.get('status')}"
    if contexts.contradict(operation_id or data.get("id"), data.get("clientContext")):
        return "the operation came back with a context that is not its own"
    return None


def _call_problem(data: object, change: str) -> str | None:
    if not isinstance(data, dict):
        return "a call must be an object"
    state = data.get("state")
    if state is None and change.lower() == "deleted":
        return None
    return None if str(state).lower() in CALL_STATES else f"the state of a call is {state}"
