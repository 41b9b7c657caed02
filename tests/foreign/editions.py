"""How messages look in each edition of the pages: bodies of answers and of notifications.

Pure: values in, JSON values out. What happens, and when, is in calls.py and service.py.
"""

from typing import Any

from calls import Call, Operation, Person, now
from wire import Reply

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
GRAPH = "microsoft.graph."
IDENTITY_KINDS = (
    "user",
    "guest",
    "encrypted",
    "onPremises",
    "applicationInstance",
    "application",
    "device",
    "phone",
)


def typed(name: str, **properties: Any) -> dict:
    """Give an object that says its type."""
    return {"@odata.type": f"#{GRAPH}{name}", **properties}


class Edition2019:
    """The pages of 2019: `/app` resources, entities with an id and a tag, lean operations."""

    def __init__(self, typed_envelope: bool, bare_acceptance: bool, operation_type: str):
        self._typed_envelope = typed_envelope
        self._bare_acceptance = bare_acceptance
        self._operation_type = operation_type

    def notification(self, change: str, path: str, data: Any) -> dict:
        """Wrap one change of the resource at `path` below `/calls/`."""
        item = {"changeType": change, "resource": f"/app/calls/{path}", "resourceData": data}
        if not self._typed_envelope:
            return {"value": [item]}
        return {
            "@odata.type": f"{GRAPH}commsNotifications",
            "value": [{"@odata.type": f"{GRAPH}commsNotification", **item}],
        }

    def accepted_invitation(self, operation: Operation, location: str) -> Reply:
        """Answer an invite request: 202 and no body in 2019-05, 200 with the operation after it."""
        headers = {"Location": location}
        if self._bare_acceptance:
            return Reply(202, headers=headers)
        return Reply(200, self.operation(operation), headers)

    def accepted_answer(self, operation: Operation) -> Reply:
        """Answer an answer request: only 2019-05 prints a body."""
        return Reply(200, self.operation(operation)) if self._bare_acceptance else Reply(202)

    def created_call(self, call: Call, location: str) -> Reply:
        """Answer a create request: 2019-05 prints no body."""
        headers = {"Location": location}
        body = None if self._bare_acceptance else _full_call(call)
        return Reply(201, body, headers)

    def operation(self, operation: Operation) -> dict:
        """Show an operation in an answer."""
        return {
            "clientContext": operation.context,
            "createdDateTime": operation.created,
            "id": operation.id,
            "lastActionDateTime": now(),
            "status": operation.status,
        }

    def ended_operation(self, operation: Operation) -> dict:
        """Show an operation in the notification of its end."""
        return self._entity(
            self._operation_type,
            operation.path,
            clientContext=operation.context,
            status=operation.status,
            **_result(operation, "subCode"),
        )

    def call_state(self, call: Call, **properties: Any) -> dict:
        """Show the part of a call that changed."""
        return self._entity("call", call.id, **properties)

    def participant(self, call: Call, person: Person, number: int) -> dict:
        """Show one member of a roster; `number` counts the streams."""
        info = typed(
            "participantInfo",
            identity={person.kind: dict(person.identity)},
            region=person.region or "westus",
            languageId=person.language_id or "en-US",
        )
        stream = {
            "mediaType": "audio",
            "label": "main-audio",
            "sourceId": str(number),
            "direction": "sendReceive",
            "serverMuted": False,
        }
        path = f"{call.id}/participants/{person.member_id}"
        return self._entity("participant", path, info=info, mediaStreams=[stream])

    def _entity(self, name: str, path: str, **properties: Any) -> dict:
        names = {"@odata.id": f"/app/calls/{path}", "@odata.etag": 'W/"51"'}
        return typed(name, **names, **properties)


class Edition2020:
    """The pages of 2020 and 2021: both resource names, types throughout, people in operations."""

    def notification(self, change: str, path: str, data: Any) -> dict:
        """Wrap one change of the resource at `path` below `/calls/`."""
        item = typed(
            "commsNotification",
            changeType=change,
            resource=f"/app/calls/{path}",
            resourceUrl=f"/communications/calls/{path}",
            resourceData=data,
        )
        return typed("commsNotifications", value=[item])

    def accepted_invitation(self, operation: Operation, location: str) -> Reply:
        """Answer an invite request."""
        return Reply(200, self.operation(operation), {"Location": location})

    def accepted_answer(self, _: Operation) -> Reply:
        """Answer an answer request."""
        return Reply(202)

    def created_call(self, call: Call, location: str) -> Reply:
        """Answer a create request."""
        return Reply(201, _full_call(call), {"Location": location})

    def operation(self, operation: Operation) -> dict:
        """Show an operation in an answer."""
        return typed(
            "inviteParticipantsOperation",
            id=operation.id,
            status=operation.status,
            clientContext=operation.context,
            resultInfo=None,
            participants=[_invited(person) for person in operation.people],
        )

    def ended_operation(self, operation: Operation) -> dict:
        """Show an operation in the notification of its end."""
        people = [
            typed("invitationParticipantInfo", identity=_identity_set(person))
            for person in operation.people
        ]
        return typed(
            "inviteParticipantsOperation",
            participants=people,
            status=operation.status,
            clientContext=operation.context,
            id=operation.id,
            **_result(operation, "subcode"),
        )

    def call_state(self, call: Call, **properties: Any) -> dict:
        """Show the part of a call that changed."""
        return typed("call", **properties, id=call.id)

    def participant(self, _: Call, person: Person, number: int) -> dict:
        """Show one member of a roster; `number` counts the streams."""
        stream = typed(
            "mediaStream",
            mediaType="audio",
            sourceId=str(number),
            direction="sendReceive",
            serverMuted=False,
        )
        return typed(
            "participant",
            info=typed(
                "participantInfo",
                identity=_identity_set(person),
                endpointType=person.endpoint_type or "default",
            ),
            mediaStreams=[stream],
            isMuted=False,
            isInLobby=False,
            id=person.member_id,
        )


EDITIONS = {
    "2019-05": Edition2019(False, True, "commsOperation"),
    "2019-09": Edition2019(True, False, "inviteParticipantsOperation"),
    "2020-12": Edition2020(),
    "2021-02": Edition2020(),
}


def _result(operation: Operation, subcode_name: str) -> dict:
    """Give the properties that a failed operation has beyond one that completed."""
    if operation.status != "failed":
        return {}
    message = "none of the invited could be reached"
    result = {"code": 500, subcode_name: 5201, "message": message}
    return {"resultInfo": typed("resultInfo", **result)}


def _full_identity(person: Person) -> dict:
    """Complete an identity with what only the service knows."""
    extra = {} if person.kind == "phone" else {"tenantId": TENANT}
    provider = {"identityProvider": "AAD"} if person.kind == "user" else {}
    return typed("identity", **{**provider, **extra, **person.identity})


def _identity_set(person: Person) -> dict:
    return typed("identitySet", **{person.kind: _full_identity(person)})


def _invited(person: Person) -> dict:
    """Show someone as the answer to an invite does, with every other kind of identity null."""
    return {
        "endpointType": person.endpoint_type,
        "id": None,
        "replacesCallId": person.replaces,
        "identity": {**dict.fromkeys(IDENTITY_KINDS), person.kind: _full_identity(person)},
    }


def _full_call(call: Call) -> dict:
    """Show a whole call: what the bot asked for, and what the service added."""
    asked = {name: value for name, value in call.request.items() if name != "callback"}
    return {
        **asked,
        **typed("call", id=call.id, state=call.state, direction=call.direction),
        "callbackUri": call.callback,
        "activeModalities": [],
        "tenantId": TENANT,
    }
