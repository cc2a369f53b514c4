"""Who may book by hand, on the page and over the API, and what happens where ERP may have it already (R2, R47)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.answers.rights import only_lines, sees
from bot.posting import post_to_erp
from bot.reconciling import reconcile
from db import cases, conversations, postings
from tests.web.door import OpenDoor
from tests.web.test_figures_page import signed_in
from workflow.case import Posting, PostingKind, PostingStatus
from workflow.errors import TryLater
from workflow.ports import Erp, Receipt
from workflow.records import Records


@dataclass
class Lossy:
    """An ERP whose answers get lost: it takes what it is told and cannot say so."""

    under: Erp
    name: str = "lossy"
    away: bool = False
    booked: dict[str, Receipt] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None

    @property
    def kinds(self) -> frozenset[PostingKind]:
        return self.under.kinds

    def records(self) -> Records:
        return self.under.records()

    def find(self, key: str) -> Receipt | None:
        if self.away:
            raise TryLater("away")
        return self.booked.get(key)

    def post(self, posting: Posting) -> Receipt:
        self.booked[posting.key] = Receipt(f"DOC-{len(self.booked) + 1}", posting.occurred_at)
        self.meanwhile()
        raise TryLater("the answer was lost", outcome_unknown=True)


def owing(door: OpenDoor) -> str:
    """A stop of line 2 that Luis reported and Gary fixed; the key of what ERP is owed first."""
    door.says("luis.ortega", "seamer on 2 jammed, line is down")
    door.says("gary.lindqvist", "fixed, new roll, down 10 min")
    with door.app.database.read() as tx:
        return postings.unconfirmed(tx)[0].posting.key


def lossy(door: OpenDoor) -> Lossy:
    erp = Lossy(door.app.erp)
    door.app.erp = erp
    return erp


def status(door: OpenDoor, key: str) -> PostingStatus:
    with door.app.database.read() as tx:
        found = postings.get(tx, key)
    assert found is not None
    return found


def differences(door: OpenDoor, key: str) -> list[str]:
    found = reconcile(door.app, door.clock.now() - timedelta(days=2)).differences
    return [one.what for one in found if one.about == key]


def test_an_operator_books_nothing_and_tries_nothing_again_over_the_api_either(
    opened: Callable[..., OpenDoor],
) -> None:
    door = opened(play=False)
    door.erp.away = True
    key = owing(door)
    for operator in ("edson.silva", "luis.ortega"):
        visitor = signed_in(door, operator)
        for way, body in (("book", {"receipt": "INVENTED"}), ("retry", {})):
            answer = visitor.post(f"/api/postings/{key}/{way}", json=body)
            assert (answer.status_code, answer.json()["error"]) == (403, "not_your_role")
        page = visitor.post("/postings/book", data={"key": key, "receipt": "INVENTED"})
        assert page.status_code == 403
    assert status(door, key).receipt is None
    assert door.case("EX-1001").status == "resolved"


def test_whom_a_token_names_is_held_to_the_same_rule(door: OpenDoor) -> None:
    door.erp.away = True
    key = owing(door)
    for way, body in (("book", {"receipt": "INVENTED"}), ("retry", {})):
        answer = door.someone.post(f"/api/postings/{key}/{way}", json=body | {"by": "edson.silva"})
        assert answer.status_code == 403
    assert door.someone.post(f"/api/postings/{key}/retry", json={"by": "denise.palmer"}).status_code == 200
    told = {"receipt": "4900012", "by": "denise.palmer"}
    assert door.someone.post(f"/api/postings/{key}/book", json=told).status_code == 200


def test_R47_what_erp_holds_already_counts_and_not_what_was_typed_in(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False)
    lossy(door)
    key = owing(door)
    denise = signed_in(door, "denise.palmer")

    answer = denise.post(f"/api/postings/{key}/book", json={"receipt": "BY-HAND"})

    assert (answer.status_code, answer.json()["error"]) == (409, "confirmed")
    assert "DOC-1" in answer.json()["message"]
    assert (status(door, key).state, status(door, key).receipt) == ("posted", "DOC-1")
    assert differences(door, key) == []
    page = denise.post("/postings/book", data={"key": key, "receipt": "BY-HAND"}, headers={"Accept": "text/html"})
    assert (page.status_code, "DOC-1" in page.text) == (409, True)


def test_R47_while_nobody_can_say_whether_erp_has_it_somebody_has_to_look(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False)
    erp = lossy(door)
    key = owing(door)
    erp.away = True
    denise = signed_in(door, "denise.palmer")
    assert 'name="looked"' in denise.get("/postings").text

    answer = denise.post(f"/api/postings/{key}/book", json={"receipt": "BY-HAND"})
    page = denise.post("/postings/book", data={"key": key, "receipt": "BY-HAND"}, headers={"Accept": "text/html"})

    assert (answer.status_code, answer.json()["error"]) == (409, "outcome_unknown")
    assert "Look in ERP first" in answer.json()["message"]
    assert (page.status_code, "Look in ERP first" in page.text) == (409, True)
    assert status(door, key).state == "waiting"

    looked = denise.post("/postings/book", data={"key": key, "receipt": "BY-HAND", "looked": "true"})

    assert looked.status_code == 303
    assert (status(door, key).state, status(door, key).receipt) == ("manual", "BY-HAND")
    with door.app.database.read() as tx:
        assert [e.who for e in cases.log_of(tx, "EX-1001") if e.facts.get("looked")] == ["denise.palmer"]
    erp.away = False
    assert differences(door, key) == ["booked_twice"], "she overlooked it: the night finds it"


def test_R2_what_was_never_sent_is_booked_by_hand_without_a_question_while_erp_is_away(
    opened: Callable[..., OpenDoor],
) -> None:
    door = opened(play=False)
    lossy(door).away = True
    key = owing(door)
    denise = signed_in(door, "denise.palmer")
    assert denise.post(f"/api/postings/{key}/book", json={"receipt": "BY-HAND"}).status_code == 200


def lies(door: OpenDoor, folder: str) -> int:
    return len(list((door.app.config.data / "erp" / folder).glob("*.json")))


def test_R47_what_denise_books_by_hand_is_withdrawn_from_the_import(opened: Callable[..., OpenDoor]) -> None:
    """The import is slow today; the file that it has not taken yet is nobody's to book any more."""
    door = opened(play=False)
    door.erp.away = True
    key = owing(door)
    laid_out = lies(door, "out")
    assert laid_out, "it waits for the import"

    answer = signed_in(door, "denise.palmer").post(f"/api/postings/{key}/book", json={"receipt": "BY-HAND"})

    assert answer.status_code == 200
    assert (lies(door, "out"), lies(door, "withdrawn")) == (laid_out - 1, 1)
    door.erp.away = False
    door.passes(minutes=30)
    assert key not in {entry["key"] for entry in door.erp.ledger()}, "the import never saw it"
    assert (status(door, key).state, status(door, key).receipt) == ("manual", "BY-HAND")
    assert differences(door, key) == []
    assert door.case("EX-1001").status == "closed"


