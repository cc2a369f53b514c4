"""A photo arrives on the chat page: taken for what its bytes are, without what the phone adds, seen by the right."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from bot.web.sign_in import COOKIE, Session, session_cookie
from bot.web.upload import MOST_LATELY
from integrations.media.files import MOST_BYTES
from tests.integrations import pictures
from tests.web.door import OpenDoor

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

TOKEN = "a-token-of-this-test"
MARIA, EDSON = "maria.lopez", "edson.silva"


class Eyes:
    """Sees one order on whatever it is shown."""

    def codes(self, picture: bytes, mime: str) -> tuple[str, ...]:
        return ("WO-10482",)

    def text(self, picture: bytes, mime: str) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        pass


@pytest.fixture
def desk(opened: Callable[..., OpenDoor]) -> OpenDoor:
    return _with_eyes(opened())


def _with_eyes(door: OpenDoor) -> OpenDoor:
    assert door.app.eyes is not None
    door.app.eyes.close()
    door.app.eyes = Eyes()
    return door


def brings(door: OpenDoor, data: bytes, person: str = EDSON, *, name: str = "photo.jpg", **more: Any) -> httpx.Response:
    who = more.pop("who", door.someone)
    form = {"person": person} | more.pop("form", {})
    answer: httpx.Response = who.post(
        "/api/messages/media", data=form, files={"file": (name, data, "image/jpeg")}, **more
    )
    door.settle()
    return answer


def kept(door: OpenDoor) -> list[Path]:
    folder = door.app.config.data / "attachments"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_photo_is_answered_with_one_question(desk: OpenDoor) -> None:
    answer = brings(desk, pictures.blank())

    assert answer.status_code == 202
    mine, asked = desk.reads(EDSON)
    assert mine["from"] == "person"
    assert "WO-10482" in asked["text"]
    assert len(asked["buttons"]) == 2


def test_a_caption_goes_with_its_photo(desk: OpenDoor) -> None:
    brings(desk, pictures.blank(), form={"text": "robot 4 stopped, line is down"})

    assert desk.reads(EDSON)[0]["text"] == "robot 4 stopped, line is down"
    assert desk.cases()[0].line_stopped


def test_the_same_key_twice_is_one_message(desk: OpenDoor) -> None:
    for _ in range(2):
        brings(desk, pictures.blank(), headers={"Idempotency-Key": "once"})

    assert len([line for line in desk.reads(EDSON) if line["from"] == "person"]) == 1


def test_where_and_with_what_a_photo_was_taken_is_dropped_and_which_way_up_is_kept(desk: OpenDoor) -> None:
    taken = Image.new("RGB", (60, 40), "grey")
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Acme Phones of Jane Doe", 6
    exif.get_ifd(0x8825)[2] = (41.0, 52.0, 1.0)
    brings(desk, pictures.as_file(taken, exif=exif.tobytes(), comment=b"call me: 555-0100"))

    (file,) = kept(desk)
    data = file.read_bytes()
    assert b"Jane Doe" not in data
    assert b"555-0100" not in data
    with Image.open(io.BytesIO(data)) as shown:
        assert dict(shown.getexif()) == {0x0112: 6}
        assert shown.getexif().get_ifd(0x8825) == {}


def test_it_is_kept_under_its_content_and_nothing_of_its_name(desk: OpenDoor) -> None:
    for name in ("../../../etc/passwd", "..\\..\\x.jpg", "/etc/cron.d/x", "a" * 200 + ".exe", "x\u0000.php"):
        assert brings(desk, pictures.blank(), name=name).status_code == 202

    (file,) = kept(desk)
    assert len(file.stem) == 64
    assert file.suffix == ".jpg"
    assert os.stat(file).st_mode & 0o077 == 0, "for the service alone"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = {
    "gif": (b"GIF89a" + bytes(40), 415),
    "svg": (SVG, 415),
    "html": (b"<!doctype html><script>alert(1)</script>", 415),
    "exe": (b"MZ" + bytes(100), 415),
    "zip": (b"PK\x03\x04" + bytes(100), 415),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(40), 415),
    "nothing": (b"", 422),
    "cut off": (pictures.blank()[:-400], 422),
    "only a beginning": (b"\xff\xd8\xff\xe0", 422),
    "a jpeg that is html": (b"\xff\xd8\xff<script>alert(1)</script>", 422),
    "cut off png": (pictures.as_file(Image.new("RGB", (90, 90)), "PNG")[:-20], 422),
    "bomb": (pictures.huge_png(), 413),
    "moving": (pictures.moving(), 415),
}


@pytest.mark.parametrize(("data", "status"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_photo_is_refused_with_a_reason_whatever_its_name(desk: OpenDoor, data: bytes, status: int) -> None:
    answer = brings(desk, data)

    assert answer.status_code == status, answer.text
    assert answer.json()["message"].endswith(".")
    assert kept(desk) == []
    assert desk.reads(EDSON) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_of_two_files_in_one_only_the_picture_is_kept(desk: OpenDoor, kind: str) -> None:
    brings(desk, pictures.as_file(Image.new("RGB", (60, 40), "grey"), kind) + b"<script>alert(1)</script>PK\x03\x04")

    (file,) = kept(desk)
    assert b"<script>" not in file.read_bytes()
    with Image.open(file) as shown:
        shown.load()
        assert shown.size == (60, 40)


def test_a_file_that_is_too_large_is_refused(desk: OpenDoor) -> None:
    answer = brings(desk, pictures.blank() + bytes(MOST_BYTES))

    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_stranger_cannot_make_the_service_read_twelve_megabytes(opened: Callable[..., OpenDoor]) -> None:
    door = _with_eyes(opened(api_token=TOKEN, play=False))

    small = brings(door, pictures.blank())
    large = brings(door, bytes(1024 * 1024))

    assert small.status_code == 401
    assert (large.status_code, large.json()["message"]) == (413, "A request holds at most 256 KB.")


def test_a_phone_that_hangs_does_not_fill_the_disk(desk: OpenDoor) -> None:
    answers = [brings(desk, pictures.blank()).status_code for _ in range(MOST_LATELY + 1)]

    assert answers[-1] == 429
    assert set(answers[:-1]) == {202}


def test_nobody_sends_a_photo_as_somebody_else(opened: Callable[..., OpenDoor]) -> None:
    door = _with_eyes(opened(play=False))
    maria = _signed_in(door, MARIA)

    assert brings(door, pictures.blank(), MARIA, who=maria).status_code == 202
    assert brings(door, pictures.blank(), EDSON, who=maria).status_code == 403


def test_a_photo_is_seen_by_its_sender_and_by_others_only_with_its_exception(opened: Callable[..., OpenDoor]) -> None:
    door = _with_eyes(opened(play=False))
    maria, gary = _signed_in(door, MARIA), _signed_in(door, "gary.lindqvist")
    brings(door, pictures.blank(), MARIA, who=maria)
    page = maria.get("/chat").text
    address = "/api/attachments/1"
    assert f'src="{address}"' in page

    mine, theirs = maria.get(address), gary.get(address)
    assert (mine.status_code, mine.headers["content-type"]) == (200, "image/jpeg")
    assert mine.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in mine.headers["content-security-policy"]
    assert theirs.status_code == 404
    assert door.knocks(address="203.0.113.9").get(address).status_code in (401, 403)

    yes = maria.get(f"/api/conversations/{MARIA}").json()[-1]["buttons"][0]
    maria.post("/api/messages", json={"person": MARIA, "text": yes["label"], "button": yes["value"]})
    door.settle()
    assert door.cases()[0].work_orders == ("WO-10482",)
    assert gary.get(address).status_code == 200, "whoever may see the exception may see its photo"
    assert f'src="{address}"' in gary.get(f"/cases/{door.cases()[0].number}").text
    assert _signed_in(door, EDSON).get(address).status_code == 404, "an operator of another line counts up in vain"


@pytest.mark.parametrize("number", ["0", "999", "-1", "99999999999999999999", "../../web.key", "1%2F..%2F..%2Fweb.key"])
def test_no_other_number_leads_anywhere(desk: OpenDoor, number: str) -> None:
    brings(desk, pictures.blank())

    assert desk.someone.get(f"/api/attachments/{number}").status_code in (404, 422)


def test_a_file_that_somebody_changed_on_the_disk_is_not_shown(desk: OpenDoor) -> None:
    brings(desk, pictures.blank())
    kept(desk)[0].write_bytes(SVG)

    assert desk.someone.get("/api/attachments/1").status_code == 410


def test_a_voice_note_and_a_form_are_handed_out_to_be_saved_and_never_shown_by_the_browser(desk: OpenDoor) -> None:
    brings(desk, b"%PDF-1.7\n%%EOF", name="x.html")

    answer = desk.someone.get("/api/attachments/1")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.browser
def test_a_photo_is_sent_with_two_touches(opened: Callable[..., OpenDoor], browser: Browser) -> None:
    door = _with_eyes(opened())
    with door.running() as address:
        page = browser.new_page()
        page.goto(f"{address}/chat?with={EDSON}")
        photo = {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": pictures.blank()}
        page.locator("input.file").set_input_files(photo)  # type: ignore[arg-type]

        page.get_by_text("WO-10482").first.wait_for(timeout=15_000)
        seen = page.locator(".mine .photo img")
        assert seen.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
        page.close()


def _signed_in(door: OpenDoor, person: str) -> Any:
    visitor = door.knocks()
    visitor.cookies.set(COOKIE, session_cookie(door.app.config, Session("person", person)))
    return visitor
