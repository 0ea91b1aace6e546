"""Who the plug-in is, which files it claims, and what its config may say."""

from __future__ import annotations

import io
from importlib.metadata import entry_points

import pytest
from pydantic import ValidationError

from hub.plugin import ENTRY_POINT_GROUP, Malformed, Mine, NotMine
from hub_nets_bs import Plugin
from hub_nets_bs.delivery import Delivery
from hub_nets_bs.settings import BetalingsserviceSettings

NO_DELIVERY = "it does not begin with BS002, the start of a Betalingsservice delivery"
DELIVERY_0601 = "BS00287654321BS106011234567890" + " " * 19 + "301225"


def test_the_entry_point_names_the_plugin():
    (found,) = entry_points(group=ENTRY_POINT_GROUP, name=Plugin.name)
    assert found.load() is Plugin


def test_a_delivery_is_claimed_by_its_content_whatever_its_name(plugin, view, bs):
    content = "\r\n".join(bs.lines(("0211", [bs.automatic()]))).encode("latin-1")
    for name in ("D0000001.BS1", "betalinger.txt", "x"):
        assert plugin().identify(view(content, name)) == Mine("0602")
    enveloped = b"PBCNET30BS1 25123001  \x9f\x9f\x9f\r\nPBCNET00BS1\r\n" + content
    assert plugin().identify(view(enveloped)) == Mine("0602")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (DELIVERY_0601.encode(), "Betalingsservice delivery 0601, which goes to Betalingsservice and never comes back"),
        (DELIVERY_0601.replace("0601", "0686").encode(), "Betalingsservice delivery 0686, which this version does not"),
        (b"%PDF-1.7\n", "it does not begin with BS002, the start of a Betalingsservice delivery"),
        (b"PBCNET50BS1 25123001+XX00\r\n", "it does not begin with BS002"),
        (b"PBCNET40OS1 25123001", "a file of Overf\xf8rselsservice (OS1), which is not Betalingsservice"),
        (b"OS121PBS-OVERF\xd8RSEL", "a file of Overf\xf8rselsservice (OS1), which is not Betalingsservice"),
        ("\ufeffhello".encode("utf-16-le"), f"{NO_DELIVERY}, but with a UTF-16 byte order mark"),
        (b"\xef\xbb\xbfhello", f"{NO_DELIVERY}, but with a UTF-8 byte order mark"),
        (b"\0" * 200, "it does not begin with BS002"),
    ],
)
def test_what_is_not_a_0602_is_left_to_others_with_a_reason(plugin, view, content, why):
    answer = plugin().identify(view(content))
    assert isinstance(answer, NotMine)
    assert answer.why.startswith(why)


@pytest.mark.parametrize(
    ("before", "encoding", "place", "mark"),
    [
        ("\ufeff", "utf-8", "line 1, positions 1-3", "UTF-8"),
        ("\ufeff", "utf-16-le", "line 1, positions 1-2", "UTF-16"),
        ("\ufeff", "utf-16-be", "line 1, positions 1-2", "UTF-16"),
        ("\ufeffPBCNET30BS1 25123001\r\n", "utf-16-le", "line 1, positions 1-2", "UTF-16"),
        ("\ufeffPBCNET30BS1 25123001\r\n", "utf-8", "line 1, positions 1-3", "UTF-8"),
        ("PBCNET30BS1 25123001\r\n\ufeff", "utf-8", "line 2, positions 1-3", "UTF-8"),
    ],
)
def test_a_byte_order_mark_is_claimed_so_that_the_refusal_can_name_it(plugin, view, bs, before, encoding, place, mark):
    file = view((before + "\r\n".join(bs.lines())).encode(encoding))
    assert plugin(creditors=["01234567"]).identify(file) == Mine("0602")
    with pytest.raises(Malformed, match=f"{place}: .*found a {mark} byte order mark, expected "):
        list(plugin().read(file, "0602"))


def test_creditors_tell_instances_apart(plugin, view, bs):
    mine = plugin(creditors=["01234567", "07654321"])
    others = plugin(creditors=["09999999"])
    file = view("\n".join(bs.lines(("0211", [bs.automatic()]))).encode("latin-1"))
    assert mine.identify(file) == Mine("0602")
    assert others.identify(file) == NotMine("a delivery of creditor 01234567")
    both = [f"betalingsservice/{kind}/{one}" for kind in ("0602", "0603", "0621") for one in ("01234567", "07654321")]
    assert mine.describe().telltales == (*both, "betalingsservice/receipts")
    # R1: an instance that reads any creditor's deliveries covers those that read one's.
    any_creditor = tuple(f"betalingsservice/{kind}" for kind in ("0602", "0603", "0621"))
    assert plugin(receipts=False).describe().telltales == any_creditor


@pytest.mark.parametrize(
    "settings",
    [
        {"creditors": ["1234567"]},
        {"creditors": ["0123456X"]},
        {"creditors": ["٠١٢٣٤٥٦٧"]},
        {"chargebacks_in_total": "ignored"},
        {"encoding": "utf-8"},
        {"cancellation_date": "none"},
        {"creditor": "01234567"},
    ],
)
def test_settings_that_cannot_be(settings):
    with pytest.raises(ValidationError):
        BetalingsserviceSettings.model_validate(settings)


def test_reading_takes_no_more_of_a_file_than_it_needs(bs):
    lines = bs.lines(("0211", [bs.automatic()] * 30_000))
    stream = io.BytesIO("\r\n".join(lines).encode("latin-1"))
    rows = Delivery(stream, BetalingsserviceSettings()).rows()
    assert next(rows)[0] == 3
    assert stream.tell() <= 1 << 20
    assert sum(1 for _ in rows) == 29_999
