"""A calling bot without triggers and without dependencies.

It answers each incoming call, plays a menu, and reacts to the keys of the caller: 1 mutes and unmutes the bot, 9 hangs
up, any other key transfers the call to a colleague.
"""

import json
import os
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

MENU = "https://bot.example/menu.wav"


class Bot:
    """`service` is the URL in front of `/communications`; `colleague` is the id of a user."""

    def __init__(self, service: str, colleague: str):
        self._service = service
        self._colleague = colleague
        self._greeted = set()
        self._muted = set()
        self._actions = ThreadPoolExecutor(max_workers=1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.callback = f"http://127.0.0.1:{self._server.server_port}/api/calls"

    def start(self) -> None:
        """Receive notifications from now on."""
        threading.Thread(target=self._server.serve_forever).start()

    def stop(self) -> None:
        """Finish the actions under way, then stop."""
        self._server.shutdown()
        self._server.server_close()
        self._actions.shutdown()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                # The bot acknowledges first, and acts afterwards.
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                for change in json.loads(body)["value"]:
                    bot._actions.submit(bot._handle, change)

            def log_message(self, *_) -> None:
                """Print nothing."""

        return Handler

    def _handle(self, change: dict) -> None:
        found = re.search(r"/calls/([^/]+)$", change.get("resourceUrl") or change["resource"])
        if not found:
            return
        call, now = found[1], change["resourceData"]
        if now.get("toneInfo"):
            self._press(call, now["toneInfo"]["tone"])
        elif now.get("state") == "incoming":
            self._send(
                "POST",
                f"/calls/{call}/answer",
                {
                    "callbackUri": self.callback,
                    "acceptedModalities": ["audio"],
                    "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
                },
            )
        elif now.get("state") == "established" and call not in self._greeted:
            self._greeted.add(call)
            self._greet(call)

    def _greet(self, call: str) -> None:
        self._send("POST", f"/calls/{call}/subscribeToTone", {"clientContext": str(uuid.uuid4())})
        prompt = {
            "@odata.type": "#microsoft.graph.mediaPrompt",
            "mediaInfo": {"@odata.type": "#microsoft.graph.mediaInfo", "uri": MENU},
        }
        self._send(
            "POST",
            f"/calls/{call}/playPrompt",
            {"prompts": [prompt], "clientContext": str(uuid.uuid4())},
        )

    def _press(self, call: str, tone: str) -> None:
        if tone == "tone9":
            self._send("DELETE", f"/calls/{call}")
        elif tone == "tone1":
            action = "unmute" if call in self._muted else "mute"
            self._muted ^= {call}
            self._send("POST", f"/calls/{call}/{action}", {"clientContext": str(uuid.uuid4())})
        else:
            colleague = {"identity": {"user": {"id": self._colleague}}}
            self._send("POST", f"/calls/{call}/transfer", {"transferTarget": colleague})

    def _send(self, method: str, path: str, body: dict | None = None) -> None:
        headers = {"Authorization": f"Bearer {os.environ.get('BOT_TOKEN', 'a-token-for-tests')}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = Request(
            f"{self._service}/communications{path}",
            None if body is None else json.dumps(body).encode(),
            headers,
            method=method,
        )
        with urlopen(request, timeout=10) as response:
            response.read()
