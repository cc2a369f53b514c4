"""The plant's foreign ERP systems, as LINECALL_* names them; each says what is missing by its name."""

from __future__ import annotations

import ssl
from pathlib import Path

from bot.config import Config, WrongConfiguration
from integrations.erp.erpnext import ErpNextErp
from integrations.erp.erpnext_books import Setup as ErpNextSetup
from integrations.erp.erpnext_rest import ErpNext
from integrations.erp.odoo import OdooErp
from integrations.erp.odoo_rpc import Odoo
from integrations.erp.sap import SapErp
from integrations.erp.sap_books import Setup as SapSetup
from integrations.erp.sap_login import tls
from integrations.erp.sap_odata import Sap
from integrations.erp.tryton import TrytonErp
from integrations.plant_folder import read_plant_folder
from workflow.ports import Clock, Erp


def tryton_of(config: Config, folder: Path, clock: Clock) -> Erp:
    """Tryton, as LINECALL_TRYTON_* names it; raises WrongConfiguration where one is missing."""
    if config.tryton_url is None or config.tryton_password is None:
        missing = "LINECALL_TRYTON_URL" if config.tryton_url is None else "LINECALL_TRYTON_PASSWORD"
        raise WrongConfiguration(f"{missing}: LINECALL_ERP=tryton needs it; docs/erp/tryton.md says how to set it up")
    zone, password = read_plant_folder(folder).plant.zone, config.tryton_password.get_secret_value()
    return TrytonErp(config.tryton_url, config.tryton_database, config.tryton_user, password, clock, zone)


def sap_of(config: Config, folder: Path, clock: Clock) -> Erp:
    """SAP, as LINECALL_SAP_* names it; raises WrongConfiguration where one is missing."""
    secret = config.sap_password.get_secret_value() if config.sap_password is not None else None
    url, number = config.sap_url, config.sap_plant
    by_certificate = config.sap_certificate is not None and config.sap_token_url is None  # a token wants the secret
    if url is None or number is None or (secret is None and not by_certificate):
        needed = {"URL": url, "PLANT": number, "PASSWORD": secret}
        missing = next(name for name, value in needed.items() if value is None)
        raise WrongConfiguration(f"LINECALL_SAP_{missing}: LINECALL_ERP=sap needs it; see docs/erp/sap.md")
    if secret is not None and config.sap_certificate is not None:
        raise WrongConfiguration("LINECALL_SAP_PASSWORD and LINECALL_SAP_CERTIFICATE are both set: one of them.")
    plant = read_plant_folder(folder).plant
    malfunction, request = config.sap_notifications.split("/")
    group, code = config.sap_defect.split("/")
    assets = "EAMS_FL" if config.sap_assets == "functional_location" else "EAMS_EQUI"
    lines = frozenset(line.id for line in plant.lines)
    setup = SapSetup(number, lines, config.sap_rework, config.sap_cost_center, (group, code), assets,
                     malfunction, request, config.sap_activity)  # fmt: skip
    sap = Sap(url, config.sap_user, secret, config.sap_client, config.sap_token_url, tls=_tls_of(config))
    return SapErp(sap, setup, clock, plant.zone, plant.languages[0])


def _tls_of(config: Config) -> ssl.SSLContext | None:
    """Certificate and authority; None: the public authorities, and no certificate of ours."""
    certificate, key, authority = config.sap_certificate, config.sap_certificate_key, config.sap_ca
    if certificate is None and authority is None:
        return None
    try:
        return tls(certificate, key, authority)
    except OSError as error:
        names = {"CERTIFICATE": certificate, "CERTIFICATE_KEY": key, "CA": authority}
        gone = next((name for name, file in names.items() if file is not None and not file.is_file()), None)
        name = gone or ("CA" if certificate is None else "CERTIFICATE")
        why = "there is no such file" if gone else error.strerror or error.args[0]
        raise WrongConfiguration(f"LINECALL_SAP_{name}: {names[name]} cannot be used ({why}).") from error


def odoo_of(config: Config, folder: Path, clock: Clock) -> Erp:
    """Odoo, as LINECALL_ODOO_* names it; raises WrongConfiguration where one is missing."""
    if config.odoo_url is None or config.odoo_key is None:
        missing = "LINECALL_ODOO_URL" if config.odoo_url is None else "LINECALL_ODOO_KEY"
        raise WrongConfiguration(f"{missing}: LINECALL_ERP=odoo needs it; docs/erp/odoo.md says how to set it up")
    odoo = Odoo(config.odoo_url, config.odoo_database, config.odoo_key.get_secret_value())
    return OdooErp(odoo, clock, read_plant_folder(folder).plant.zone)


def erpnext_of(config: Config, folder: Path, clock: Clock) -> Erp:
    """ERPNext, as LINECALL_ERPNEXT_* names it; raises WrongConfiguration where one is missing."""
    key = config.erpnext_key.get_secret_value() if config.erpnext_key is not None else None
    url, company, employee = config.erpnext_url, config.erpnext_company, config.erpnext_employee
    if url is None or key is None or company is None or employee is None:
        needed = {"URL": url, "KEY": key, "COMPANY": company, "EMPLOYEE": employee}
        missing = next(name for name, value in needed.items() if value is None)
        raise WrongConfiguration(f"LINECALL_ERPNEXT_{missing}: LINECALL_ERP=erpnext needs it; see docs/erp/erpnext.md")
    plant = read_plant_folder(folder).plant
    setup = ErpNextSetup(company, employee, frozenset(line.id for line in plant.lines))
    return ErpNextErp(ErpNext(url, key), setup, clock, plant.zone)