def test_R47_what_the_import_has_taken_already_is_not_booked_beside_before_somebody_has_looked(
    opened: Callable[..., OpenDoor],
) -> None:
    door = opened(play=False)
    door.erp.away = True
    key = owing(door)
    folder = door.app.config.data / "erp"
    (folder / "taken").mkdir(exist_ok=True)
    (file,) = [file for file in (folder / "out").glob("*.json") if key.replace("/", "~") in file.name]
    file.rename(folder / "taken" / file.name)  # it works on it, and has not answered yet
    denise = signed_in(door, "denise.palmer")

    answer = denise.post(f"/api/postings/{key}/book", json={"receipt": "BY-HAND"})

    assert (answer.status_code, answer.json()["error"]) == (409, "outcome_unknown")
    assert "has taken this already" in answer.json()["message"]
    assert status(door, key).state != "manual"
    told = {"receipt": "BY-HAND", "looked": True}
    assert denise.post(f"/api/postings/{key}/book", json=told).status_code == 200
    assert status(door, key).state == "manual"


def test_R47_while_erp_is_being_told_nobody_books_it_beside(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False)
    erp = lossy(door)
    erp.away = True
    key = owing(door)
    denise = signed_in(door, "denise.palmer")
    erp.away = False
    refused: list[int] = []

    def meanwhile() -> None:
        if not refused:
            receipt = erp.booked.pop(key)  # it is not to be seen there yet
            refused.append(denise.post(f"/api/postings/{key}/book", json={"receipt": "BY-HAND"}).status_code)
            erp.booked[key] = receipt

    erp.meanwhile = meanwhile
    door.passes(minutes=5)
    assert refused == [409]
    assert status(door, key).receipt == "DOC-1"


def test_R47_whoever_looks_after_it_hears_where_erp_took_what_was_booked_by_hand(
    opened: Callable[..., OpenDoor],
) -> None:
    door = opened(play=False)
    erp = lossy(door)
    erp.away = True
    key = owing(door)
    denise = signed_in(door, "denise.palmer")

    class Slow(Lossy):
        def post(self, posting: Posting) -> Receipt:
            if posting.key == key:
                told = {"receipt": "BY-HAND", "looked": True}
                assert denise.post(f"/api/postings/{key}/book", json=told).status_code == 200
            return Receipt("DOC-9", posting.occurred_at)

    door.app.erp = Slow(erp.under)
    door.clock.turn(timedelta(minutes=30))
    post_to_erp(door.app)
    door.settle()

    assert (status(door, key).state, status(door, key).receipt) == ("manual", "BY-HAND")
    with door.app.database.read() as tx:
        whats = [e.what for e in cases.log_of(tx, "EX-1001") if e.facts.get("key") == key]
        told = [line.text for line in conversations.of(tx, "denise.palmer", after=0)]
    assert whats.count("booked_twice") == 1
    assert whats.count("posted") == 1
    assert any("BY-HAND" in text and "DOC-9" in text and "twice" in text for text in told)


def test_R57_an_operator_counts_his_own_lines_only_and_one_without_lines_none(
    opened: Callable[..., OpenDoor],
) -> None:
    door = opened(play=False)
    owing(door)
    door.passes(minutes=1)
    n = {p: signed_in(door, p).get("/api/metrics").json()["cases"] for p in ("luis.ortega", "edson.silva")}
    assert n == {"luis.ortega": 1, "edson.silva": 0}

    plant = door.app.plant
    nowhere = replace(plant.person["edson.silva"], lines=())
    case = door.case("EX-1001")
    assert only_lines(nowhere), "no line is a limit, and not none"
    assert not sees(nowhere, case)
    assert sees(nowhere, replace(case, reporter=nowhere.id)), "what he reported himself is his"
    assert not sees(replace(nowhere, roles=()), case)
    assert sees(plant.person["denise.palmer"], case)


@pytest.mark.parametrize("roles", [("operator",), ()])
def test_who_is_named_for_nothing_may_not_book(door: OpenDoor, roles: tuple[str, ...]) -> None:
    from bot.by_hand import may_book

    assert not may_book(replace(door.app.plant.person["denise.palmer"], roles=roles))
