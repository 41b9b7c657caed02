"""A calling bot, written from the API reference pages alone.

Holds the routes, what a trigger makes the bot do, and the command line. What it sends is made in
bot_requests.py, what it is told is checked in notices.py, its deliberate mistakes are in
bot_faults.py.
"""

import argparse
import http.client
import sys
import threading

from bot_faults import FAULTS, SOUND, Fault
from bot_requests import BotRequest, Unknown, request_for
from notices import Contexts, check
from wire import Refused, Reply, Request, Server, warn, payload_of, send

CALLBACK_PATH = "/callback"
TRIGGER_PATH = "/trigger"


class Bot:
    """Takes notifications and triggers; sends what it is triggered to, in the background."""

    def __init__(self, token: str, fault: Fault):
        self.callback = ""
        self._token = token
        self._fault = fault
        self._contexts = Contexts()

    def respond(self, request: Request) -> Reply:
        """Deal with a notification or with a trigger."""
        if request.path == CALLBACK_PATH or request.path.startswith(f"{CALLBACK_PATH}/"):
            return self._on_notification(request)
        if (request.method, request.path) == ("POST", TRIGGER_PATH):
            return self._on_trigger(request)
        raise Refused(404, "NotFound", f"nothing is at {request.path}")

    def _on_notification(self, request: Request) -> Reply:
        if request.method != "POST":
            raise Refused(405, "MethodNotAllowed", "notifications are posted")
        problem = check(request.json_object(), self._contexts)
        if problem:
            warn(f"refused a notification: {problem}")
            raise Refused(400, "BadRequest", problem)
        return self._fault.spoil_acknowledgement(Reply(202))

    def _on_trigger(self, request: Request) -> Reply:
        trigger = request.json_object()
        try:
            wanted = request_for(trigger.get("request"), self.callback, self._token)
        except Unknown as reason:
            return Reply(501, {"reason": str(reason)})
        threading.Thread(target=self._carry_out, args=[wanted], daemon=True).start()
        return Reply(202, {})

    def _carry_out(self, wanted: BotRequest) -> None:
        for request in self._fault.spoil_request(wanted):
            try:
                self._send(request)
            except (OSError, http.client.HTTPException) as error:
                warn(f"{request.method} {request.url}: {error}")

    def _send(self, request: BotRequest) -> None:
        payload = payload_of(request.body, request.text)
        received = send(request.method, request.url, request.headers, payload)
        if received.status not in range(200, 300):
            warn(f"{request.method} {request.url} was answered {received.status}")
        elif request.kind == "invite":
            self._contexts.learn(request.body, received)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A calling bot written from the pages.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--token", default="foreign-bot", help="bearer token on its requests")
    parser.add_argument("--fault", choices=FAULTS, metavar="NAME", help="misbehave in one way")
    parser.add_argument("--list-faults", action="store_true", help="print each fault and its rule")
    return parser.parse_args()


def main() -> int:
    """Run the bot until it is told to stop."""
    arguments = _arguments()
    if arguments.list_faults:
        print(*(f"{fault.name}\t{fault.rule}" for fault in FAULTS.values()), sep="\n")
        return 0
    bot = Bot(arguments.token, FAULTS.get(arguments.fault, SOUND))
    server = Server(arguments.port, bot.respond)
    bot.callback = f"{server.url}{CALLBACK_PATH}"
    server.run([f"listening {bot.callback}", f"trigger {server.url}{TRIGGER_PATH}"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
