"""The mistakes that the service can be told to make, one behaviour each.

A fault is a function, its name the fault's name. It changes an answer (`in_reply`), the operation
in an answer (`in_operation`), each notice of one topic (`in_notice`), or the list of notices that
go out together (`in_notices`). The rule is the name under which a judge should find it. A fault
that finds nothing to change leaves the traffic sound.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from delivery import Notice
from wire import RESET, WITHHELD, Reply

Spoil = Callable[[Reply], None]
SpoilAll = Callable[[list[Notice]], list[Notice]]


@dataclass(frozen=True)
class Fault:
    """A named mistake; `request` is the kind of request whose answer it spoils."""

    name: str
    rule: str
    request: str | None = None
    reply: Spoil | None = None
    notices: SpoilAll | None = None

    def spoil_reply(self, request: str, reply: Reply) -> Reply:
        """Give the answer to a request of this kind as the fault makes it."""
        if self.reply and request == self.request:
            self.reply(reply)
        return reply

    def spoil_notices(self, notices: list[Notice]) -> list[Notice]:
        """Give the notices as the fault makes them."""
        return self.notices(notices) if self.notices else notices


SOUND = Fault("", "")
FAULTS: dict[str, Fault] = {}


def _register(spoil: Callable, rule: str, **parts: object) -> None:
    """Enter a fault under the name of the function that commits it."""
    name = spoil.__name__.replace("_", "-")
    FAULTS[name] = Fault(name, rule, **parts)


def in_reply(rule: str, request: str = "invite") -> Callable[[Spoil], Spoil]:
    """Register a fault in the answer to one kind of request."""

    def register(spoil: Spoil) -> Spoil:
        _register(spoil, rule, request=request, reply=spoil)
        return spoil

    return register


def in_operation(rule: str) -> Callable[[Callable], Callable]:
    """Register a fault in the operation that an invite's answer shows; not in a bare 202."""

    def register(spoil: Callable[[dict], None]) -> Callable[[dict], None]:
        def spoil_body(reply: Reply) -> None:
            if reply.body:
                spoil(reply.body)

        _register(spoil, rule, request="invite", reply=spoil_body)
        return spoil

    return register


def in_notices(rule: str) -> Callable[[SpoilAll], SpoilAll]:
    """Register a fault in which notices go out, and in which order."""

    def register(spoil: SpoilAll) -> SpoilAll:
        _register(spoil, rule, notices=spoil)
        return spoil

    return register


def in_notice(rule: str, topic: str) -> Callable[[Callable], Callable]:
    """Register a fault in each notice of one topic."""

    def register(spoil: Callable[[Notice], None]) -> Callable[[Notice], None]:
        def spoil_topic(notices: list[Notice]) -> list[Notice]:
            for notice in _about(topic, notices):
                spoil(notice)
            return notices

        _register(spoil, rule, notices=spoil_topic)
        return spoil

    return register


def _about(topic: str, notices: list[Notice]) -> list[Notice]:
    return [notice for notice in notices if notice.topic == topic]


def _without(topic: str, notices: list[Notice]) -> list[Notice]:
    return [notice for notice in notices if notice.topic != topic]


def _move(notice: Notice, path: str) -> None:
    """Let a notice speak of another resource, wherever it names its own."""
    moved = json.dumps(notice.body).replace(f"/calls/{notice.path}", f"/calls/{path}")
    notice.body = json.loads(moved)
    notice.path = path


def _other_call(path: str) -> str:
    return "/".join([str(uuid.uuid4()), *path.split("/")[1:]])


def _first_identity(identity_set: dict) -> dict:
    return next(value for value in identity_set.values() if isinstance(value, dict))


# In the answer to a request.


@in_reply("response.status")
def reply_wrong_status(reply: Reply) -> None:
    """Say 201, which no page prints for an invitation."""
    reply.status = 201


@in_reply("response.status", request="answer")
def call_answer_refused(reply: Reply) -> None:
    """Refuse to let an incoming call be answered."""
    reply.status = 403


@in_reply("response.header", request="create")
def create_without_location(reply: Reply) -> None:
    """Do not say where the created call is."""
    del reply.headers["Location"]


