"""Whoever asks in their own chat gets a link that signs them in once; among others or on a shared phone nobody does."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.signing_in import asks_to_sign_in
from tests.conftest import RIVERSIDE
from tests.integrations.strange_floor import GARY, MARIA, NOBODY, Floor
from workflow.messages import Inbound

ADDRESS = "https://linecall.example"
SHARED = (
    "  - {id: phone.l3, name: phone of line 3, roles: [operator], lines: [L3], shifts: [], language: en, shared: true, "
    "contacts: {telegram: 70199}}\n"
)


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    folder = tmp_path / "riverside"
    shutil.copytree(RIVERSIDE, folder)
    yaml = folder / "plant.yaml"
    yaml.write_text(yaml.read_text("utf-8").rstrip() + "\n" + SHARED, "utf-8")
    plant = Floor(tmp_path / "data", plant=folder, public_url=ADDRESS)
    yield plant
    plant.close()


def test_R55_a_link_from_the_chat_signs_its_person_in_once(floor: Floor) -> None:
    floor.texts(MARIA, "mándame un link para entrar")

    (told,) = floor.phone(MARIA)
    token = re.search(rf"{ADDRESS}/sign-in\?token=(\S+)", told)
    assert token is not None, told
    browser = floor.knocks(host="linecall.example")
    assert browser.post("/sign-in", data={"link": token[1]}).status_code == 303
    assert browser.get("/api/conversations/maria.lopez").status_code == 200
    assert browser.get("/api/conversations/gary.lindqvist").status_code == 403
    assert floor.knocks(host="linecall.example").post("/sign-in", data={"link": token[1]}).status_code == 403, "once"
    assert floor.cases() == ()


def test_R55_no_link_is_given_where_others_read_it(floor: Floor) -> None:
    floor.texts("70199", "login")
    assert "your own phone" in floor.phone("70199")[0]

    sent = Inbound("telegram", "g1", GARY, "-100", floor.clock.now(), "send me a sign-in link", among=True)
    floor.app.receive(sent)
    floor.app.receive(Inbound("web", "w1", "gary.lindqvist", "gary.lindqvist", floor.clock.now(), "log in"))
    floor.app.receive(Inbound("telegram", "f1", GARY, GARY, floor.clock.now(), "log in", forwarded=True))
    floor.settle()
    floor.texts(NOBODY, "login")

    everything = [message.text for address in ("70199", GARY, "-100", NOBODY) for message in floor.chat.to(address)]
    everything += [line.text for line in floor.transcript("gary.lindqvist")]
    assert any("for you alone" in text for text in everything)
    assert any("on my page already" in text for text in everything)
    assert not [text for text in everything if "token=" in text]


def test_R55_without_an_address_of_its_pages_no_link_is_promised(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "data")
    floor.texts(GARY, "sign in link")
    assert "LINECALL_PUBLIC_URL" in floor.phone(GARY)[0]
    floor.close()


@pytest.mark.parametrize(
    "text",
    [
        "Send me a sign-in link!",
        "login",
        "¿Cómo entro a la página?",
        "me manda o link",
        "Schick mir einen Anmeldelink",
        "Jak się zalogować?",
        "mujhe login link bhejo",
        "Envoie-moi un lien de connexion",
        "मुझे लॉगिन लिंक भेजो",
    ],
)
def test_R55_a_link_is_asked_for_in_every_language(text: str) -> None:
    assert asks_to_sign_in(text)


@pytest.mark.parametrize(
    "text", ["login to SAP fails on line 3", "the sign in the hall fell down", "enlace roto", "ok"]
)
def test_R55_a_report_about_signing_in_asks_for_nothing(text: str) -> None:
    assert not asks_to_sign_in(text)
