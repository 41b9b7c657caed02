"""The bot's own tests, as any project has them.

`confcall monitor -- pytest` runs them. CONFCALL_SERVICE is the address of the service. CONFCALL_CONTROL is the address
of its control interface: tests act as callers there.
"""

import json
import os
import time
from urllib.request import Request, urlopen

import pytest

from bot import Bot

COLLEAGUE = "550fae72-d251-43ec-868c-373732c2704f"
CONTROL = os.environ["CONFCALL_CONTROL"]


@pytest.fixture
def bot():
    """Give a bot that receives notifications."""
    bot = Bot(f"{os.environ['CONFCALL_SERVICE']}/v1.0", COLLEAGUE)
    bot.start()
    yield bot
    bot.stop()


@pytest.fixture
def call(bot):
    """Give a call that the bot has answered and greeted."""
    call = ask("POST", "/calls", {"callback": bot.callback, "phone": "+14255550100"})["call"]
    until(call, lambda it: "playPrompt" in operations(it))
    return call


def ask(method, path, body=None):
    """Send a request to the control interface, and give its answer."""
    payload = None if body is None else json.dumps(body).encode()
    request = Request(CONTROL + path, payload, {"Content-Type": "application/json"}, method=method)
    with urlopen(request, timeout=10) as response:
        return json.loads(response.read() or b"null")


def press(call, key):
    """Press a key, as the caller does."""
    ask("POST", f"/calls/{call}/tones", {"tones": [key]})


def until(call, holds):
    """Wait until the call is in the state that the test needs."""
    deadline = time.monotonic() + 10
    while not holds(shown := ask("GET", f"/calls/{call}")):
        assert time.monotonic() < deadline, f"the call did not change: {shown}"
        time.sleep(0.02)


def operations(call):
    """Give the names of the operations of a call."""
    return [it["operation"] for it in call["operations"]]


def test_the_caller_hangs_up_by_pressing_9(call):
    press(call, "9")
    until(call, lambda it: it["ended"])


def test_1_mutes_the_bot_and_unmutes_it_again(call):
    press(call, "1")
    until(call, lambda it: "mute" in operations(it))
    press(call, "1")
    until(call, lambda it: "unmute" in operations(it))
    press(call, "9")
    until(call, lambda it: it["ended"])


def test_another_key_transfers_the_call(call):
    press(call, "2")
    until(call, lambda it: it["ended"])
