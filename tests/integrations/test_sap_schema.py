"""SAP's own schema, where its packages can be had: our short contract holds against it, and so does every posting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.erp.sap_examine import FUNCTIONS, USED
from tests.integrations.erp_contract import SapSystem, drive, posting
from tests.sap_contract import contract
from tests.sap_schema import functions, schema
from workflow.case import POSTING_KINDS, PostingKind

pytestmark = pytest.mark.slow


@pytest.fixture
def around() -> Iterator[SapSystem]:
    system = SapSystem(schema())
    yield system
    system.close()


def test_every_field_of_our_contract_is_saps_with_its_type_length_and_key() -> None:
    theirs = schema()
    differ = [
        f"{service}.{entity.name}.{field.name}: {field.type} is {found.type if found else 'not there'}"
        for service, ours in contract().items()
        for entity in ours.entities.values()
        for field in entity.fields.values()
        if (found := theirs[service].entities[entity.name].fields.get(field.name)) is None
        or (found.type, found.key) != (field.type, field.key)
    ]
    assert differ == []


def test_every_function_and_parameter_of_our_contract_is_saps() -> None:
    for service, ours in contract().items():
        for name, parameters in ours.functions.items():
            code = functions(service)
            assert f"'{name}'" in code
            assert [one for one in parameters if f"'{one}'" not in code] == []


def test_what_the_doctor_looks_for_is_there() -> None:
    theirs = schema()
    for service, entities in USED.items():
        for entity, uses in entities.items():
            names = [name for part in uses for name in part.split()]
            assert [name for name in names if name not in theirs[service].entities[entity].fields] == []
        assert set(FUNCTIONS.get(service, ())) <= set(theirs[service].functions)


@pytest.mark.parametrize("kind", [kind for kind in POSTING_KINDS if kind != "cost"])
def test_every_kind_is_booked_on_saps_own_schema(around: SapSystem, kind: PostingKind) -> None:
    owed = posting(kind)
    receipt = drive(around, owed)
    assert receipt.number
    assert around.booked(owed.key) == 1
    found = around.erp.find(owed.key)
    assert found is not None
    assert found.number == receipt.number


def test_records_and_doctor_on_saps_own_schema(around: SapSystem) -> None:
    assert {one.what: one.how for one in around.erp.examine() if one.to_do} == {}
    records = around.erp.records()
    assert records.work_order["WO-10482"].line == "L3"
    assert records.lot["6315-3A"].status == "hold"
