"""What the environment says, checked once at start: a wrong value is refused with its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workflow.errors import LinecallError

LIVE = ("LINECALL_TELEGRAM_TOKEN", "LINECALL_SLACK_BOT_TOKEN", "LINECALL_TWILIO_ACCOUNT_SID", "LINECALL_SMTP_URL")


class WrongConfiguration(LinecallError):
    """A LINECALL_* variable that cannot be used; the message names it and says what would be right."""


class Config(BaseSettings):
    """LINECALL_* as `contracts/interface.md` names them; frozen."""

    model_config = SettingsConfigDict(env_prefix="LINECALL_", frozen=True, extra="ignore")

    plant: Path | None = None
    database_url: str | None = None
    data: Path = Path("linecall-data")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str | None = None
    api_token: SecretStr | None = None
    play: bool = False
    erp: Literal["plant_folder"] = "plant_folder"
    plant_folder_confirm: Literal["answer", "written"] = "answer"
    log: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("log", mode="before")
    @classmethod
    def _any_case(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("api_token")
    @classmethod
    def _long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < 16:
            raise ValueError("at least 16 characters, for example from `openssl rand -hex 24`")
        return token

    @model_validator(mode="after")
    def _nobody_plays_with_live_systems(self) -> Config:
        live = [name for name in LIVE if os.environ.get(name)]
        if self.play and live:
            raise ValueError(f"LINECALL_PLAY lets anyone speak as anyone and is refused beside {', '.join(live)}")
        return self

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{(self.data / 'linecall.db').resolve()}"


def read_config(**given: object) -> Config:
    """The configuration from the environment, with what the command line gave on top; raises WrongConfiguration."""
    try:
        return Config(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [_sentence(problem["loc"], problem["msg"], problem.get("input")) for problem in error.errors()]
        raise WrongConfiguration("\n".join(lines)) from error


def _sentence(where: tuple[int | str, ...], message: str, value: object) -> str:
    name = f"LINECALL_{'_'.join(str(part) for part in where).upper()}" if where else "LINECALL_PLAY"
    secret = any(word in name for word in ("TOKEN", "SECRET", "KEY", "PASSWORD", "DATABASE_URL"))
    said = "" if secret or not where else f" (it is {str(value)!r})"
    return f"{name}: {message.removeprefix('Value error, ')}{said}"
