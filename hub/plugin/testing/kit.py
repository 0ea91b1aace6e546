"""What every plug-in must be able to do, as tests: a subclass says which plug-in, and where its samples are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.errors import HubError
from hub.plugin.hookspecs import Mine
from hub.plugin.records import Kept, Record, Remark
from hub.plugin.setting_keys import keys_of
from hub.plugin.testing import golden
from hub.plugin.testing.strangers import STRANGERS
from hub.plugin.testing.subject import Subject, within
from hub.plugin.testing.texts import as_data
from hub.plugin.vendor import API_VERSION, Vendor

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class PluginTests:
    """Subclass it as ``TestAcme`` in a file that pytest collects. Needs the extra ``bolighub[testing]``."""

    plugin: ClassVar[type[Vendor]]
    #: Folder of ``settings.toml`` and the golden files: see :mod:`hub.plugin.testing.golden`.
    golden: ClassVar[Path]
    #: The documents that name every setting, in backticks, as a config file has it below ``[settings]``.
    docs: ClassVar[Sequence[Path]]
    #: Files that are not its own, by name.
    strangers: ClassVar[Mapping[str, bytes]] = STRANGERS
    #: Those of them that it takes by their name, where the content cannot tell (R1).
    claimed: ClassVar[Collection[str]] = ()
    #: The kinds that it both makes and reads, and the ``head`` that each needs.
    makes: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    #: Kinds of which no sample can be had.
    without_sample: ClassVar[Collection[str]] = ()
    #: For one answer over one small file.
    seconds_max: ClassVar[float] = 10.0
    #: Of broken files, each way.
    examples: ClassVar[int] = 60

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each golden file."""
        if "sample" in metafunc.fixturenames:
            metafunc.parametrize("sample", list(golden.samples(self.golden)))
        if "order" in metafunc.fixturenames:
            metafunc.parametrize("order", golden.orders(self.golden), ids=lambda order: str(order.name))

    @cached_property
    def samples(self) -> Mapping[str, bytes]:
        return golden.samples(self.golden)

    @cached_property
    def subject(self) -> Subject:
        return Subject(self.plugin, self.golden)

    def test_it_says_who_it_is(self) -> None:
        """describe() gives a summary and telltales, and names settings that exist."""
        said = self.subject.describe()
        keys = {key.key for key in keys_of(self.plugin.settings_model)}
        assert _NAME.fullmatch(self.plugin.name), f"{self.plugin.name!r} is no name for config files"
        assert self.plugin.api[0] == API_VERSION[0], f"written for version {self.plugin.api} of the API"
        assert said.summary.strip(), "an empty summary"
        assert all(map(str.isprintable, said.summary)), "a summary that no screen can show"
        assert said.telltales, "no telltales: two instances at one door could not be told apart (R1)"
        for telltale in said.telltales:
            assert all(telltale.split("/")), f"{telltale!r} has an empty part"
        for length in said.number_lengths:
            assert length.key in keys, f"the length of {length.part} is by {length.key!r}, which is no setting"
        for place in said.places:
            assert place.kind in self.plugin.kinds, f"{place.field} is of {place.kind!r}, which is no kind"
            assert not place.key or place.key in keys, f"{place.field} is by {place.key!r}, which is no setting"
            assert 1 <= place.first <= place.last, f"{place.field} stands at {place.first}-{place.last}"

    def test_every_kind_has_a_golden_file(self) -> None:
        read = {self.subject.answer(name, content).get("kind") for name, content in self.samples.items()}
        made = set(map(golden.order_kind, golden.orders(self.golden)))
        missing = self.plugin.kinds.keys() - read - made - set(self.without_sample)
        assert not missing, f"no golden file of kind {', '.join(sorted(missing))}"

    def test_its_own_it_confirms(self, sample: str) -> None:
        """identify() says yes to every golden file, a broken one too."""
        said = self.subject.identify(sample, self.samples[sample])
        assert isinstance(said, Mine), f"{sample} is {said}"

    def test_strangers_it_refuses(self) -> None:
        """identify() says no to whatever its content tells apart, and yes to what is ``claimed`` alone."""
        taken = {name for name, content in self.strangers.items() if isinstance(self._said(name, content), Mine)}
        assert taken == set(self.claimed), f"takes {sorted(taken)}, and says that it claims {sorted(self.claimed)}"

    def test_it_answers_as_in_the_golden_file(self, sample: str) -> None:
        """read() gives these records, or whose() this document, or the file is malformed in these words."""
        expected = golden.answer_of(sample, self.golden)
        assert expected is not None, f"{sample} has no answer: make it with generate, and look at it"
        assert _plain(self.subject.answer(sample, self.samples[sample])) == expected

    def test_it_answers_the_same_twice(self, sample: str) -> None:
        """The hub reads once to check, and once to book."""
        content = self.samples[sample]
        first = self.subject.answer(sample, content)
        assert self.subject.answer(sample, content) == first, "otherwise when asked again"
        assert Subject(self.plugin, self.golden).answer(sample, content) == first, "otherwise when started anew"

    def test_it_makes_as_in_the_golden_file(self, order: Path) -> None:
        """make() gives these bytes."""
        expected = golden.made_of(order)
        assert expected.exists(), f"{expected.name} is missing: make it with generate, and look at it"
        made = golden.make(self.subject, order)
        assert made == expected.read_bytes(), golden.first_difference(expected.read_bytes(), made)

    def test_what_it_makes_reads_back(self) -> None:
        """make() of the records of each golden file gives one of which read() says the same."""
        for kind, head in self.makes.items():
            files = [(name, read) for name in self.samples if (read := self._read(name, kind))]
            assert files, f"no golden file of kind {kind!r} with records: nothing to make"
            for name, records in files:
                made = self.subject.make(kind, [one for one in records if not isinstance(one, Remark | Kept)], head)
                assert _said_by(self.subject.read(name, made, kind)) == _said_by(records), name

    def test_what_cannot_be_made_is_refused(self) -> None:
        """make() raises a HubError for a record that no file of its can carry, and never leaves it out."""
        if not self.subject.has("make"):
            assert not self.makes
            return
        for kind in self.plugin.kinds:
            with pytest.raises(HubError):
                self.subject.make(kind, [Kept(1, "none", "nobody's record")], self.makes.get(kind, {}))

    def test_it_shows_every_line(self, sample: str) -> None:
        """show() leaves out no line of a golden file."""
        if not self.subject.has("show"):
            return
        content = self.samples[sample]
        shown = {field.record for field in self.subject.show(sample, content)}
        lines = content.removesuffix(b"\n").count(b"\n") + 1 if self._read_by_line(sample) else 0
        assert shown >= set(range(1, lines + 1)), f"shows lines {sorted(shown)} of {lines}"

    def test_it_survives_any_bytes(self) -> None:
        """Records or Malformed, and nothing else, whatever stands in a file under one of its names."""
        from hypothesis import given, settings
        from hypothesis import strategies as st

        @settings(max_examples=self.examples, deadline=None, derandomize=True, database=None)
        @given(st.sampled_from(list(self.samples)), st.binary(max_size=2_000))
        def survives(name: str, content: bytes) -> None:
            self._ask_everything(name, content)

        survives()

    def test_it_survives_broken_files(self) -> None:
        """The same of its golden files with some bytes left out, put in or changed."""
        from hypothesis import given, settings
        from hypothesis import strategies as st

        edits = st.tuples(st.integers(0, 100_000), st.integers(0, 60), st.binary(max_size=8))

        @settings(max_examples=self.examples, deadline=None, derandomize=True, database=None)
        @given(st.sampled_from(list(self.samples)), st.lists(edits, min_size=1, max_size=4))
        def survives(name: str, changes: list[tuple[int, int, bytes]]) -> None:
            content = self.samples[name]
            for place, dropped, put in changes:
                at = place % (len(content) + 1)
                content = content[:at] + put + content[at + dropped :]
            self._ask_everything(name, content)

        survives()

    def test_every_setting_is_documented(self) -> None:
        told = "\n".join(document.read_text(encoding="utf-8") for document in self.docs)
        keys = [key.key for key in keys_of(self.plugin.settings_model)]
        missing = [key for key in keys if f"`{key}`" not in told and f"`settings.{key}`" not in told]
        assert not missing, f"not in the documents: {', '.join(missing)}"

    def _said(self, name: str, content: bytes) -> object:
        with within(self.seconds_max, name, content):
            return self.subject.identify(name, content)

    def _ask_everything(self, name: str, content: bytes) -> None:
        with within(self.seconds_max, name, content):
            self.subject.answer(name, content)
        if self.subject.has("show"):
            with within(self.seconds_max, name, content):
                self.subject.show(name, content)

    def _read(self, name: str, kind: str) -> list[Record]:
        """The records of a sample of this kind; none where it is of another, or broken."""
        answer = self.subject.answer(name, self.samples[name])
        if answer["kind"] != kind or "records" not in answer:
            return []
        return self.subject.read(name, self.samples[name], kind)

    def _read_by_line(self, name: str) -> bool:
        return not self.plugin.kinds[self.subject.answer(name, self.samples[name])["kind"]].document


def _plain(answer: dict[str, Any]) -> Any:
    """As a golden file has it: lists for tuples."""
    return {
        key: [{name: _listed(value) for name, value in record.items()} for record in said] if key == "records" else said
        for key, said in answer.items()
    }


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _said_by(records: Collection[Record]) -> list[dict[str, Any]]:
    """What is booked of them, in order: the lines that it stands on may be others."""
    return [
        {name: value for name, value in as_data(record).items() if name != "record"}
        for record in records
        if not isinstance(record, Remark | Kept)
    ]
