"""One table for all ERP adapters: each goes through every trouble, or the reason why it cannot stands here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.integrations.erp_contract import ERPS, OVER_HTTP, FlatFiles, RealTryton
from tests.integrations.erp_troubles import SCENES
from tests.tryton_server import Tryton

TROUBLES = ("replay", "crash_at_any_call", "lost_answer", "stale_lock", "illegal_state", "short_stock", "no_rights",
            "expired_session", "busy", "absent", "time_out", "unknown_field", "closed_period", "unknown_order",
            "a_kind_it_lacks")  # fmt: skip
CANNOT: Mapping[tuple[str, str], str] = {
    ("plant_folder", "stale_lock"): "files have no versions: the import itself sees what changed meanwhile",
    ("plant_folder", "expired_session"): "files have no session",
    ("plant_folder", "busy"): "nobody answers with a status: an import that is busy takes the file later (time_out)",
    ("plant_folder", "absent"): "nobody answers with a status: an import that is away takes the file later (time_out)",
    ("plant_folder", "a_kind_it_lacks"): "a file carries every kind; what an import lacks it refuses with a reason",
    ("odoo", "closed_period"): "a transfer has no posting period: Odoo dates it today, and its locks bind journal "
    "entries, of which Linecall writes none (docs/erp/odoo.md)",
}
CELLS = [(erp, trouble) for erp in ERPS for trouble in TROUBLES]


def test_every_cell_of_the_table_is_played_or_says_why_not() -> None:
    played = {(erp, trouble) for erp, trouble in CELLS if hasattr(SCENES.get(erp), trouble)}
    without = [cell for cell in CELLS if cell not in played and cell not in CANNOT]
    assert without == [], "play it in erp_troubles.py, or say in CANNOT why this adapter cannot meet it"
    assert [cell for cell in CANNOT if cell not in CELLS] == [], "no such cell"


@pytest.fixture(scope="module")
def one_tryton(request: pytest.FixtureRequest) -> RealTryton:
    """Put back once for all its cells: each has postings of its own, and takes little."""
    server: Tryton = request.getfixturevalue("tryton")
    return RealTryton(server)


@pytest.mark.parametrize(
    ("erp", "trouble"),
    [
        pytest.param(*cell, marks=pytest.mark.slow) if cell[0] == "tryton" else cell
        for cell in CELLS
        if cell not in CANNOT
    ],
)
def test_what_goes_wrong_is_booked_once_or_refused_with_a_reason(
    erp: str, trouble: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    def play(around: object) -> None:
        getattr(SCENES[erp](around), trouble)()

    match erp:
        case "tryton":
            around: RealTryton = request.getfixturevalue("one_tryton")
            around.wire.always(None)
            around.erp.find("riverside/EX-0/0/note/1")  # signed in
            play(around)
        case "plant_folder":
            play(FlatFiles(tmp_path))
        case name:
            with closing(OVER_HTTP[name]()) as system:
                play(system)
