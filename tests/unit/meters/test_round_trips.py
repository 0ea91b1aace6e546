"""Whatever is written is read as the same; whatever bytes come are records or Malformed, of every vendor."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import ConsumptionResult, ConsumptionTenancy, Malformed, Remark
from hub.plugin.meters import MeterVendor, exports, results
from hub_brunata import Plugin as Brunata
from hub_casi import Plugin as Casi
from hub_ista import Plugin as Ista
from hub_own_meter import Plugin as OwnMeter
from hub_techem import Plugin as Techem
from tests.meter_files import ASKED, instance_of, tenancy

KEY = ("company", "property", "unit", "tenant")
COLUMNS = {f"{name}_column": column for column, name in enumerate((*KEY, "amount"), 1)}
DELIMITED_RESULT = (
    ASKED
    | COLUMNS
    | {
        **{"delimiter": ";", "decimal_mark": ",", "sign_tenant_pays": "", "on_account_column": 8},
        **{"period_from_column": 6, "period_to_column": 7, "date_format": "DDMMÅÅÅÅ"},
    }
)
DELIMITED_EXPORT = COLUMNS | {
    **{"delimiter": ",", "decimal_mark": ".", "sign_positive": "", "sign_negative": "-", "implied_decimals": 2},
    **{"move_in_column": 6, "move_out_column": 7, "date_format": "ÅÅÅÅMMDD", "name_column": 8, "new_city_column": 10},
}
PERIOD = {"period_from_start": 33, "period_to_start": 41, "on_account_start": 50, "on_account_length": 12}
RESULTS: list[tuple[type[MeterVendor], dict[str, Any]]] = [
    (Brunata, PERIOD),
    (Ista, PERIOD),
    (Techem, PERIOD | {"encoding": "cp865"}),
    (Casi, PERIOD | {"amounts": "cost"}),
    (OwnMeter, DELIMITED_RESULT),
]
SIGNED = {"sign_start": 20, "sign_positive": " ", "sign_negative": "-"}
EXPORTS: list[tuple[type[MeterVendor], dict[str, Any]]] = [
    (Brunata, SIGNED),
    (Techem, SIGNED | {"encoding": "cp1252"}),
    (Ista, SIGNED),
    (OwnMeter, DELIMITED_EXPORT),
]
ids = {"ids": lambda value: getattr(value, "name", "")}


def _numbers(digits: int) -> st.SearchStrategy[str]:
    return st.integers(0, 10**digits - 1).map(str)


KEYS = {"company": _numbers(2), "property": _numbers(4), "unit": _numbers(4), "tenant": _numbers(3)}
AMOUNTS = st.integers(-(10**10) + 1, 10**10 - 1)
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
#: Letters of every encoding here; blanks around a text are not kept.
TEXTS = st.text("aÆØÅæøå -.,;\"'12", max_size=12).map(str.strip)


@pytest.mark.parametrize(("plugin", "result"), RESULTS, **ids)
@given(data=st.data())
def test_results_read_back_as_they_were_made(plugin, result, data) -> None:
    settings = instance_of(plugin, result=result).settings.result
    assert settings is not None
    made = data.draw(
        st.lists(
            st.builds(
                ConsumptionResult,
                **KEYS,
                record=st.just(0),
                amount=AMOUNTS,
                measure=st.just(settings.amounts),
                on_account=st.none() | st.integers(0, 10**10),
                charge_type=st.just("75040"),
                period_from=st.dates(date(1900, 1, 1), date(2000, 1, 1)),
                period_to=st.dates(date(2000, 1, 1), date(2199, 12, 31)),
                last_day=st.none(),
            ),
            min_size=1,
            max_size=4,
        )
    )
    content = b"".join(results.make(made, settings))
    found = list(results.read(io.BytesIO(content), settings))
    assert found == [one._replace(record=line) for line, one in enumerate(made, 1)]


@pytest.mark.parametrize(("plugin", "export"), EXPORTS, **ids)
@given(data=st.data())
def test_exports_read_back_as_they_were_made(plugin, export, data) -> None:
    settings = instance_of(plugin, export=export).settings.export
    assert settings is not None
    texts = dict.fromkeys(("name", "second_name", "new_address", "new_city"), TEXTS)
    days = dict.fromkeys(("move_in", "move_out"), st.none() | DAYS)
    one = st.fixed_dictionaries({**KEYS, **texts, **days, "amount": AMOUNTS}).map(lambda said: tenancy(1, **said))
    made: list[ConsumptionTenancy] = data.draw(st.lists(one, min_size=1, max_size=4))
    lines = list(exports.make(made, settings))
    form = settings.form()
    rows = [row for _, row in form.read(io.BytesIO(b"".join(lines)))]  # type: ignore[misc, arg-type]
    assert len(rows) == len(made)
    for row, told in zip(rows, made, strict=True):
        amount = row.amount * row.sign if "sign" in form.names else row.amount
        assert amount == told.amount
        for name in set(form.names) - {"amount", "sign", "vat"}:
            assert getattr(row, name) == getattr(told, name)


#: Broken in places: most of a right file, so that it is read beyond its first byte.
PIECES = st.sampled_from(
    [
        b"0001000012000304002  0000125050+",
        b"1;12;304;2;1250,50;01062024;31052025;",
        b"\r\n",
        b"\n",
        b'"',
        b";",
        b" ",
        b"-",
    ]
)


@pytest.mark.parametrize(("plugin", "result"), [*RESULTS, (OwnMeter, DELIMITED_RESULT | {"heading_lines": 1})], **ids)
@given(content=st.binary(max_size=200) | st.lists(PIECES | st.binary(max_size=4), max_size=12).map(b"".join))
def test_any_bytes_are_records_or_malformed(plugin, result, content) -> None:
    settings = instance_of(plugin, result=result).settings.result
    assert settings is not None
    assert isinstance(results.why_no_result(content, settings), str)
    try:
        found = list(results.read(io.BytesIO(content), settings))
    except Malformed:
        return
    assert found
    assert all(isinstance(one, ConsumptionResult | Remark) for one in found)
