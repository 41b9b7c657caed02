"""A calling service, written from the API reference pages alone.

Holds the routes, what each of them does, and the command line. State is in calls.py, the looks of
messages in editions.py, delivery in delivery.py, deliberate mistakes in service_faults.py.
"""

import argparse
import re
import sys
from functools import partial
from typing import Any
from urllib.parse import unquote

import given
from calls import Call, Operation, Outcome, Person, Switchboard
from delivery import Notice
from editions import EDITIONS, Edition2019, Edition2020
from service_faults import FAULTS, SOUND, Fault
from wire import Refused, Reply, Request, Server

CALLS = re.compile(
    r"(?P<prefix>(?:/beta|/v1\.0)?/(?:app|communications|applications/[^/]+)/calls)"
    r"(?:/(?P<call>[^/]+)(?P<rest>/.*)?)?"
)


class Service:
    """Answers requests and sends what follows from them."""

    def __init__(self, edition: Edition2019 | Edition2020, fault: Fault, token: str | None):
        self.board = Switchboard()
        self.token = token
        self._edition = edition
        self._fault = fault

    def respond(self, request: Request) -> Reply:
        """Find what a request asks for and do it."""
        if (request.method, request.path) == ("POST", "/given"):
            return given.arrange(self, request.json_object())
        place = CALLS.fullmatch(request.path)
        if place is None:
            raise Refused(404, "NotFound", f"nothing is at {request.path}")
        self._require_token(request)
        if place["call"] is None:
            return self._on_collection(request, place["prefix"])
        call = self.board.find(unquote(place["call"]))
        return self._on_call(request, place["prefix"], call, place["rest"] or "")

    def _require_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(401, "Unauthorized", "a bearer token is required")
        if self.token is not None and token.strip() != self.token:
            raise Refused(401, "Unauthorized", "nobody knows this token")

    def announce_incoming(self, call: Call) -> None:
        """Tell the bot that someone calls it."""
        caller, called = call.members
        data = self._edition.call_state(
            call,
            state="incoming",
            direction="incoming",
            source=_party(caller),
            targets=[_party(called)],
            requestedModalities=["audio", "video"],
        )
        self._send([self._notice("incoming", "created", call, call.id, data)])

    def _on_collection(self, request: Request, prefix: str) -> Reply:
        if request.method != "POST":
            raise Refused(405, "MethodNotAllowed", "calls can only be created here")
        call = self.board.place(request.json_object())
        location = _absolute(request, f"{prefix}/{call.id}")
        reply = self._edition.created_call(call, location)
        reply.after = partial(self._establish, call, [])
        return self._fault.spoil_reply("create", reply)

    def _on_call(self, request: Request, prefix: str, call: Call, rest: str) -> Reply:
        match request.method, *rest.strip("/").split("/"):
            case "GET", "":
                data = self._edition.call_state(call, state=call.state, direction=call.direction)
                return Reply(200, data)
            case "DELETE", "":
                return self._delete(call)
            case "POST", "answer":
                return self._answer(request, call)
            case "GET", "participants":
                return Reply(200, {"value": self._roster(call)})
            case "POST", "participants", "invite":
                return self._invite(request, prefix, call)
            case "GET", "operations", operation_id if operation_id in call.operations:
                return Reply(200, self._edition.operation(call.operations[operation_id]))
        raise Refused(404, "NotFound", f"{request.method} {request.path} is not documented")

    def _delete(self, call: Call) -> Reply:
        self.board.hang_up(call)
        return Reply(204, after=lambda: self._send(self._termination(call)))

    def _answer(self, request: Request, call: Call) -> Reply:
        operation = self.board.take_up(call, request.json_object())
        reply = self._edition.accepted_answer(operation)
        reply.after = partial(self._establish, call, ["audio", "video"])
        return self._fault.spoil_reply("answer", reply)

    def _invite(self, request: Request, prefix: str, call: Call) -> Reply:
        operation = self.board.invite(call, request.json_object())
        location = _absolute(request, f"{prefix}/{operation.path}")
        reply = self._edition.accepted_invitation(operation, location)
        reply.after = partial(self._settle, call, operation)
        return self._fault.spoil_reply("invite", reply)

    def _establish(self, call: Call, modalities: list[str]) -> None:
        show = partial(self._edition.call_state, call, direction=call.direction)
        call.state = "established"
        data = show(state="established", activeModalities=modalities, requestedModalities=[])
        self._send(
            [
                self._notice("establishing", "updated", call, call.id, show(state="establishing")),
                self._notice("established", "updated", call, call.id, data),
            ]
        )

    def _settle(self, call: Call, operation: Operation) -> None:
        self._send(self._consequences(self.board.settle(call, operation)))

    def _consequences(self, outcome: Outcome) -> list[Notice]:
        """Give the notices that an invitation ends in."""
        call, operation = outcome.call, outcome.operation
        data = self._edition.ended_operation(operation)
        notices = [self._notice("end", "deleted", call, operation.path, data)]
        if operation.status == "completed":
            path = f"{call.id}/participants"
            notices.append(self._notice("roster", "updated", call, path, self._roster(call)))
        if outcome.replaced:
            notices += self._termination(outcome.replaced)
        return notices

    def _termination(self, call: Call) -> list[Notice]:
        show = partial(self._edition.call_state, call)
        data = show(state="terminated", terminationReason="AppInitiated")
        return [
            self._notice("terminated", "updated", call, call.id, data),
            self._notice("deleted", "deleted", call, call.id, show()),
        ]

    def _roster(self, call: Call) -> list[dict]:
        members = enumerate(call.members, start=1)
        return [self._edition.participant(call, person, number) for number, person in members]

    def _notice(self, topic: str, change: str, call: Call, path: str, data: Any) -> Notice:
        body = self._edition.notification(change, path, data)
        return Notice(topic, path, call.callback, call.delivery, body)

    def _send(self, notices: list[Notice]) -> None:
        for notice in self._fault.spoil_notices(notices):
            notice.delivery.post(notice)


def _party(person: Person) -> dict:
    """Show the caller or the called in an incoming call."""
    return {
        "@odata.type": "#microsoft.graph.participantInfo",
        "identity": {person.kind: dict(person.identity)},
    }


def _absolute(request: Request, path: str) -> str:
    return f"http://{request.headers.get('Host')}{path}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A calling service written from the pages.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--edition", choices=EDITIONS, default="2021-02")
    parser.add_argument("--token", help="the only token to take; any is taken without it")
    parser.add_argument("--fault", choices=FAULTS, metavar="NAME", help="misbehave in one way")
    parser.add_argument("--list-faults", action="store_true", help="print each fault and its rule")
    return parser.parse_args()


def main() -> int:
    """Run the service until it is told to stop."""
    arguments = _arguments()
    if arguments.list_faults:
        print(*(f"{fault.name}\t{fault.rule}" for fault in FAULTS.values()), sep="\n")
        return 0
    fault = FAULTS.get(arguments.fault, SOUND)
    service = Service(EDITIONS[arguments.edition], fault, arguments.token)
    server = Server(arguments.port, service.respond)
    server.run([f"listening {server.url}"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
