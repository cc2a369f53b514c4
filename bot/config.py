"""What the environment says, checked once at start: a wrong value is refused with its name."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workflow.case import POSTING_KINDS, PostingKind
from workflow.errors import LinecallError
from workflow.plant import ROLES

LIVE = ("LINECALL_TELEGRAM_TOKEN", "LINECALL_SLACK_BOT_TOKEN", "LINECALL_TWILIO_ACCOUNT_SID", "LINECALL_SMTP_URL")

LOOPBACK = ("127.0.0.1", "::1", "localhost")
NOT_OURS = ("LINECALL_TEST_", "LINECALL_REQUIRE")  # what only the tests read

System = Literal["plant_folder", "tryton", "sap", "odoo", "erpnext"]
SYSTEMS: tuple[System, ...] = get_args(System)


class WrongConfiguration(LinecallError):
    """A LINECALL_* variable that cannot be used; the message names it and says what would be right."""


class Config(BaseSettings):
    """LINECALL_* as `contracts/interface.md` names them; frozen."""

    model_config = SettingsConfigDict(env_prefix="LINECALL_", frozen=True, extra="ignore")

    plant: Path | None = None
    group: Path | None = None  # group.yaml: the other plants, for questions to several
    database_url: str | None = None
    data: Path = Path("linecall-data")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str | None = None
    api_token: SecretStr | None = None
    play: bool = False
    erp: System = "plant_folder"
    erp_also: str = ""  # "plant_folder=maintenance_notification,cost": who books what beside LINECALL_ERP
    tryton_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    tryton_database: str = "tryton"
    tryton_user: str = "linecall"
    tryton_password: SecretStr | None = None
    sap_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    sap_user: str = "LINECALL"
    sap_password: SecretStr | None = None
    sap_certificate: Path | None = None  # a PEM file, instead of the password: mutual TLS
    sap_certificate_key: Path | None = None  # none: the key stands in the certificate's file
    sap_ca: Path | None = None  # who signed SAP's own certificate; none: the public authorities
    sap_token_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")  # OAuth 2.0; none: HTTP Basic
    sap_client: str | None = Field(default=None, pattern=r"^\d{3}$")  # on premise; none: the system's own
    sap_plant: str | None = Field(default=None, pattern=r"^[A-Z0-9]{1,4}$")
    sap_rework: str = Field(default="RWRK", pattern=r"^[A-Z0-9]{1,4}$")  # storage location
    sap_cost_center: str | None = Field(default=None, pattern=r"^[A-Z0-9_-]{1,10}$")  # of scrap
    sap_defect: str = Field(default="QM-E/0001", pattern=r"^[^/]{1,8}/[^/]{1,4}$")  # code group and code
    sap_assets: Literal["functional_location", "equipment"] = "functional_location"
    sap_notifications: str = Field(default="M2/M1", pattern=r"^\w{2}/\w{2}$")  # of a downtime, of anything else
    sap_activity: int = Field(default=2, ge=1, le=6)  # which standard value of a work center takes time
    odoo_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    odoo_database: str | None = None  # where the address alone does not say which
    odoo_key: SecretStr | None = None
    erpnext_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    erpnext_key: SecretStr | None = None  # "key:secret" of a user
    erpnext_company: str | None = None
    erpnext_employee: str | None = None  # whom it wants as the operator of a downtime
    plant_folder_confirm: Literal["answer", "written"] = "answer"
    openai_base_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    openai_api_key: SecretStr | None = None
    openai_transcribe_model: str | None = None  # none: voice notes are not listened to
    openai_model: str | None = None  # none: local understanding alone
    openai_seconds: float = Field(default=8.0, gt=0, le=60)  # that one message may wait for it
    openai_monthly_tokens: int = Field(default=2_000_000, ge=0)
    audit_key: SecretStr | None = None  # none: a file in the data folder, made at first use
    traces_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    heartbeat_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    telegram_token: SecretStr | None = None
    telegram_base_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")  # a Bot API server of one's own
    telegram_webhook_secret: SecretStr | None = None  # none: long polling, which needs no address of ours
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None  # Socket Mode; none: HTTP events
    slack_signing_secret: SecretStr | None = None
    slack_base_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    slack_channel: str | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_whatsapp_from: str | None = None
    twilio_base_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    twilio_fallback_url: str | None = Field(
        default=None, pattern=r"^https://[^\s/?#]+/?$"
    )  # as public_url, another way in
    smtp_url: SecretStr | None = None  # smtps://user:password@host; smtp:// uses STARTTLS
    imap_url: SecretStr | None = None  # imaps://user:password@host/INBOX; none: answers by mail are not read
    email_from: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    email_authserv_id: str | None = None  # as our mail server calls itself in Authentication-Results
    whatsapp_buttons: bool = True  # off: every choice is a numbered line, and a reply "2" picks it
    log: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("log", mode="before")
    @classmethod
    def _any_case(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("erp_also")
    @classmethod
    def _systems_and_kinds(cls, said: str) -> str:
        for system, kinds in _also(said):
            if system not in SYSTEMS:
                raise ValueError(f"there is no system '{system}'; there are {', '.join(SYSTEMS)}")
            if unknown := [kind for kind in kinds if kind not in POSTING_KINDS]:
                raise ValueError(f"there is no kind '{unknown[0]}'; write SYSTEM=KIND,KIND and ; between systems")
        return said

    @field_validator("api_token")
    @classmethod
    def _long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < 16:
            raise ValueError("at least 16 characters, for example from `openssl rand -hex 24`")
        return token

    @field_validator("audit_key")
    @classmethod
    def _hard_to_guess(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and any(len(key.strip()) < 32 for key in given.get_secret_value().split(",")):
            raise ValueError("at least 32 characters each, for example from `openssl rand -hex 32`")
        return given

    @field_validator("telegram_token")
    @classmethod
    def _as_botfather_gives_it(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"\d{1,20}:[\w-]{3,100}", token.get_secret_value()):
            raise ValueError("as @BotFather gives it: digits, a colon, letters")
        return token

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _as_telegram_takes_it(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _one_or_two(secret, r"[\w-]{16,256}"):
            raise ValueError("16 to 256 letters, digits, _ and -, for example from `openssl rand -hex 24`")
        return secret

    @field_validator("twilio_account_sid")
    @classmethod
    def _as_the_console_shows_it(cls, sid: str | None) -> str | None:
        if sid is not None and not re.fullmatch(r"AC[0-9a-f]{32}", sid):
            raise ValueError("AC and 32 characters, as the Twilio console shows it")
        return sid

    @field_validator("twilio_auth_token")
    @classmethod
    def _primary_and_secondary(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _one_or_two(token, r"[^\s,]+"):
            raise ValueError("the account's Auth Token; while it is changed the new one, a comma, the old one")
        return token

    @field_validator("twilio_whatsapp_from")
    @classmethod
    def _a_number(cls, number: str | None) -> str | None:
        number = number.removeprefix("whatsapp:") if number is not None else None
        if number is not None and not re.fullmatch(r"\+[1-9]\d{5,14}", number):
            raise ValueError("a plus, the country, the number, no blanks: +15550100")
        return number

    @field_validator("slack_bot_token")
    @classmethod
    def _as_slack_gives_it(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"xoxb-[\w-]{3,250}", token.get_secret_value(), re.ASCII):
            raise ValueError("the Bot User OAuth Token: it begins with xoxb-")
        return token

    @field_validator("slack_app_token")
    @classmethod
    def _of_the_app(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"xapp-[\w-]{3,250}", token.get_secret_value(), re.ASCII):
            raise ValueError("an App-Level Token with connections:write: it begins with xapp-")
        return token

    @field_validator("slack_signing_secret")
    @classmethod
    def _hard_to_forge(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _one_or_two(secret, r"[0-9a-f]{32,64}"):
            raise ValueError("the Signing Secret of the app's Basic Information: 32 hexadecimal digits")
        return secret

    @field_validator("slack_channel")
    @classmethod
    def _ids_and_not_names(cls, channel: str | None) -> str | None:
        known = "|".join(ROLES)
        right = rf"(({known})=)?[CG][A-Z0-9]{{2,31}}"
        if channel and not all(re.fullmatch(right, one.strip(), re.ASCII) for one in channel.split(",")):
            raise ValueError(
                "a channel's id, as its details show it (C0123ABCD), or one for each function: quality=C01,planner=C02"
            )
        return channel or None

    @model_validator(mode="after")
    def _slack_has_a_way_in(self) -> Config:
        if self.slack_bot_token is not None and self.slack_app_token is None and self.slack_signing_secret is None:
            raise ValueError(
                "LINECALL_SLACK_APP_TOKEN: Slack needs it (Socket Mode), or LINECALL_SLACK_SIGNING_SECRET (HTTP)"
            )
        return self

    @field_validator("openai_model", "openai_transcribe_model")
    @classmethod
    def _somewhere(cls, model: str | None, others: ValidationInfo) -> str | None:
        if model and not (others.data.get("openai_base_url") or others.data.get("openai_api_key")):
            raise ValueError("it needs LINECALL_OPENAI_BASE_URL, or LINECALL_OPENAI_API_KEY for OpenAI itself")
        return model or None

    @model_validator(mode="after")
    def _nobody_plays_with_live_systems(self) -> Config:
        live = [name for name in LIVE if os.environ.get(name) or os.environ.get(f"{name}_FILE")]
        live += [f"LINECALL_{name.upper()}" for name in self._erps_elsewhere()]
        if self.play and live:
            raise ValueError(f"LINECALL_PLAY lets anyone speak as anyone and is refused beside {', '.join(live)}")
        return self

    def _erps_elsewhere(self) -> list[str]:
        """The settings that name an ERP which is not on this very machine: whoever plays must not book there."""
        addresses = {f"{system}_url": getattr(self, f"{system}_url", None) for system in (self.erp, *self.also)}
        return [name for name, url in addresses.items() if url and urlsplit(url).hostname not in LOOPBACK]

    @property
    def also(self) -> dict[str, frozenset[PostingKind]]:
        """Which other system books which kinds of posting."""
        return {system: frozenset(kind for kind in POSTING_KINDS if kind in kinds)
                for system, kinds in _also(self.erp_also)}  # fmt: skip

    @property
    def openai_url(self) -> str:
        """Where the language model is asked: any compatible endpoint, else OpenAI itself."""
        return self.openai_base_url or "https://api.openai.com/v1"

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{(self.data / 'linecall.db').resolve()}"


def _one_or_two(secret: SecretStr, right: str) -> bool:
    """Whether it is a secret of that form, or while it is changed the new one, a comma, and the old one."""
    given = [one.strip() for one in secret.get_secret_value().split(",")]
    return len(given) <= 2 and all(re.fullmatch(right, one, re.ASCII) for one in given)


def read_config(**given: object) -> Config:
    """The configuration from the environment, with what the command line gave on top; raises WrongConfiguration."""
    _well_spelt()
    told: dict[str, Any] = _from_files() | {name: value for name, value in given.items() if value is not None}
    try:
        return Config(**told)
    except ValidationError as error:
        lines = [_sentence(problem["loc"], problem["msg"], problem.get("input")) for problem in error.errors()]
        raise WrongConfiguration("\n".join(lines)) from error


def _well_spelt() -> None:
    """Refuse a name that is nearly one of ours: LINECALL_SLACK_CHANEL would be missed on a night when it matters."""
    ours = [f"LINECALL_{field.upper()}{tail}" for field in Config.model_fields for tail in ("", "_FILE")]
    for name in sorted(os.environ):
        if name in ours or not name.startswith("LINECALL_") or name.startswith(NOT_OURS):
            continue
        if near := difflib.get_close_matches(name, ours, n=1, cutoff=0.9):
            raise WrongConfiguration(f"{name}: there is no such setting. Is it {near[0]}?")


def _from_files() -> dict[str, object]:
    """LINECALL_X_FILE: the value of LINECALL_X stands in that file, as container platforms hand secrets over."""
    found: dict[str, object] = {}
    for field in Config.model_fields:
        name = f"LINECALL_{field.upper()}"
        file = os.environ.get(f"{name}_FILE")
        if not file:
            continue
        if name in os.environ:
            raise WrongConfiguration(f"{name} and {name}_FILE are both set: one of them.")
        try:
            found[field] = Path(file).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongConfiguration(f"{name}_FILE: {file} cannot be read ({type(error).__name__}).") from error
    return found


def _sentence(where: tuple[int | str, ...], message: str, value: object) -> str:
    said_name, _, rest = message.removeprefix("Value error, ").partition(": ")
    if not where and said_name.startswith("LINECALL_"):
        return f"{said_name}: {rest}"
    name = f"LINECALL_{'_'.join(str(part) for part in where).upper()}" if where else "LINECALL_PLAY"
    secret = any(
        word in name for word in ("TOKEN", "SECRET", "KEY", "PASSWORD", "DATABASE_URL", "SMTP_URL", "IMAP_URL")
    )
    said = "" if secret or not where else f" (it is {str(value)!r})"
    return f"{name}: {message.removeprefix('Value error, ')}{said}"


def _also(said: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """`plant_folder=cost,note; other=scrap` in its parts."""
    parts = [part.partition("=") for part in said.split(";") if part.strip()]
    return tuple((name.strip(), tuple(kind.strip() for kind in kinds.split(","))) for name, _, kinds in parts)
