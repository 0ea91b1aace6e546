"""Which line of a TOML file a value stands on."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from hub.settings import Secret
from hub.vendors.keys import flatten, key_lines, line_of

TOML = '''\
a = 1
b.c = 2            # dotted
"d e" = """
f = 3
[g]
"""
h = { i = 1, j.k = [1, 2] }
l = [
  { m = 1 },
  { m = 2 },   # ]
]
[n."o.p"]
q = "# no = comment"

[[r]]
s = 1
[[r]]
s = 2
[t]
'''


def test_every_form_of_key_has_the_line_on_which_its_statement_begins() -> None:
    assert key_lines(TOML) == {
        "a": 1,
        "b.c": 2,
        "d e": 3,
        "h.i": 7,
        "h.j.k": 7,
        "l.0.m": 8,
        "l.1.m": 8,
        "n.o.p.q": 13,
        "r.0.s": 16,
        "r.1.s": 18,
    }


def test_line_ends_of_windows_count_the_same() -> None:
    assert key_lines(TOML.replace("\n", "\r\n")) == key_lines(TOML)


def test_a_value_made_from_another_comes_from_its_line() -> None:
    lines = {"settings.period.from": 4, "settings.period.to": 5, "settings.fields": 7}
    assert line_of("settings.period", lines) == 4
    assert line_of("settings.fields.0.name", lines) == 7
    assert line_of("settings.sign", lines) is None
    assert line_of("settings.fieldset", lines) is None


def test_of_a_secret_that_is_kept_elsewhere_it_is_told_where() -> None:
    class Login(BaseModel):
        password: Secret | None = None
        passphrase: Secret | None = None
        token: str | None = None

    login = Login(password=Secret(env="SFTP_PASSWORD"), passphrase=Secret(file=Path("secrets/passphrase")))
    told = {row.key: row.value for row in flatten(login)}
    assert told == {"password": "env SFTP_PASSWORD", "passphrase": "file secrets/passphrase", "token": None}
    assert {row.key: row.value for row in flatten(Login(token="hunter2"))}["token"] == "(hidden)"
