"""SAP's own schema, from SAP's npm packages, fetched at test time and never kept in the repository (its licence).

Each package holds one service as CSN: entities, keys, types, lengths. What may be written does not stand in it.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.emulators import FOLDER
from tests.sap_contract import Property, Service, contract
from tests.services import missing

VERSION = "2.1.0"
PACKAGES = {
    "API_PRODUCTION_ORDER_2_SRV": "production-order-v2",
    "API_PROD_ORDER_CONFIRMATION_2_SRV": "production-order-confirmation-v2",
    "API_MATERIAL_DOCUMENT_SRV": "material-document",
    "API_MATERIAL_STOCK_SRV": "material-stock",
    "API_BATCH_SRV": "batch",
    "API_PHYSICAL_INVENTORY_DOC_SRV": "physical-inventory-doc",
    "API_DEFECT_SRV": "defect",
    "API_MAINTNOTIFICATION": "maintenance-notification",
    "API_PRODUCT_SRV": "product",
    "API_SALES_ORDER_SRV": "sales-order",
    "API_BILL_OF_MATERIAL_SRV;v=0002": "bill-of-material-v2",
    "API_BUSINESS_PARTNER": "business-partner",
}
PLAIN = {"cds.LargeString": "L", "cds.Date": "D", "cds.Time": "T", "cds.Timestamp": "Z", "cds.DateTime": "Z",
         "cds.Double": "F", "cds.Boolean": "B", "cds.UUID": "G"}  # fmt: skip


@cache
def schema() -> dict[str, Service]:
    """Our services with every field that SAP's have."""
    home = _fetched()
    return {name: service.with_fields(_fields(home / PACKAGES[name], service)) for name, service in contract().items()}


def functions(service: str) -> str:
    """SAP's own code that calls this service's functions: their names, methods and parameters."""
    file = _fetched() / PACKAGES[service] / "package" / "function-imports.js"
    return file.read_text("utf-8") if file.exists() else ""


def _fetched() -> Path:
    """A folder with the unpacked packages, fetched once; none of their code is run, nothing they need is installed."""
    home = FOLDER / f"sap-{VERSION}"
    if shutil.which("npm") is None:
        missing("npm, which fetches SAP's own schema of its OData services")
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in PACKAGES.values():
            folder = home / name
            if (folder / "done").exists():
                continue
            folder.mkdir(exist_ok=True)
            package = f"@sap/cloud-sdk-vdm-{name}-service@{VERSION}"
            command = ["npm", "pack", package, "--silent", "--pack-destination", str(folder)]
            done = subprocess.run(command, capture_output=True, timeout=300, check=False)
            packed = next(folder.glob("*.tgz"), None)
            if done.returncode or packed is None:
                missing(f"{package} from an npm registry, which is SAP's own schema")
            with tarfile.open(packed) as tar:
                tar.extractall(folder, filter="data")
            (folder / "done").touch()
    return home


def _fields(folder: Path, service: Service) -> dict[str, dict[str, Property]]:
    (file,) = (folder / "package").glob("*-csn.json")
    definitions: dict[str, Any] = json.loads(file.read_text("utf-8"))["definitions"]
    entities = {at.rpartition(".")[2]: one["elements"] for at, one in definitions.items() if one["kind"] == "entity"}
    return {
        entity: {
            field: Property(field, _type(one), bool(one.get("key")))
            for field, one in entities[entity].items()
            if "target" not in one
        }
        for entity in service.entities
    }


def _type(one: dict[str, Any]) -> str:
    match one["type"]:
        case "cds.String":
            return f"S{one['length']}" if one.get("length") else "L"
        case "cds.Decimal":
            return f"N{one.get('precision', 31)}.{one.get('scale', 0)}"
        case kind if kind in PLAIN:
            return PLAIN[kind]
    return "I"