@in_reply("response.header")
def reply_as_text(reply: Reply) -> None:
    """Declare the operation to be plain text."""
    if reply.body:
        reply.headers["Content-Type"] = "text/plain"


@in_reply("response.body")
def reply_invalid_json(reply: Reply) -> None:
    """Lose the last brace."""
    if reply.body:
        reply.text = reply.payload()[:-1]


@in_reply("response.missing")
def reply_hangs(reply: Reply) -> None:
    """Never answer, but carry on."""
    reply.fate = WITHHELD


@in_reply("transport")
def reply_reset(reply: Reply) -> None:
    """Break the connection instead of answering."""
    reply.fate = RESET


@in_reply("correlation")
def location_of_other_operation(reply: Reply) -> None:
    """Point to an operation that does not exist."""
    kept = reply.headers["Location"].rpartition("/")[0]
    reply.headers["Location"] = f"{kept}/{uuid.uuid4()}"


@in_operation("response.body")
def operation_without_id(operation: dict) -> None:
    """Leave out the id."""
    del operation["id"]


@in_operation("response.body")
def operation_id_number(operation: dict) -> None:
    """Give the id as a number."""
    operation["id"] = 51


@in_operation("response.body")
def operation_without_status(operation: dict) -> None:
    """Leave out the status."""
    del operation["status"]


@in_operation("response.body")
def operation_status_word(operation: dict) -> None:
    """Use a status that no page lists."""
    operation["status"] = "pondering"


@in_operation("correlation")
def operation_other_context(operation: dict) -> None:
    """Change the context that the bot gave."""
    operation["clientContext"] = str(uuid.uuid4())


@in_operation("response.body")
def operation_participants_object(operation: dict) -> None:
    """Give one entry where a collection belongs."""
    if "participants" in operation:
        operation["participants"] = operation["participants"][0]


@in_operation("correlation")
def operation_other_participant(operation: dict) -> None:
    """Name somebody else as invited."""
    for person in operation.get("participants", [])[:1]:
        _first_identity(person["identity"])["id"] = str(uuid.uuid4())


# In the notification of an operation's end.


@in_notice("correlation", "end")
def end_other_operation(notice: Notice) -> None:
    """End an operation that never began."""
    call_id = notice.path.partition("/")[0]
    _move(notice, f"{call_id}/operations/{uuid.uuid4()}")


@in_notice("correlation", "end")
def end_id_differs_from_path(notice: Notice) -> None:
    """Give another id in the body than in the path; 2019 prints no id."""
    if "id" in notice.item["resourceData"]:
        notice.item["resourceData"]["id"] = str(uuid.uuid4())


@in_notice("correlation", "end")
def end_other_context(notice: Notice) -> None:
    """Change the context that the bot gave."""
    notice.item["resourceData"]["clientContext"] = str(uuid.uuid4())


@in_notice("correlation", "end")
def end_other_call(notice: Notice) -> None:
    """Place the operation under another call."""
    _move(notice, _other_call(notice.path))


@in_notice("correlation", "end")
def end_other_participant(notice: Notice) -> None:
    """Name somebody else as invited; 2019 prints nobody."""
    for person in notice.item["resourceData"].get("participants", [])[:1]:
        _first_identity(person["identity"])["id"] = str(uuid.uuid4())


@in_notice("notification.body", "end")
def end_without_status(notice: Notice) -> None:
    """Leave out the status."""
    del notice.item["resourceData"]["status"]


@in_notice("notification.body", "end")
def end_status_word(notice: Notice) -> None:
    """Use a status that no page lists."""
    notice.item["resourceData"]["status"] = "accomplished"


@in_notice("notification.body", "end")
def end_still_running(notice: Notice) -> None:
    """Delete an operation that is still running."""
    notice.item["resourceData"]["status"] = "running"


@in_notice("notification.body", "end")
def end_as_update(notice: Notice) -> None:
    """Call the end an update."""
    notice.item["changeType"] = "updated"


@in_notice("notification.body", "end")
def end_change_word(notice: Notice) -> None:
    """Use a kind of change that no page lists."""
    notice.item["changeType"] = "finished"


@in_notice("notification.body", "end")
def end_other_type(notice: Notice) -> None:
    """Give the type of another kind of operation."""
    notice.item["resourceData"]["@odata.type"] = "#microsoft.graph.playPromptOperation"


