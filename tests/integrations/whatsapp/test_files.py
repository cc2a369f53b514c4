"""Photos, voice notes and places through Twilio: with the key from its own hosts, and from nowhere else."""

from __future__ import annotations

import pytest

from db import inbox
from tests.integrations.strict_twilio import ACCOUNT, StrictTwilio
from tests.integrations.whatsapp.floor import (
    MARIA,
    Floor,
)
from workflow.errors import Rejected, TryLater

PHOTO = b"\xff\xd8\xff\xe0 a photo of a label"
MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'1' * 32}/Media/ME{'2' * 32}"


def fetched(floor: Floor, reference: str = f"MM{'1' * 32}/ME{'2' * 32}") -> bytes:
    return floor.app.loop.run(floor.app.channels["whatsapp"].fetch(reference))  # type: ignore[attr-defined, no-any-return]


def test_a_photo_a_voice_note_and_a_place_come_with_the_message(floor: Floor, twilio: StrictTwilio) -> None:
    channel = floor.app.channels["whatsapp"]
    more = {
        "NumMedia": "2",
        "MediaUrl0": MEDIA,
        "MediaContentType0": "image/jpeg",
        "MediaUrl1": MEDIA.replace("ME2", "ME3"),
    }
    more |= {"MediaContentType1": "audio/ogg", "Latitude": "41.5868", "Longitude": "-93.625"}
    (message,) = channel.read(twilio.wrote(MARIA, "see label", **more)).messages  # type: ignore[attr-defined]
    assert message.text == "see label"
    assert [one.kind for one in message.media] == ["photo", "voice", "location"]
    assert message.media[0].reference == f"MM{'1' * 32}/ME{'2' * 32}", "an id, never an address"
    assert message.media[2].reference == "41.5868,-93.625"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://api.twilio.com.evil.example/2010-04-01/Accounts/x",
        MEDIA.replace(ACCOUNT, "AC" + "9" * 32),
        MEDIA + "?x=/../",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_not_a_file_of_ours_at_twilio_is_poison(floor: Floor, url: str) -> None:
    knock = floor.twilio.wrote(MARIA, "look", NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg")
    assert floor.knock(knock).status_code == 200
    with floor.app.database.read() as tx:
        assert inbox.poisoned_count(tx) == 1
    assert floor.twilio.asked == [] or all("Media" not in path for _, path, _ in floor.twilio.asked)


def test_a_file_is_fetched_with_the_key_and_the_key_goes_nowhere_else(floor: Floor, twilio: StrictTwilio) -> None:
    id_ = f"ME{'2' * 32}"
    twilio.files[id_] = (307, {"Location": f"{twilio.url}/elsewhere/blob"}, b"")
    twilio.files["blob"] = (200, {}, PHOTO)
    assert fetched(floor) == PHOTO
    assert [knows for _, path, knows in twilio.asked if path.endswith(id_)] == [True]
    for trap in (
        "http://127.0.0.1:1/x",
        "https://evil.example/x",
        "https://twilio.com@evil.example/x",
        "ftp://mms.twiliocdn.com/x",
        "http://mms.twiliocdn.com/x",
        "https://nottwiliocdn.com/x",
    ):
        twilio.files[id_] = (302, {"Location": trap}, b"")
        with pytest.raises(Rejected, match="elsewhere"):
            fetched(floor)
    twilio.files[id_] = (302, {"Location": f"{twilio.url}/elsewhere/loop"}, b"")
    twilio.files["loop"] = (302, {"Location": f"{twilio.url}/elsewhere/loop"}, b"")
    with pytest.raises(Rejected, match="circles"):
        fetched(floor)


def test_a_file_that_is_too_large_gone_or_away_says_so(
    floor: Floor, twilio: StrictTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = f"ME{'2' * 32}"
    monkeypatch.setattr("integrations.chat.whatsapp_wire.MOST_MEDIA", 1000)
    twilio.files[id_] = (200, {}, b"x" * 1001)
    with pytest.raises(Rejected, match="too large"):
        fetched(floor)
    del twilio.files[id_]
    with pytest.raises(Rejected, match="any more"):
        fetched(floor)
    twilio.files[id_] = (503, {"Retry-After": "30"}, b"")
    with pytest.raises(TryLater) as no:
        fetched(floor)
    assert no.value.after is not None
    assert no.value.after.total_seconds() == 31
    for strange in ("", "../../Accounts", "MM1/ME2", f"MM{'1' * 32}/ME{'2' * 32}/x"):
        with pytest.raises(Rejected):
            fetched(floor, strange)
