"""SAP by certificate instead of password: mutual TLS on loopback, with an authority that lives as long as the test."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.config import Config, WrongConfiguration
from bot.foreign_systems import sap_of
from integrations.erp.sap import SapErp
from integrations.erp.sap_login import tls
from integrations.erp.sap_odata import Sap
from tests.integrations.erp_contract import RIVERSIDE, SapSystem, StandingClock, drive, posting
from tests.sap_contract import contract
from tests.sap_gateway import serving
from tests.sap_plant import USER, SapPlant
from workflow.errors import Away

OF_LINECALL, OF_A_STRANGER = "linecall.riverside", "somebody.else"


@dataclass
class Authority:
    """Who signs, by the machine's own openssl; every key is thrown away with the folder."""

    folder: Path

    def __post_init__(self) -> None:
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                      "-days", "2", "-subj", "/CN=Authority of the tests")  # fmt: skip

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    def signs(self, name: str, days: int = 2) -> Path:
        """One PEM file with certificate and key."""
        (self.folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "new.key", "-out", "new.csr",
                      "-subj", f"/CN={name}")  # fmt: skip
        self._openssl("x509", "-req", "-in", "new.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", str(days), "-extfile", "ext", "-out", "new.pem")  # fmt: skip
        both = self.folder / f"{name}.pem"
        both.write_text((self.folder / "new.pem").read_text() + (self.folder / "new.key").read_text())
        return both

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def plant(authority: Authority) -> Iterator[SapPlant]:
    """SAP behind TLS; it lets nobody in without a certificate of this authority."""
    found = SapPlant(RIVERSIDE, contract(), StandingClock().now)
    found.gateway.certificates = {OF_LINECALL: USER}
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    server.load_cert_chain(authority.signs("s4h.internal"))
    server.verify_mode = ssl.CERT_REQUIRED
    with serving(found.gateway, server):
        yield found


def erp(plant: SapPlant, certificate: Path | None, authority: Path | None) -> SapErp:
    sap = Sap(plant.gateway.url, USER, None, tls=tls(certificate, None, authority))
    return SapErp(sap, SapSystem.setup, StandingClock())


class Around:
    """For `drive`: nothing goes on by itself here."""

    def __init__(self, erp: SapErp) -> None:
        self.erp = erp

    def works(self) -> None:
        pass


def test_a_certificate_books_without_any_password(plant: SapPlant, authority: Authority) -> None:
    ours = erp(plant, authority.signs(OF_LINECALL), authority.file)
    one = posting("lot_hold", quantity=5.0)
    receipt = drive(Around(ours), one)  # type: ignore[arg-type]
    found = ours.find(one.key)
    assert found is not None
    assert found.number == receipt.number
    assert plant.quantity("6320-3A", "07") == 5.0
    assert {one.what: one.how for one in ours.examine() if one.to_do} == {}
    ours.close()


def test_one_that_is_mapped_to_nobody_is_tried_once(plant: SapPlant, authority: Authority) -> None:
    stranger = erp(plant, authority.signs(OF_A_STRANGER), authority.file)
    for _ in range(3):
        with pytest.raises(Away, match="its mapping to a user"):
            stranger.post(posting("note"))
    stranger.close()


def test_without_a_certificate_and_with_one_of_strangers_sap_says_no_and_we_say_why(
    plant: SapPlant, authority: Authority, tmp_path: Path
) -> None:
    forged = Authority(tmp_path).signs(OF_LINECALL)
    for certificate in (None, forged):
        nobody = erp(plant, certificate, authority.file)
        with pytest.raises(Away, match="SAP refuses our certificate"):
            nobody.post(posting("lot_hold"))
        (reach,) = nobody.examine()
        assert "certificate" in reach.how
        nobody.close()
    assert plant.rows("A_MaterialDocumentHeader") == []


def test_a_server_that_only_says_that_it_is_sap_is_not_told_anything(plant: SapPlant, authority: Authority) -> None:
    trusting_the_public = erp(plant, authority.signs(OF_LINECALL), None)
    with pytest.raises(Away, match=r"not trusted .* LINECALL_SAP_CA"):
        trusting_the_public.post(posting("lot_hold"))
    assert plant.gateway.calls == []
    trusting_the_public.close()


def test_settings_name_what_is_wrong_with_them(authority: Authority, tmp_path: Path) -> None:
    named = {"erp": "sap", "sap_url": "https://s4h.internal", "sap_plant": "1010", "plant": RIVERSIDE}

    def starts(**more: object) -> SapErp:
        made = sap_of(Config(**{**named, **more}), RIVERSIDE, StandingClock())  # type: ignore[arg-type]
        assert isinstance(made, SapErp)
        return made

    starts(sap_certificate=authority.signs(OF_LINECALL), sap_ca=authority.file).close()
    with pytest.raises(WrongConfiguration, match="LINECALL_SAP_PASSWORD: LINECALL_ERP=sap needs it"):
        starts()
    with pytest.raises(WrongConfiguration, match=r"LINECALL_SAP_CERTIFICATE: .*no such file"):
        starts(sap_certificate=tmp_path / "gone.pem")
    broken = tmp_path / "broken.pem"
    broken.write_text("half a certificate", encoding="utf-8")
    with pytest.raises(WrongConfiguration, match=r"LINECALL_SAP_CERTIFICATE: .* cannot be used"):
        starts(sap_certificate=broken)
    with pytest.raises(WrongConfiguration, match="both set"):
        starts(sap_certificate=broken, sap_password="x")
