"""What is told by itself: at the end of a shift, for the morning meeting, of the week; each of them once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.app import build
from bot.clock import TurnedClock
from bot.config import Config
from bot.digests import send_digests
from bot.rehearsal import Rehearsal
from db import settings
from db.tables import notice
from integrations.plant_folder import read_plant_folder
from tests.stories.past_weeks import plant_with_guests, remember, the_cases
from workflow.digests import last_due
from workflow.schedule import Digest

CHICAGO = ZoneInfo("America/Chicago")
DIGESTS = """
digests:
  - {what: day, at: "06:15", days: [mon, tue, wed, thu, fri], to: [stephanie.greer, agnieszka.nowak]}
  - {what: week, at: "07:00", to: [juergen.weiss]}
  - {what: shift, to: [hector.salinas, line-2]}
chats:
  - {id: line-2, name: Line 2, lines: [L2], language: pt, contacts: {slack: C0LINE2}}
"""


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """An instant of 2026 by the plant's clock."""
    return datetime(2026, month, day, hour, minute, tzinfo=CHICAGO).astimezone(UTC)


def folder(where: Path) -> Path:
    """Riverside with three managers more, and with digests."""
    (where / "plant").mkdir()
    plant = plant_with_guests(where / "plant")
    with (plant / "plant.yaml").open("a", encoding="utf-8") as out:
        out.write(DIGESTS)
    return plant


@pytest.fixture
def opens(tmp_path: Path) -> Callable[[datetime], Rehearsal]:
    """Opens Riverside at an instant, again where it was closed before; two weeks are behind it."""
    plant = folder(tmp_path)
    opened: list[Rehearsal] = []

    def at_an_instant(now: datetime) -> Rehearsal:
        rehearsal = Rehearsal(Config(plant=plant, data=tmp_path / "data", play=True), now)
        if not opened:
            remember(rehearsal.app.database, the_cases())
        opened.append(rehearsal)
        rehearsal.settle()
        for person in rehearsal.app.plant.people:
            rehearsal.hears(person.id)
        return rehearsal

    return at_an_instant


def test_R57_the_morning_meeting_is_told_once_in_each_readers_language(opens: Callable[[datetime], Rehearsal]) -> None:
    plant = opens(at(17, 22))
    plant.passes_until(at(18, 6, 14))
    assert not [text for text in plant.hears("stephanie.greer") if "Morning" in text]

    plant.passes_until(at(18, 6, 16))

    (english,) = [text for text in plant.hears("stephanie.greer") if "Morning" in text]
    (polish,) = [text for text in plant.hears("agnieszka.nowak") if "Poranna" in text]
    assert english.startswith("Morning meeting. Tue 17 Nov: 4 exceptions, 85 min down in 3 stops.")
    assert polish.startswith("Poranna odprawa. Wt 17 lis: 4 zgłoszenia, 85 min przestoju, 3 postoje.")
    plant.passes_until(at(18, 6, 40))
    assert not [text for text in plant.hears("stephanie.greer") if "Morning" in text]
    plant.close()


def test_R37_a_restart_repeats_nothing_and_what_was_missed_by_hours_is_left_out(
    opens: Callable[[datetime], Rehearsal],
) -> None:
    plant = opens(at(16, 22))
    plant.passes_until(at(17, 6, 16))
    assert [text for text in plant.hears("stephanie.greer") if "Morning" in text]
    plant.close()

    again = opens(at(17, 6, 17))
    again.passes_until(at(17, 6, 40))
    assert not [text for text in again.hears("stephanie.greer") if "Morning" in text], "it was told before the restart"
    again.close()

    late = opens(at(18, 15))
    assert not [line for line in late.transcript("stephanie.greer") if line.at > at(17, 7) and "Morning" in line.text]
    late.close()


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