@in_notice("notification.body", "end")
def end_without_result_info(notice: Notice) -> None:
    """Do not say why an invitation failed."""
    notice.item["resourceData"].pop("resultInfo", None)


@in_notice("notification.body", "end")
def end_without_resource(notice: Notice) -> None:
    """Do not say what ended."""
    notice.item.pop("resource")
    notice.item.pop("resourceUrl", None)


@in_notice("notification.body", "end")
def end_without_value(notice: Notice) -> None:
    """Send an envelope without a value."""
    del notice.body["value"]


@in_notice("correlation", "end")
def end_resources_disagree(notice: Notice) -> None:
    """Name two things in resource and resourceUrl; 2019 has only one."""
    if "resourceUrl" in notice.item:
        notice.item["resourceUrl"] = f"/communications/calls/{_other_call(notice.path)}"


@in_notice("notification.method", "end")
def end_by_put(notice: Notice) -> None:
    """Use another method for the callback."""
    notice.method = "PUT"


@in_notice("notification.header", "end")
def end_as_text(notice: Notice) -> None:
    """Declare the notification to be plain text."""
    notice.content_type = "text/plain"


@in_notice("notification.body", "end")
def end_invalid_json(notice: Notice) -> None:
    """Lose the last brace."""
    notice.text = json.dumps(notice.body).encode()[:-1]


@in_notices("notification.missing")
def end_missing(notices: list[Notice]) -> list[Notice]:
    """Never end the operation."""
    return _without("end", notices)


@in_notices("notification.unexpected")
def end_twice(notices: list[Notice]) -> list[Notice]:
    """End the operation a second time."""
    return notices + _about("end", notices)


# In the notification of a roster.


@in_notices("notification.missing")
def roster_missing(notices: list[Notice]) -> list[Notice]:
    """Send no roster."""
    return _without("roster", notices)


@in_notice("effect", "roster")
def roster_without_invited(notice: Notice) -> None:
    """Name strangers only."""
    for member in notice.item["resourceData"]:
        _first_identity(member["info"]["identity"])["id"] = str(uuid.uuid4())


@in_notices("notification.missing")
def roster_of_replaced_call_only(notices: list[Notice]) -> list[Notice]:
    """Update the replaced call's roster instead; needs a replaced call."""
    for ended in _about("terminated", notices):
        for roster in _about("roster", notices):
            _move(roster, f"{ended.path}/participants")
    return notices


@in_notice("correlation", "roster")
def roster_of_other_call(notice: Notice) -> None:
    """Update the roster of a call that nobody knows."""
    _move(notice, _other_call(notice.path))


@in_notice("notification.body", "roster")
def roster_media_type_word(notice: Notice) -> None:
    """Use a media type that no page lists."""
    for member in notice.item["resourceData"]:
        member["mediaStreams"][0]["mediaType"] = "smell"


@in_notice("notification.body", "roster")
def roster_muted_as_text(notice: Notice) -> None:
    """Give a string where a boolean belongs."""
    for member in notice.item["resourceData"]:
        member["mediaStreams"][0]["serverMuted"] = "false"


# In the notifications of a call's state.


@in_notices("notification.unexpected")
def terminated_after_deleted(notices: list[Notice]) -> list[Notice]:
    """End a replaced call the wrong way round."""
    return _without("terminated", notices) + _about("terminated", notices)


@in_notices("notification.missing")
def deleted_missing(notices: list[Notice]) -> list[Notice]:
    """Terminate a replaced call and never delete it."""
    return _without("deleted", notices)


@in_notice("notification.body", "terminated")
def terminated_state_word(notice: Notice) -> None:
    """Use a state that no page lists."""
    notice.item["resourceData"]["state"] = "over"


@in_notices("notification.order")
def established_before_establishing(notices: list[Notice]) -> list[Notice]:
    """Set up a call the wrong way round."""
    return _without("establishing", notices) + _about("establishing", notices)


@in_notice("notification.body", "incoming")
def incoming_direction_word(notice: Notice) -> None:
    """Use a direction that no page lists."""
    notice.item["resourceData"]["direction"] = "sideways"
