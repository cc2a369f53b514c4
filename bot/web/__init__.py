"""The web door: the JSON API, the chat page, the board, and who may come in."""

from bot.web.server import WebServer, create_web
from bot.web.sign_in import issue_link

__all__ = ["WebServer", "create_web", "issue_link"]
