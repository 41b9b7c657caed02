"""Delivery of notifications: in the background, in order, and again where it failed."""

import http.client
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from wire import JSON_TYPE, warn, payload_of, send

TRIES = 3
PAUSE_SECONDS = 0.2


@dataclass
class Notice:
    """One notification on its way: `topic` says of what, `path` is the resource below `/calls/`."""

    topic: str
    path: str
    callback: str
    delivery: "Delivery"
    body: Any
    method: str = "POST"
    content_type: str = JSON_TYPE
    text: bytes | None = None

    @property
    def item(self) -> dict:
        """Give the only entry of its `value`."""
        return self.body["value"][0]


class Delivery:
    """Delivers the notices of one call one after the other."""

    def __init__(self):
        self._lock = threading.Lock()
        self._waiting: deque[Notice] = deque()
        self._busy = False

    def post(self, notice: Notice) -> None:
        """Take a notice for delivery and return at once."""
        with self._lock:
            self._waiting.append(notice)
            if self._busy:
                return
            self._busy = True
        threading.Thread(target=self._deliver_all, daemon=True).start()

    def _deliver_all(self) -> None:
        while notice := self._next():
            _deliver(notice)

    def _next(self) -> Notice | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._busy = False
            return None


def _deliver(notice: Notice) -> None:
    """Send a notice until the bot takes or refuses it, again after a 5xx or a lost connection."""
    for attempt in range(TRIES):
        time.sleep(PAUSE_SECONDS * attempt)
        outcome = _attempt(notice)
        if isinstance(outcome, int) and outcome < 500:
            break
    if outcome not in range(200, 300):
        warn(f"{notice.topic} of {notice.path} was not taken: {outcome}")


def _attempt(notice: Notice) -> int | Exception:
    """Send a notice once; gives the status or what went wrong."""
    headers = {"Authorization": "Bearer foreign-service", "Content-Type": notice.content_type}
    payload = payload_of(notice.body, notice.text)
    try:
        return send(notice.method, notice.callback, headers, payload).status
    except (OSError, http.client.HTTPException) as error:
        return error
