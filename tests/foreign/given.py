"""The hook by which a harness asks the service for a provider state."""

import uuid
from typing import TYPE_CHECKING

from calls import Person
from wire import Refused, Reply

if TYPE_CHECKING:
    from service import Service


def arrange(service: "Service", wish: dict) -> Reply:
    """Bring about the state that is wished for, or decline with the reason."""
    state, callback = wish.get("state"), wish.get("callback")
    variables = wish.get("variables") or {}
    if not isinstance(callback, str) or not isinstance(variables, dict):
        raise Refused(400, "BadRequest", "callback must be a URL and variables an object")
    match state:
        case "call" | "peer-call" | "chat" | "number":
            return _take_as_existing(service, callback, variables)
        case "ended-call":
            return _end(service, callback, variables)
        case "token-check" if service.token is None:
            return Reply(501, {"reason": "any token will do"})
        case "token-check":
            return Reply(200, {"variables": {}})
        case "incoming-call":
            return _ring(service, callback, variables)
        case "operation-fails":
            return _mark_unreachable(service, callback, variables)
    return Reply(501, {"reason": f"no way to bring about {state}"})


def _take_as_existing(service: "Service", callback: str, variables: dict) -> Reply:
    for name in _call_names(variables):
        service.board.adopt(variables[name], callback)
    return Reply(200, {"variables": {}})


def _end(service: "Service", callback: str, variables: dict) -> Reply:
    """Take a call as one that was there and has ended."""
    call_id = variables.get("ended-call") or str(uuid.uuid4())
    service.board.adopt(call_id, callback)
    service.board.hang_up(service.board.find(call_id))
    return Reply(200, {"variables": {"ended-call": call_id}})


def _ring(service: "Service", callback: str, variables: dict) -> Reply:
    """Let a call arrive, under the id that the variables hold for it where they hold one."""
    names = _call_names(variables)
    apart = [name for name in names if "peer" in name.lower() or "incoming" in name.lower()]
    name = (apart + names + ["call"])[0]
    call_id = variables.get(name) or str(uuid.uuid4())
    caller = Person("user", {"displayName": "Caller", "id": str(uuid.uuid4())})
    called = Person("application", {"displayName": "Bot", "id": str(uuid.uuid4())})
    call = service.board.ring(call_id, callback, caller, called)
    reply = Reply(200, {"variables": {name: call_id}})
    reply.after = lambda: service.announce_incoming(call)
    return reply


def _mark_unreachable(service: "Service", callback: str, variables: dict) -> Reply:
    """Let the next invitation of whoever the variables name fail; their calls are adopted too."""
    _take_as_existing(service, callback, variables)
    calls = _call_names(variables)
    ids = {value for name, value in variables.items() if name not in calls and _is_id(value)}
    if not ids:
        return Reply(501, {"reason": "the variables name nobody whose invitation could fail"})
    service.board.mark_unreachable(ids)
    return Reply(200, {"variables": {}})


def _call_names(variables: dict) -> list[str]:
    """Name the variables that hold the id of a call."""
    names = (name for name, value in variables.items() if "call" in name.lower() and _is_id(value))
    return [name for name in names if "callback" not in name.lower()]


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value != ""
