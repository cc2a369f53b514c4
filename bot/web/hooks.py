"""Where the platforms call: nothing of a request is read before its channel has proved who sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from bot.lending import lent
from bot.taking import knocked, trouble
from bot.web.access import linecall
from workflow.ports import Channel, Hooked, Knock

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()
routes = APIRouter(prefix="/hooks", include_in_schema=False)


@routes.get("/pictures/{name}")
async def picture(request: Request, name: str) -> Response:
    """A picture of a message that a platform fetches; 404 where there is none, or none any more."""
    file = lent(linecall(request).config, name)
    return FileResponse(file, media_type="image/png") if file is not None else Response(status_code=404)


@routes.post("/{path:path}")
async def hook(request: Request, path: str) -> Response:
    """Answered as its platform expects; 404 where no channel listens here, 401 for what is not proved.

    503 where the row could not be stored: the platform keeps the message and brings it again.
    """
    app = linecall(request)
    channel = _listening_at(app, f"/hooks/{path}")
    if channel is None:
        return Response(status_code=404)
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.scope.get("query_string", b"").decode("latin-1")
    knock = Knock(f"/hooks/{path}", query, headers, await request.body(), app.clock.now())
    try:
        with app.intake.knock():
            reply = await to_thread.run_sync(knocked, app, channel, knock)
    except Exception as error:
        log.error("hook.not_stored", channel=channel.name, **trouble(error))  # noqa: TRY400
        return Response(status_code=503, headers={"Retry-After": "5"})
    return Response(reply.body, reply.status, media_type=reply.mime)


def _listening_at(app: App, path: str) -> Channel | None:
    return next((c for c in app.channels.values() if isinstance(c, Hooked) and path in c.hooks), None)
