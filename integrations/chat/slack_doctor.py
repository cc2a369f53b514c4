"""How Slack is set up, in words that a plant's IT person understands; nothing is posted to find out."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError

from integrations.chat.gate import at, text_in
from integrations.chat.reachable import reachable
from integrations.chat.slack_wire import DEAD, SCOPES, Wire, reason
from workflow.ports import Finding

PAGE = "docs/channels/slack.md"


async def examined(
    wire: Wire,
    app_token: str | None,
    secrets: tuple[str, ...],
    door: str | None,
    channels: tuple[str, ...],
    people: tuple[tuple[str, str], ...] = (),
) -> tuple[Finding, ...]:
    """Token, scopes, how messages come in, the channels for cards, and people; never raises."""
    try:
        me = await wire.call("auth.test")
    except SlackApiError as error:
        how = f"Slack refuses it: {reason(error) or 'no reason given'}"
        return (Finding("token", how, "copy the Bot User OAuth Token again: LINECALL_SLACK_BOT_TOKEN"),)
    except Exception as error:
        return (Finding("token", f"Slack cannot be reached: {type(error).__name__}", "open slack.com, port 443"),)
    found = [Finding("token", f"valid: @{text_in(me, 'user')} in {text_in(me, 'team')} ({text_in(me, 'team_id')})")]
    found.append(_scopes(me.get("scopes")))
    found.append(await _delivery(wire, app_token, secrets, door))
    if len(secrets) > 1 and app_token is None:
        to_do = "once Slack signs with the new one, take the old one out of LINECALL_SLACK_SIGNING_SECRET"
        found.append(Finding("signing secret", "two are believed, the new one and the old one", to_do))
    found += [await _membership(wire, channel) for channel in channels]
    if not channels:
        found.append(Finding("cards", "no channel: everybody reads in private", "LINECALL_SLACK_CHANNEL, if wanted"))

    async def why_not(user: str) -> str:
        try:
            await wire.call("conversations.open", users=user)  # opens nothing that anybody sees
        except SlackApiError as error:
            if reason(error) in DEAD:
                return reason(error)
            raise
        return ""

    to_do = "copy each member id again (profile, ⋮, Copy member ID) into plant.yaml, or `linecall invite`"
    return (*found, *await reachable(people, why_not, to_do))


def _scopes(given: object) -> Finding:
    if not isinstance(given, str):
        return Finding("scopes", "this server does not tell")
    has = {scope.strip() for scope in given.split(",")}
    missing, besides = sorted(SCOPES - has), sorted(has - SCOPES - {""})
    if missing:
        return Finding("scopes", f"missing: {', '.join(missing)}", f"add them and install the app again ({PAGE})")
    if besides:
        return Finding("scopes", f"more than needed: {', '.join(besides)}", "take them away: less can be stolen")
    return Finding("scopes", "all that are needed, and no more")


async def _delivery(wire: Wire, app_token: str | None, secrets: tuple[str, ...], door: str | None) -> Finding:
    if app_token is None:
        if not secrets:
            return Finding("delivery", "nothing comes in", "set LINECALL_SLACK_APP_TOKEN (Socket Mode)")
        return await _knocked(wire, door)
    try:
        await wire.socket_url(app_token)
    except SlackApiError as error:
        how = f"Socket Mode is refused: {reason(error)}"
        return Finding("delivery", how, "turn on Socket Mode; LINECALL_SLACK_APP_TOKEN with connections:write")
    except Exception as error:
        return Finding("delivery", f"no socket: {type(error).__name__}", "open wss-primary.slack.com, port 443")
    return Finding("delivery", "Socket Mode: a connection is to be had")


async def _knocked(wire: Wire, door: str | None) -> Finding:
    """Whether our door can be found where Slack looks for it, and refuses who has no signature."""
    if door is None:
        return Finding("delivery", "nobody told us under which address Slack calls", "set LINECALL_PUBLIC_URL")
    if not door.startswith("https://"):
        return Finding("delivery", f"{door} is not https", "set LINECALL_PUBLIC_URL to https://…")
    status = await wire.knocks(door)
    if status == 401:
        return Finding("delivery", f"Slack calls {door}, which refuses who has no signature of the signing secret")
    how = "nobody answers there" if status is None else f"somebody else answers there ({status})"
    return Finding("delivery", f"{door}: {how}", "start `linecall run` and let that address lead to it")


async def _membership(wire: Wire, channel: str) -> Finding:
    what = f"channel {channel}"
    try:
        info = (await wire.call("conversations.info", channel=channel)).get("channel")
    except SlackApiError as error:
        said = reason(error)
        todo = "write its id, and /invite the app there" if said in DEAD else f"see {PAGE}"
        return Finding(what, f"cannot be seen: {said}", todo)
    except Exception as error:
        return Finding(what, f"not asked: {type(error).__name__}", "try again")
    if at(info, "is_archived") is True:
        return Finding(what, "is archived", "name another in LINECALL_SLACK_CHANNEL")
    if at(info, "is_member") is not True:
        return Finding(what, "the app is not in it", "in that channel: /invite @linecall")
    return Finding(what, "the app is in it")
