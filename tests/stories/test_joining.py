"""How a phone becomes a person's, and how it stops being theirs: invited, given on, lost, left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot.invite import invite, revoke, speak_again
from bot.web import issue_link
from db import log as chained
from tests.integrations.strange_floor import FILLER_DOWN, GARY, MARIA, Floor

NEW, OTHER = "55501", "55502"


@pytest.fixture
def floor(tmp_path: Path, logged: LogCapture) -> Iterator[Floor]:
    plant = Floor(tmp_path / "data")
    yield plant
    plant.close()


def joins(floor: Floor, phone: str, person: str) -> None:
    floor.texts(phone, f"/start {invite(floor.app, person)}")
    floor.texts(phone, "", button=floor.button(phone, "That is me"))


def notes(floor: Floor) -> list[str]:
    with floor.app.database.read() as tx:
        return [one.what for one in chained.of_plant(tx)]


def test_R55_nothing_is_a_persons_before_they_have_said_that_it_is_them(floor: Floor) -> None:
    floor.texts(NEW, f"/start {invite(floor.app, 'tamika.jones')}")
    assert "Are you Tamika Jones" in floor.phone(NEW)[-1]
    floor.texts(NEW, FILLER_DOWN)
    assert floor.cases() == (), "who opens a link is nobody yet"
    assert "person_joined" not in notes(floor)

    floor.texts(NEW, "", button=floor.button(NEW, "That is me"))
    assert "Tamika Jones" in floor.phone(NEW)[-1]
    floor.texts(NEW, FILLER_DOWN)
    assert floor.cases()[0].reporter == "tamika.jones"
    assert "person_joined" in notes(floor)


@pytest.mark.parametrize("said", ["yes", "1", "That is me", "Yep 👍"])
def test_R55_a_yes_in_words_is_a_yes(floor: Floor, said: str) -> None:
    floor.texts(NEW, f"/start {invite(floor.app, 'tamika.jones')}")
    floor.texts(NEW, said)
    floor.texts(NEW, "/me")
    assert "Tamika Jones" in floor.phone(NEW)[-1]


@pytest.mark.parametrize("said", ["no", "2", "nope"])
def test_R55_who_says_that_it_is_not_them_gets_nothing_and_the_supervisor_hears_of_it(floor: Floor, said: str) -> None:
    floor.texts(NEW, f"/start {invite(floor.app, 'tamika.jones')}")
    floor.texts(NEW, said)
    assert "I do not know you yet" in floor.phone(NEW)[-1]
    assert any("Tamika Jones" in line for line in floor.hears("denise.palmer"))
    floor.texts(NEW, "yes")
    floor.texts(NEW, FILLER_DOWN)
    assert floor.cases() == ()


def test_R55_an_invitation_works_for_one_phone_and_for_a_day(floor: Floor) -> None:
    token = invite(floor.app, "tamika.jones")
    floor.texts(NEW, f"/start {token}")
    floor.texts(OTHER, f"/start {token}")
    assert "I do not know you yet" in floor.phone(OTHER)[-1]
    floor.passes(hours=25)
    floor.texts(NEW, "yes")
    floor.texts(NEW, FILLER_DOWN)
    assert floor.cases() == (), "a yes that comes after a day is nobody's any more"


def test_R55_a_button_of_somebody_elses_invitation_opens_nothing(floor: Floor) -> None:
    floor.texts(NEW, f"/start {invite(floor.app, 'tamika.jones')}")
    yes = floor.button(NEW, "That is me")
    floor.texts(OTHER, "", button=yes)
    floor.texts(OTHER, FILLER_DOWN)
    assert floor.cases() == ()


def test_a_new_colleague_chooses_their_language_and_everything_comes_in_it(floor: Floor) -> None:
    joins(floor, NEW, "tamika.jones")
    assert "in English" in floor.phone(NEW)[-1]
    assert "your shift is day" in floor.phone(NEW)[-1]
    floor.texts(NEW, "", button=floor.button(NEW, "Español"))
    assert floor.phone(NEW)[-1] == "Desde ahora te escribo en español."
    floor.texts(NEW, "/me")
    assert floor.phone(NEW)[-1].startswith("Eres Tamika Jones")
    floor.texts(NEW, "", button=floor.button(NEW, "English"))
    assert floor.phone(NEW)[-1] == "From now on I write to you in English."


def test_a_chosen_language_is_known_to_a_process_that_starts_later(floor: Floor) -> None:
    joins(floor, NEW, "tamika.jones")
    floor.texts(NEW, "", button=floor.button(NEW, "Português"))
    floor.app.speaks({})
    speak_again(floor.app)
    assert floor.app.plant.person["tamika.jones"].language == "pt"


def test_another_shift_is_passed_on_to_the_supervisor_and_changes_nothing_by_itself(floor: Floor) -> None:
    joins(floor, NEW, "tamika.jones")
    before = floor.app.plant.person["tamika.jones"].shifts
    floor.texts(NEW, "", button=floor.button(NEW, "Another shift"))
    assert "Denise" in floor.phone(NEW)[-1]
    assert any("Tamika Jones" in line and "plant.yaml" in line for line in floor.hears("denise.palmer"))
    assert floor.app.plant.person["tamika.jones"].shifts == before


def test_R55_a_phone_that_was_given_on_speaks_as_its_new_owner_from_their_yes_on(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    hers = floor.button(GARY, "On it")
    floor.texts(GARY, f"/start {invite(floor.app, 'tamika.jones')}")
    floor.texts(GARY, "/me")
    assert "Gary Lindqvist" in floor.phone(GARY)[-1], "until then it is his"
    floor.texts(GARY, "", button=floor.button(GARY, "That is me"))
    floor.texts(GARY, "/me")
    assert "Tamika Jones" in floor.phone(GARY)[-1]
    floor.texts(GARY, "", button=hers)
    assert floor.cases()[0].tasks[0].acknowledged_by is None, "what he was shown is not for her to press"


def test_R55_a_second_phone_in_the_same_chat_takes_the_place_of_the_first(floor: Floor) -> None:
    joins(floor, NEW, "tamika.jones")
    joins(floor, OTHER, "tamika.jones")
    floor.texts(NEW, FILLER_DOWN)
    assert floor.cases() == ()
    floor.texts(OTHER, FILLER_DOWN)
    assert floor.cases()[0].reporter == "tamika.jones"


def test_R55_who_is_revoked_says_and_hears_nothing_from_that_moment(floor: Floor) -> None:
    joins(floor, NEW, "tamika.jones")
    assert revoke(floor.app, "tamika.jones") == ("slack", "telegram", "whatsapp")
    heard = len(floor.phone(NEW))
    floor.texts(NEW, FILLER_DOWN)
    assert floor.cases() == ()
    assert len(floor.phone(NEW)) <= heard + 1, "at most that nobody knows them"
    assert "person_revoked" in notes(floor)

    revoke(floor.app, "gary.lindqvist")
    floor.texts(GARY, "on it")
    assert "I do not know you yet" in floor.phone(GARY)[-1], "what plant.yaml says of his phone counts no more"
    floor.texts(MARIA, FILLER_DOWN)
    assert not any("EX-" in line for line in floor.phone(GARY))

    joins(floor, GARY, "gary.lindqvist")
    floor.texts(GARY, "on it")
    assert "I do not know you yet" not in floor.phone(GARY)[-1], "an invitation makes it his again"


def test_R55_a_revoked_invitation_opens_nothing(floor: Floor) -> None:
    token = invite(floor.app, "tamika.jones")
    floor.texts(NEW, f"/start {token}")
    revoke(floor.app, "tamika.jones")
    floor.texts(NEW, "yes")
    floor.texts(OTHER, f"/start {token}")
    for phone in (NEW, OTHER):
        floor.texts(phone, FILLER_DOWN)
    assert floor.cases() == ()


def test_R55_every_browser_of_a_revoked_person_is_signed_out_and_unused_links_are_void(floor: Floor) -> None:
    first, second = floor.knocks(), floor.knocks()
    for browser in (first, second):
        link = issue_link(floor.app, "maria.lopez").partition("token=")[2]
        browser.post("/sign-in", data={"link": link})
        assert browser.get("/api/conversations/maria.lopez").status_code == 200
    unused = issue_link(floor.app, "maria.lopez").partition("token=")[2]
    others = floor.knocks()
    others.post("/sign-in", data={"link": issue_link(floor.app, "gary.lindqvist").partition("token=")[2]})

    revoke(floor.app, "maria.lopez")
    for browser in (first, second):
        assert browser.get("/api/conversations/maria.lopez").status_code == 403
    assert floor.knocks().post("/sign-in", data={"link": unused}).status_code == 403
    assert others.get("/api/conversations/gary.lindqvist").status_code == 200, "nobody else notices"

    again = floor.knocks()
    again.post("/sign-in", data={"link": issue_link(floor.app, "maria.lopez").partition("token=")[2]})
    assert again.get("/api/conversations/maria.lopez").status_code == 200


def test_nobody_is_revoked_who_is_not_there(floor: Floor) -> None:
    with pytest.raises(KeyError):
        revoke(floor.app, "nobody.here")
