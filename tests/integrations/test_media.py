"""What is read on travellers, labels and forms by the real readers, and what hostile files cannot do."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import zxingcpp
from PIL import Image

from integrations.media.eyes import WorkerEyes, installed
from integrations.media.files import Kept, NotTaken, taken
from integrations.media.known_ids import Found, known_ids
from integrations.media.shelf import Shelf
from integrations.media.speech import TranscribingEars
from integrations.plant_folder.reading import read_plant_folder
from tests.conftest import RIVERSIDE
from tests.integrations.pictures import a_voice_note, as_file, blank, code, huge_png, photographed, sheet
from workflow.errors import Rejected, TryLater

FOLDER = read_plant_folder(RIVERSIDE)
QR, DATA_MATRIX = zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix


@pytest.fixture(scope="module")
def eyes() -> Iterator[WorkerEyes]:
    found = WorkerEyes(seconds=60)
    yield found
    found.close()


def known(codes: tuple[str, ...] = (), lines: tuple[str, ...] = ()) -> Found:
    return known_ids(codes, lines, FOLDER.plant, FOLDER.records)


def in_one_file(*pages: Image.Image) -> bytes:
    return as_file(pages[0], "PDF", save_all=True, append_images=list(pages[1:]))


# what is read --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_codes_of_a_traveller_are_read_turned_blurred_and_noisy(eyes: WorkerEyes) -> None:
    paper = sheet("Riverside", codes=(code("WO-10482"), code("6319-4A", QR, 8), code("CAN-4471", DATA_MATRIX, 8)))

    for photo in (paper, photographed(paper), photographed(paper, degrees=92, blur=1), paper.rotate(180)):
        assert set(eyes.codes(as_file(photo), "image/jpeg")) == {"WO-10482", "6319-4A", "CAN-4471"}


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0, 7, -5], ids=str)
def test_print_of_a_traveller_is_read_and_its_ids_are_known(eyes: WorkerEyes, degrees: float) -> None:
    paper = sheet("Riverside Bottling  TRAVELLER", "Work order: WO-10482", "Item FG-3010  Qty 4000 cs", "Lot 6319-4A")

    lines = eyes.text(as_file(photographed(paper, degrees=degrees)), "image/jpeg")

    assert known(lines=lines) == Found(work_orders=("WO-10482",), lots=("6319-4A",), items=("FG-3010",))


@pytest.mark.slow
def test_a_photo_that_lies_on_its_side_is_turned_as_its_phone_says(eyes: WorkerEyes) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the phone was held upright: what it took has to be turned clockwise
    sideways = sheet("Work order: WO-10482", "Lot 6319-4A", size=(1240, 800)).rotate(90, expand=True)
    kept = taken(as_file(sideways, exif=exif.tobytes()))

    assert known(lines=eyes.text(kept.data, kept.mime)).work_orders == ("WO-10482",)


@pytest.mark.slow
def test_scanned_pages_of_a_form_are_read(eyes: WorkerEyes) -> None:
    form = in_one_file(sheet("Deviation report"), sheet("Work order: WO-10488", codes=(code("6319-4A"),)))
    kept = taken(form)

    assert kept.kind == "document"
    assert eyes.codes(kept.data, kept.mime) == ("6319-4A",)
    assert known(lines=eyes.text(kept.data, kept.mime)).work_orders == ("WO-10488",)


@pytest.mark.slow
def test_a_label_on_glass_is_read_as_if_on_white(eyes: WorkerEyes) -> None:
    label = sheet("WO-10482", size=(700, 400)).convert("RGBA")
    label.putalpha(label.convert("L").point(lambda p: 255 - p))  # black letters, and nothing behind them

    kept = taken(as_file(label, "PNG"))
    assert known(lines=eyes.text(kept.data, kept.mime)).work_orders == ("WO-10482",)


def test_what_a_camera_mistakes_is_forgiven_where_one_known_id_is_meant() -> None:
    assert known(lines=("Order W0-1O4B2",)).work_orders == ("WO-10482",)
    assert known(lines=("W0-10482-6319-4A",)) == Found(work_orders=("WO-10482",), lots=("6319-4A",))
    assert known(lines=("LOTE 63I9-4A",)).lots == ("6319-4A",)
    assert known(lines=("wo 10482 / fg 3010",)) == Found(work_orders=("WO-10482",), items=("FG-3010",))
    assert known(codes=("(01)09501101530003(10)6319-4A",)).lots == ("6319-4A",)
    assert known(codes=("https://erp.example/wo/10482?x=1",)).work_orders == ("WO-10482",)
    assert known(codes=("L3-FIL",)).assets == ("L3-FIL",)


def test_what_looks_like_two_lots_is_neither_and_what_is_written_beats_what_it_looks_like() -> None:
    assert {"6313-3B"} <= {lot.id for lot in FOLDER.records.lots}
    twins = FOLDER.records.lots[0].__class__
    lots = (*FOLDER.records.lots, twins("6313-38", "FG-3010", 1, "cs", "available"))
    records = FOLDER.records.__class__(lots=lots, work_orders=FOLDER.records.work_orders)

    assert known_ids(("6313-3B",), (), FOLDER.plant, records).lots == ("6313-3B",)
    assert known_ids(("6313-38",), (), FOLDER.plant, records).lots == ("6313-38",)
    assert known_ids(("63I3-3B",), (), FOLDER.plant, records).lots == ()


@pytest.mark.parametrize(
    "line",
    ["WO-99999", "10482000", "Tel. 555 10 482", "2026-11-16", "Qty 4471", "AIR", "POWER", "", "WO-", "\U0001f600" * 50],
)
def test_what_the_plant_does_not_know_is_no_id(line: str) -> None:
    assert not known(lines=(line,))


def test_twice_as_many_letters_cost_twice_the_work_and_no_more() -> None:
    def calls(letters: int) -> int:
        count = 0

        def counted(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event.endswith("call")

        sys.setprofile(counted)
        try:
            known(lines=("A1-" * letters, "WO-" * letters))
        finally:
            sys.setprofile(None)
        return count

    known(lines=("A1",))  # what the plant knows is gathered once
    assert calls(2_000) < 2.1 * calls(1_000)


# hostile files -------------------------------------------------------------------------------------------------------


def test_a_picture_of_seven_gigabytes_is_refused_before_anybody_opens_it() -> None:
    with pytest.raises(NotTaken, match="too_many_pixels"):
        taken(huge_png())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_beginning_of_a_file_is_taken_for_the_whole(kind: str) -> None:
    whole = as_file(sheet("WO-10482", size=(200, 200)), kind)
    assert taken(whole)

    for end in (*range(1, 200), *range(200, len(whole) - 2, 97)):
        with pytest.raises(NotTaken):
            taken(whole[:end])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_stays_as_it_is_and_shows_the_same(kind: str) -> None:
    before = as_file(photographed(sheet("WO-10482", size=(200, 200))), kind)
    kept = taken(before)

    assert taken(kept.data) == kept
    assert _pixels(kept.data) == _pixels(before)


def test_damaged_bytes_never_do_more_than_be_refused() -> None:
    import random

    chance = random.Random(5)
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = as_file(sheet("WO-10482", size=(120, 120)), kind)
        for _ in range(400):
            broken = bytearray(whole)
            for _ in range(chance.randint(1, 8)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            try:
                taken(bytes(broken))
            except NotTaken:
                continue


@pytest.mark.slow
def test_what_the_worker_cannot_open_it_says_and_goes_on(eyes: WorkerEyes) -> None:
    for data, mime in (
        (b"\xff\xd8\xff\xe0nothing", "image/jpeg"),
        (b"%PDF-1.7 no", "application/pdf"),
        (b"", "image/png"),
    ):
        with pytest.raises(Rejected):
            eyes.codes(data, mime)
    with pytest.raises(Rejected):
        eyes.codes(huge_png(), "image/png")  # even if somebody had let it in
    with pytest.raises(Rejected):
        eyes.codes(b"GIF89a" + bytes(100), "image/gif")

    assert eyes.codes(as_file(sheet(codes=(code("WO-10482"),))), "image/jpeg") == ("WO-10482",)


@pytest.mark.slow
def test_a_worker_that_takes_too_long_is_ended_and_another_one_starts() -> None:
    eyes = WorkerEyes(seconds=60)
    picture = as_file(sheet(codes=(code("WO-10482"),)))
    try:
        eyes.codes(picture, "image/jpeg")
        assert eyes._worker is not None
        stuck = eyes._worker.pid
        os.kill(stuck, signal.SIGSTOP)
        eyes._seconds = 0.5
        with pytest.raises(Rejected):
            eyes.codes(picture, "image/jpeg")
        assert not Path(f"/proc/{stuck}").exists()

        eyes._seconds = 60
        assert eyes.codes(picture, "image/jpeg") == ("WO-10482",)
    finally:
        eyes.close()


@pytest.mark.slow
def test_a_worker_that_went_away_between_two_photos_is_replaced_unnoticed() -> None:
    eyes = WorkerEyes(seconds=60)
    picture = as_file(sheet(codes=(code("WO-10482"),)))
    try:
        assert eyes.codes(picture, "image/jpeg") == ("WO-10482",)
        assert eyes._worker is not None
        os.kill(eyes._worker.pid, signal.SIGKILL)
        assert eyes.codes(picture, "image/jpeg") == ("WO-10482",)
    finally:
        eyes.close()


@pytest.mark.slow
def test_a_worker_that_wants_too_much_memory_is_ended_and_nobody_else_notices() -> None:
    eyes = WorkerEyes(seconds=60, memory=400 * 1024**2)  # too little for the models
    try:
        with pytest.raises(Rejected):
            eyes.text(as_file(photographed(sheet("WO-10482"))), "image/jpeg")
    finally:
        eyes.close()


@pytest.mark.slow
def test_the_worker_holds_no_secret_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINECALL_API_TOKEN", "a-token-nobody-may-see")
    eyes = WorkerEyes(seconds=60)
    try:
        eyes.codes(blank(), "image/jpeg")
        assert eyes._worker is not None
        environment = Path(f"/proc/{eyes._worker.pid}/environ").read_bytes()
        assert b"LINECALL" not in environment
        limits = Path(f"/proc/{eyes._worker.pid}/limits").read_text()
        assert next(line for line in limits.splitlines() if line.startswith("Max file size")).split()[3] == "0"
    finally:
        eyes.close()


def test_the_tests_look_with_what_a_plant_looks_with() -> None:
    assert installed()


# the shelf -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../x.jpg",
        "/etc/passwd",
        "a.jpg",
        "A" * 64 + ".jpg",
        "0" * 64 + ".exe",
        "0" * 64 + ".jpg/..",
        "0" * 64,
    ],
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(Rejected):
        Shelf(tmp_path).get(name)


def test_the_same_photo_twice_is_kept_once(tmp_path: Path) -> None:
    shelf, photo = Shelf(tmp_path / "attachments"), taken(blank())

    assert shelf.put(photo) == shelf.put(photo)
    assert shelf.get(photo.name) == photo.data
    assert len(list((tmp_path / "attachments").iterdir())) == 1


# ears ----------------------------------------------------------------------------------------------------------------


def ears(answer: httpx.Response | Exception, asked: list[httpx.Request] | None = None) -> TranscribingEars:
    def endpoint(request: httpx.Request) -> httpx.Response:
        request.read()
        if asked is not None:
            asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return TranscribingEars("http://speech.test/v1/", "whisper-1", "sk-plant", httpx.MockTransport(endpoint))


def test_a_voice_note_is_sent_as_the_endpoint_wants_it() -> None:
    asked: list[httpx.Request] = []
    words = ears(httpx.Response(200, json={"text": " filler on three jammed "}), asked).words(
        a_voice_note(), "audio/ogg"
    )

    assert words == "filler on three jammed"
    (request,) = asked
    assert str(request.url) == "http://speech.test/v1/audio/transcriptions"
    assert request.headers["authorization"] == "Bearer sk-plant"
    assert b'filename="voice.ogg"' in request.content
    assert b"whisper-1" in request.content


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx.Response(503), TryLater),
        (httpx.Response(429), TryLater),
        (httpx.ConnectError("no"), TryLater),
        (httpx.ReadTimeout("no"), TryLater),
        (httpx.Response(401), Rejected),
        (httpx.Response(400), Rejected),
        (httpx.Response(200, text="<html>"), Rejected),
        (httpx.Response(200, json={"words": 1}), Rejected),
        (httpx.Response(200, content=b"x" * 2_000_000), Rejected),
    ],
    ids=str,
)
def test_an_endpoint_that_cannot_or_will_not_is_told_apart(
    answer: httpx.Response | Exception, outcome: type[Exception]
) -> None:
    with pytest.raises(outcome) as said:
        ears(answer).words(a_voice_note(), "audio/ogg")
    assert "sk-plant" not in str(said.value)


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (a_voice_note(), "audio/ogg"),
        (b"\x1aE\xdf\xa3" + bytes(30), "audio/webm"),
        (b"\0\0\0\x20ftypM4A " + bytes(30), "audio/mp4"),
        (b"RIFF\x24\0\0\0WAVEfmt " + bytes(30), "audio/wav"),
        (b"ID3" + bytes(30), "audio/mpeg"),
        (b"#!AMR\n" + bytes(30), "audio/amr"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_voice_notes_of_every_phone_are_known_by_their_bytes(data: bytes, mime: str) -> None:
    assert taken(data) == Kept(data, mime, "voice")


def _pixels(data: bytes) -> bytes:
    import io

    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").tobytes()
