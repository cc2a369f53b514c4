"""Each foreign chat as the environment describes it, or none where its credentials are not set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.config import Config, WrongConfiguration
from bot.key import key_of
from bot.lending import lender
from bot.slash import COMMANDS, menu
from bot.wording import word

if TYPE_CHECKING:
    from workflow.ports import Channel


def telegram_of(config: Config) -> Channel | None:
    """Telegram, where a token is set; its package comes with the extra `telegram`."""
    if config.telegram_token is None:
        return None
    try:
        from integrations.chat.telegram import Telegram
    except ImportError as missing:
        raise WrongConfiguration("LINECALL_TELEGRAM_TOKEN: the extra `telegram` is not installed here") from missing
    secret = config.telegram_webhook_secret
    return Telegram(
        config.telegram_token.get_secret_value(),
        base_url=config.telegram_base_url,
        secret=secret.get_secret_value() if secret else None,
        public_url=config.public_url,
        menu=menu(),
    )


def slack_of(config: Config) -> Channel | None:
    """Slack, where a token is set; its packages come with the extra `slack`."""
    if config.slack_bot_token is None:
        return None
    try:
        from integrations.chat.slack import Slack
    except ImportError as missing:
        raise WrongConfiguration("LINECALL_SLACK_BOT_TOKEN: the extra `slack` is not installed here") from missing
    secret, app_token = config.slack_signing_secret, config.slack_app_token
    return Slack(
        config.slack_bot_token.get_secret_value(),
        app_token=app_token.get_secret_value() if app_token else None,
        secret=secret.get_secret_value() if secret else None,
        base_url=config.slack_base_url,
        public_url=config.public_url,
        commands=COMMANDS,
    )


def whatsapp_of(config: Config) -> Channel | None:
    """WhatsApp, where an account at Twilio is set; its package comes with the extra `whatsapp`."""
    if config.twilio_account_sid is None:
        return None
    if config.twilio_auth_token is None or config.twilio_whatsapp_from is None:
        missing_one = "AUTH_TOKEN" if config.twilio_auth_token is None else "WHATSAPP_FROM"
        raise WrongConfiguration(f"LINECALL_TWILIO_{missing_one}: it belongs to LINECALL_TWILIO_ACCOUNT_SID")
    try:
        from integrations.chat.whatsapp import WhatsApp
    except ImportError as missing:
        raise WrongConfiguration("LINECALL_TWILIO_ACCOUNT_SID: the extra `whatsapp` is not installed here") from missing
    return WhatsApp(
        config.twilio_account_sid,
        config.twilio_auth_token.get_secret_value(),
        config.twilio_whatsapp_from,
        base_url=config.twilio_base_url,
        public_url=config.public_url,
        fallback_url=config.twilio_fallback_url,
        buttons=config.whatsapp_buttons,
        lend=lender(config),
    )


def email_of(config: Config) -> Channel | None:
    """E-mail, where a server is set that takes it; reading answers comes with the extra `email`."""
    if config.smtp_url is None:
        return None
    if config.email_from is None:
        raise WrongConfiguration("LINECALL_EMAIL_FROM: it belongs to LINECALL_SMTP_URL; the address of our mailbox")
    try:
        from integrations.chat.email import Email
    except ImportError as missing:
        raise WrongConfiguration("LINECALL_SMTP_URL: the extra `email` is not installed here") from missing
    try:
        return Email(
            config.smtp_url.get_secret_value(),
            config.imap_url.get_secret_value() if config.imap_url else None,
            config.email_from,
            key_of(config),
            our_server=config.email_authserv_id,
            above=lambda language: word(language, "mail_above"),
        )
    except ValueError as wrong:
        raise WrongConfiguration(f"LINECALL_SMTP_URL or LINECALL_IMAP_URL: {wrong}") from None
