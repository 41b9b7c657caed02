"""A small calling bot on the official SDK for Python.

It receives notifications at /callback and triggers at /trigger. calls.py has its operations,
notifications.py checks notifications, graph.py signs in.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack

from aiohttp import web
from msgraph import GraphServiceClient

from calls import Unable, carry_out
from graph import graph_clients, load_models
from notifications import Notifications, Unauthorized

BODY_LIMIT = 1024 * 1024


class Bot:
    """Receives notifications and triggers; carries out triggered requests in the background."""

    def __init__(
        self,
        clients: Mapping[str, GraphServiceClient],
        notifications: Notifications,
        callback: str,
    ):
        self._clients = clients
        self._notifications = notifications
        self._callback = callback
        self._tasks = set()

    async def on_callback(self, request: web.Request) -> web.Response:
        """Receive change notifications: 202 if the token and the body are right.

        A repeated notification is handled only once.
        """
        try:
            await self._notifications.authorize(request.headers.get("Authorization"))
        except Unauthorized as error:
            return _reason(401, str(error))
        value = (await _json_object(request)).get("value")
        if not isinstance(value, list) or not all(isinstance(it, dict) for it in value):
            return _reason(400, "change notifications are an array `value`")
        for notification in self._notifications.unseen(value):
            resource = notification.get("resource") or notification.get("resourceUrl")
            print(notification.get("changeType"), resource, flush=True)
        return web.Response(status=202)

    async def on_trigger(self, request: web.Request) -> web.Response:
        """Receive a trigger: 202 accepts it, and the bot sends the request afterwards."""
        trigger = await _json_object(request)
        try:
            answer = carry_out(self._clients, trigger.get("request") or {}, self._callback)
        except Unable as reason:
            return _reason(501, str(reason))
        task = asyncio.create_task(self._report(answer, trigger))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.json_response({}, status=202)

    async def _report(self, answer: Awaitable[object], trigger: dict) -> None:
        try:
            await answer
        except Exception as error:  # The bot goes on, whatever the SDK raises.
            print(f"{trigger.get('scenario')}, step {trigger.get('step')}: {error!r}", file=sys.stderr)


def _reason(status: int, reason: str) -> web.Response:
    return web.json_response({"reason": reason}, status=status)


async def _json_object(request: web.Request) -> dict:
    try:
        value = json.loads(await request.read())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="the body has to be a JSON object")
    return value


def main() -> None:
    """Run the bot until a signal stops it."""
    port = int(os.environ.get("PORT", "3978"))
    load_models()
    web.run_app(
        _application(os.environ, port),
        host="127.0.0.1",
        port=port,
        print=lambda _: print(f"listening http://127.0.0.1:{port}/callback", flush=True),
    )


async def _application(environment: Mapping[str, str], port: int) -> web.Application:
    app = web.Application(client_max_size=BODY_LIMIT)
    resources = AsyncExitStack()
    clients = await resources.enter_async_context(graph_clients(environment))
    app.on_cleanup.append(lambda _: resources.aclose())
    callback = environment.get("CALLBACK_URL", f"http://127.0.0.1:{port}/callback")
    bot = Bot(clients, Notifications(environment), callback)
    app.add_routes([web.post("/callback", bot.on_callback), web.post("/trigger", bot.on_trigger)])
    return app


if __name__ == "__main__":
    main()
