"""How Telegram is set up, in words that a plant's IT person understands; nothing is sent to find out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from integrations.chat.gate import at, text_in
from integrations.chat.reachable import reachable
from integrations.chat.telegram_wire import Wire
from workflow.ports import Finding

PAGE = "docs/channels/telegram.md"
OLD = 3600  # seconds; an error of a webhook that has long taken everything since is over
IN_IT = frozenset({"member", "administrator", "creator"})
WEBHOOK_ERRORS = (  # what stands in Telegram's words -> what to do
    ("401", "the secret is another one: start `linecall run` again, it sets address and secret"),
    ("403", "something before Linecall refuses it: let /hooks/telegram pass without a sign-in"),
    ("404", "the address does not lead to Linecall: see LINECALL_PUBLIC_URL and the proxy"),
    ("50", "the proxy reaches no Linecall, or its database is away: see /ready"),
    ("ssl", "the certificate is not one that Telegram takes: a full chain of a public authority"),
    ("certificate", "the certificate is not one that Telegram takes: a full chain of a public authority"),
    ("resolve", "the name is not in public DNS: see LINECALL_PUBLIC_URL"),
    ("refused", "nobody listens there: start `linecall run`, open the port"),
    ("timed out", "the firewall lets nobody in: open port 443 for Telegram, or leave the secret out (long polling)"),
)


async def examined(
    wire: Wire,
    wanted: str | None,
    *,
    secrets: int,
    places: tuple[str, ...] = (),
    people: tuple[tuple[str, str], ...] = (),
) -> tuple[Finding, ...]:
    """Token, webhook against polling, menu, groups and people; never raises.

    `wanted` is the address that Telegram should call, `secrets` how many it may call with; without one we ask.
    """
    try:
        me = await wire.call("getMe")
    except InvalidToken:
        to_do = "ask @BotFather for it (/mybots, API Token) and set LINECALL_TELEGRAM_TOKEN"
        return (Finding("token", "Telegram does not know it", to_do),)
    except TelegramError:
        to_do = "let this machine reach api.telegram.org on port 443, or set LINECALL_TELEGRAM_BASE_URL"
        return (Finding("token", "Telegram cannot be reached from here", to_do),)
    name = text_in({"me": me}, "me", "username")
    found = [Finding("token", f"valid, the bot is @{name}")]
    try:
        found += [_delivery(await wire.call("getWebhookInfo"), wanted, hooked=secrets > 0), _groups(me)]
        if secrets > 1:
            to_do = "a minute after `linecall run` began, take the old one out of LINECALL_TELEGRAM_WEBHOOK_SECRET"
            found.append(Finding("webhook secret", "two are believed, the new one and the old one", to_do))
        menu = await wire.call("getMyCommands")
        done = Finding("menu", f"{len(menu)} commands") if menu else None
        found.append(done or Finding("menu", "not set yet", "start `linecall run` once; it sets the menu"))
    except TelegramError:
        found.append(Finding("the rest", "this server does not tell"))
        return tuple(found)
    found += [await _membership(wire, place.partition("/")[0], at(me, "id"), name) for place in places]

    async def why_not(address: str) -> str:
        try:
            await wire.call("getChat", chat_id=address)
        except (BadRequest, Forbidden):
            return "never started the bot"
        return ""

    found += await reachable(people, why_not, f"each opens https://t.me/{name} and presses Start")
    return tuple(found)


def _delivery(info: Any, wanted: str | None, *, hooked: bool) -> Finding:
    url, trouble = text_in({"i": info}, "i", "url"), text_in({"i": info}, "i", "last_error_message")
    waiting = at(info, "pending_update_count") or 0
    if not hooked:
        if url:
            return Finding("delivery", "we ask, but a webhook is set", "`linecall run` takes it away at its start")
        return Finding("delivery", f"we ask (long polling), {waiting} waiting")
    if wanted is None:
        return Finding("delivery", "a webhook secret without an address", "set LINECALL_PUBLIC_URL to https://…")
    if url != wanted:
        return Finding("delivery", "the webhook leads elsewhere or nowhere", "`linecall run` sets it at its start")
    how = f"webhook, {waiting} waiting"
    since = at(info, "last_error_date")
    over = isinstance(since, int) and datetime.now(UTC).timestamp() - since > OLD and not waiting
    if not trouble or over:
        return Finding("delivery", how)
    to_do = next((todo for sign, todo in WEBHOOK_ERRORS if sign in trouble.lower()), f"see {PAGE}")
    return Finding("delivery", f"{how}; Telegram says: {trouble[:120]}", to_do)


def _groups(me: Any) -> Finding:
    if at(me, "can_join_groups") is False:
        return Finding("groups", "the bot may join none", "only if wanted: @BotFather, /setjoingroups")
    if at(me, "can_read_all_group_messages") is True:
        how = "it is sent all that people say there, and uses what names it"
        return Finding("groups", how, "@BotFather, /setprivacy, then take the bot out of its groups and in again")
    return Finding("groups", "it is sent what names it, answers it, or begins with /")


async def _membership(wire: Wire, group: str, us: Any, name: str) -> Finding:
    what = f"group {group}"
    add = f"in that group: Add members, @{name}"
    try:
        member = await wire.call("getChatMember", chat_id=group, user_id=us)
    except BadRequest as error:
        if "chat not found" in str(error).lower() and re.fullmatch(r"-\d+", group):
            return Finding(what, "is not seen by the bot", f"{add}; or write its id in plant.yaml again")
        return Finding(what, f"cannot be seen: {error}", "write its id in plant.yaml again: it begins with -")
    except Forbidden:
        return Finding(what, "the bot was put out of it", add)
    except TelegramError as error:
        return Finding(what, f"not asked: {type(error).__name__}", "try again")
    status = text_in({"m": member}, "m", "status")
    if status == "restricted":
        writes = at(member, "can_send_messages") is True and at(member, "is_member") is True
        return Finding(what, "the bot is in it" if writes else "the bot may not write there", "" if writes else add)
    return Finding(what, "the bot is in it") if status in IN_IT else Finding(what, "the bot is not in it", add)