@pytest.mark.parametrize("point", ["counted", "written", "sent"])
def test_R57_a_kill_between_counting_and_sending_loses_and_repeats_nothing(
    opens: Callable[[datetime], Rehearsal], monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    plant = opens(at(17, 22))
    plant.passes_until(at(18, 6, 14))
    plant.clock.turn_to(at(18, 6, 16))

    def killed(*_: object) -> None:
        raise Killed(point)

    with monkeypatch.context() as patched:
        if point == "counted":
            patched.setattr("bot.digests._with_words", killed)  # the figures are there, nothing is written
        elif point == "written":
            patched.setattr("bot.digests.outbox.put_all", killed)  # in the middle of the transaction
        if point == "sent":
            send_digests(plant.app)  # committed, and nobody has sent it yet
        else:
            with pytest.raises(Killed):
                send_digests(plant.app)
    plant.close()
    monkeypatch.undo()

    again = opens(at(18, 6, 17))
    again.passes_until(at(18, 6, 40))
    again.close()
    third = opens(at(18, 6, 45))

    told = [line.text for line in third.transcript("stephanie.greer") if "Morning" in line.text]
    assert len(told) == 1, f"killed when {point}: told {len(told)} times"


def test_R57_the_week_comes_with_its_comparison_and_its_causes(opens: Callable[[datetime], Rehearsal]) -> None:
    plant = opens(at(16, 5))
    plant.passes_until(at(16, 7, 1))

    week = [text for text in plant.hears("juergen.weiss") if text.startswith("Die Woche.")]
    assert week[0].startswith("Die Woche. Mo 9. Nov bis So 15. Nov: 8 Meldungen. Davor (Mo 2. Nov bis So 8. Nov): 0.")
    assert week[1].startswith("Die Woche. Mo 9. Nov bis So 15. Nov: 5 h 15 min Stillstand in 7 Stopps.")
    plant.close()


def test_R57_nothing_to_say_is_one_line(opens: Callable[[datetime], Rehearsal]) -> None:
    plant = opens(at(5, 22, month=10))
    plant.passes_until(at(6, 6, 16, month=10))
    (morning,) = [text for text in plant.hears("stephanie.greer") if "Morning" in text]
    assert morning == "Morning meeting. Nothing, Mon 5 Oct. All quiet."
    plant.close()


def test_R57_each_end_of_a_shift_is_told_and_open_items_of_before_with_it(
    opens: Callable[[datetime], Rehearsal],
) -> None:
    plant = opens(at(18, 13))
    plant.passes_until(at(18, 14, 1))
    (day,) = [text for text in plant.hears("hector.salinas") if text.startswith("Cambio de turno.")]
    assert day.splitlines()[0].startswith("Cambio de turno. Desde 06:00: 4 reportes")
    plant.passes_until(at(18, 22, 1))
    (late,) = [text for text in plant.hears("hector.salinas") if text.startswith("Cambio de turno.")]
    assert late.splitlines()[0].startswith("Cambio de turno. Nada nuevo, desde 14:00")
    assert "Abiertos de antes: EX-2015" in late.splitlines()[0]
    assert "línea parada" in late.splitlines()[1], "a line stands: nobody is told that all is quiet"
    assert "Todo tranquilo" not in late
    plant.close()


def test_R57_all_is_quiet_only_where_nothing_stands(opens: Callable[[datetime], Rehearsal]) -> None:
    plant = opens(at(18, 14, 30))
    for question in ("how was the shift?", "how many stops this shift?", "first pass rate this shift"):
        plant.says("stephanie.greer", question)
        (answer,) = plant.hears("stephanie.greer")
        assert "quiet" not in answer, question
        assert "EX-2015 Filler 3 · breakdown, line stands" in answer, question
    plant.says("stephanie.greer", "anything late on line 2?")
    assert plant.hears("stephanie.greer") == ["Nothing is late on Line 2."]
    plant.close()


def test_R57_two_digests_of_one_kind_at_one_time_are_both_told(tmp_path: Path) -> None:
    plant = plant_with_guests(tmp_path)
    same = 'what: day, at: "06:15"'
    lines = [f"  - {{{same}, to: [{to}]}}" for to in ("stephanie.greer", "agnieszka.nowak")]
    with (plant / "plant.yaml").open("a", encoding="utf-8") as out:
        out.write("digests:\n" + "\n".join(lines) + "\n")
    app = build(Config(plant=plant, data=tmp_path / "data"), clock=TurnedClock(at(17, 6, 10)))
    with app.database.write() as tx:
        settings.put(tx, "digest day 06:15 0123456", at(16, 6, 15).isoformat(), at(16, 6, 15))  # of the version before
    for moment in (at(17, 6, 15), at(18, 6, 15), at(18, 6, 16)):
        app.clock.turn_to(moment)  # type: ignore[attr-defined]
        send_digests(app)
    with app.database.read() as tx:
        told = list(tx.scalars(sa.select(notice.c.to).where(notice.c.facts["digest"].as_string() == "day")))
    assert sorted(told) == ["agnieszka.nowak", "agnieszka.nowak", "stephanie.greer", "stephanie.greer"]
    app.close()


def test_R57_a_chat_of_a_line_hears_of_its_line_only(tmp_path: Path) -> None:
    app = build(Config(plant=folder(tmp_path), data=tmp_path / "data"), clock=TurnedClock(at(18, 13)))
    app.channels["slack"] = app.channels["web"]
    remember(app.database, the_cases())
    send_digests(app)
    app.clock.turn_to(at(18, 14, 1))  # type: ignore[attr-defined]
    send_digests(app)
    with app.database.read() as tx:
        told = tx.execute(sa.select(notice.c.name, notice.c.facts).where(notice.c.to == "#slack:C0LINE2")).all()
    assert [(name, [one["case"] for one in facts["items"]]) for name, facts in told] == [
        ("answer.summary", ["EX-2018"])
    ]
    app.close()


def test_R57_two_processes_that_look_at_once_send_it_once(database_url: str, tmp_path: Path) -> None:
    plant = folder(tmp_path)
    configs = [Config(plant=plant, data=tmp_path / f"data{n}", database_url=database_url) for n in (1, 2)]
    apps = [build(config, clock=TurnedClock(at(18, 6, 10))) for config in configs]
    send_digests(apps[0])
    for app in apps:
        app.clock.turn_to(at(18, 6, 15))  # type: ignore[attr-defined]
    looks = [threading.Thread(target=send_digests, args=(app,)) for app in apps]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    with apps[0].database.read() as tx:
        told = list(tx.scalars(sa.select(notice.c.to).where(notice.c.facts["digest"].as_string() == "day")))
    assert sorted(told) == ["agnieszka.nowak", "stephanie.greer"]
    for app in apps:
        app.close()


def test_R5_mondays_meeting_tells_of_the_weekend_and_a_closed_day_has_none(tmp_path: Path) -> None:
    plant = read_plant_folder(folder(tmp_path)).plant
    morning = plant.digests[0]
    monday = last_due(plant, morning, at(16, 6, 30))
    assert monday is not None
    assert (monday.at, monday.start, monday.end) == (at(16, 6, 15), at(13, 6), at(16, 6))
    sunday = last_due(plant, morning, at(15, 12))
    assert sunday is not None
    assert sunday.at == at(13, 6, 15), "none on a weekend"
    thanksgiving = last_due(plant, morning, at(26, 12))
    assert thanksgiving is not None
    assert plant.closed_on(at(26, 12).date())
    assert thanksgiving.at == at(25, 6, 15)


@pytest.mark.parametrize(
    ("hour", "month", "day", "due"),
    [
        (2, 3, 8, "2026-03-08T08:30:00+00:00"),  # 02:30 is left out that night
        (1, 11, 1, "2026-11-01T06:30:00+00:00"),  # 01:30 comes twice
    ],
)
def test_R5_a_night_of_a_clock_change_has_one_digest(tmp_path: Path, hour: int, month: int, day: int, due: str) -> None:
    from datetime import time, timedelta

    plant = read_plant_folder(folder(tmp_path)).plant
    nightly = Digest("day", ("stephanie.greer",), time(hour, 30))
    midnight = datetime(2026, month, day, tzinfo=CHICAGO).astimezone(UTC)
    found = {last_due(plant, nightly, midnight + timedelta(minutes=10 * n)) for n in range(6 * 24)}
    of_that_day = {one.at.isoformat() for one in found if one is not None and one.at >= midnight}
    assert of_that_day == {due}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{what: day, to: [stephanie.greer]}", "when is the day's sent"),
        ('{what: shift, at: "06:00", to: [stephanie.greer]}', "it comes at each end of a shift"),
        ('{what: day, at: "06:00", to: [stefanie]}', "nobody is called 'stefanie'"),
        ('{what: hourly, at: "06:00", to: [stephanie.greer]}', "hourly"),
    ],
)
def test_a_wrong_digest_is_named_with_what_would_be_right(tmp_path: Path, line: str, says: str) -> None:
    from workflow.errors import Refused

    plant = plant_with_guests(tmp_path)
    with (plant / "plant.yaml").open("a", encoding="utf-8") as out:
        out.write(f"digests:\n  - {line}\n")
    with pytest.raises(Exception, match=says) as refused:
        read_plant_folder(plant)
    assert not isinstance(refused.value, Refused)
