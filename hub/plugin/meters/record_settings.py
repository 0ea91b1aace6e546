"""What results and exports have in common: settings that place each part of a record, from the vendor's table.

For every part there are, in a fixed layout, ``NAME_start`` and ``NAME_length`` (1-based, bytes; start 0 = not in the
file), in a delimited one ``NAME_column`` (1-based; 0 = not in the file). Which of the two layouts it is, ``delimiter``
says: the defaults of the sheet are positions and so never those of columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from hub.plugin.hookspecs import FieldPlace, NumberLength
from hub.plugin.layout import ENCODINGS, Amount, Choice, Day, Key, Layout, LayoutError, Text, day_format
from hub.plugin.layout import Field as LayoutField
from hub.plugin.meters.forms import DelimitedForm, FixedForm, Form
from hub.plugin.meters.parts import DecimalAmount, OrBlank, Part, sign_codes
from hub.plugin.meters.sheet import Item, SheetSettings, setting

POSITION_MAX = 4_096
COLUMN_MAX = 200
#: Bytes of a field, by the kind of its part.
LENGTHS_MAX: Mapping[str, int] = {"key": 50, "amount": 18, "text": 200, "code": 20, "constant": 50}
_DATE_LENGTH_MAX = 8

Start = Annotated[int, Field(ge=1, le=POSITION_MAX)]
StartOrNone = Annotated[int, Field(ge=0, le=POSITION_MAX)]
Column = Annotated[int, Field(ge=1, le=COLUMN_MAX)]
ColumnOrNone = Annotated[int, Field(ge=0, le=COLUMN_MAX)]
OneCharacter = Annotated[str, Field(min_length=1, max_length=1)]
CharacterOrNone = Annotated[str, Field(max_length=1)]


class RecordSettings(SheetSettings):
    """One kind of record. Where its parts stand, the subclasses that :class:`Section` makes say."""

    #: The settings table, and the title of the layout.
    table: ClassVar[str]
    parts: ClassVar[tuple[Part, ...]]

    #: Decimals of the amounts: no default, ask the vendor (R25).
    implied_decimals: int = Field(ge=0, le=4)
    #: Of all dates in the file; the sheet writes DDMMÅÅ, DDMMÅÅÅÅ, ÅÅMMDD or ÅÅÅÅMMDD.
    date_format: str | None = None
    #: The sheet names no encoding; this default is the hub's own.
    encoding: str = "iso8859-1"

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        if value is not None:
            day_format(value)
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        if value not in ENCODINGS:
            raise ValueError(f"allowed are {', '.join(ENCODINGS)}")
        return value

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if missing := [self.named(key) for key in self._missing()]:
            raise ValueError(f"half filled in, it lacks {', '.join(missing)}")
        if problems := list(self._impossible()):
            raise ValueError("; ".join(problems))
        try:
            self.form()
        except LayoutError as error:
            raise ValueError("; ".join(map(self._with_items, error.problems))) from None
        return self

    def form(self) -> Form:
        """How a record stands in a line. Raises LayoutError naming the fields that overlap or cannot be."""
        raise NotImplementedError

    def stands_at(self, part: Part) -> int:
        """Start or column of a part; 0 = not in the file."""
        raise NotImplementedError

    def signs(self) -> tuple[str, str] | None:
        """The characters of a positive and a negative amount; None = amounts have no sign."""
        raise NotImplementedError

    def placed(self) -> Iterator[Part]:
        """The parts that are in the file."""
        return (part for part in self.parts if self.stands_at(part))

    @classmethod
    def place_keys(cls, part: Part) -> tuple[str, ...]:
        """The settings that place a part, the first of them says where it starts."""
        raise NotImplementedError

    def places(self) -> tuple[FieldPlace, ...]:
        """Where every field stands, by place, with the setting that says so."""
        form = self.form()
        return _sorted(self._field_place(part, *form.place(part.name)) for part in self.placed())

    @classmethod
    def places_of(cls, given: Mapping[str, Any]) -> tuple[FieldPlace, ...]:
        """As :meth:`places`, by a table that is refused: of each part that it, or the sheet, gives a possible place."""
        raise NotImplementedError

    @classmethod
    def _field_place(cls, part: Part, first: int, last: int) -> FieldPlace:
        start, *length = (f"{cls.table}.{key}" for key in cls.place_keys(part))
        return FieldPlace(
            cls.table,
            part.name,
            first,
            last,
            key=start,
            length_key="".join(length),
            item=cls._items(part),
            is_column=issubclass(cls, DelimitedRecord),
        )

    @classmethod
    def _items(cls, part: Part) -> str:
        """The sheet's numbers of what places a part: ``12.05-12.06``."""
        numbers = (cls.item(key).partition(",")[0] for key in cls.place_keys(part))
        return "-".join(dict.fromkeys(filter(None, numbers)))

    @classmethod
    def _count(cls, given: Mapping[str, Any], key: str) -> int:
        """A number that is given or the sheet's; 0 where it is none that a file can have."""
        field = cls.model_fields.get(key)
        value = given.get(key, field.default if field else None)
        return value if type(value) is int and 0 < value <= POSITION_MAX else 0

    def _missing(self) -> Iterator[str]:
        """Settings without which those that are given make no sense."""
        if self.date_format is None and any(part.kind == "day" for part in self.placed()):
            yield "date_format"

    def _impossible(self) -> Iterator[str]:
        signs = self.signs()
        if signs is None:
            return
        if signs[0] == signs[1]:
            yield f"{self._signs_named()} must be two characters"
        try:
            sign_codes(signs, self.encoding)
        except UnicodeEncodeError:
            yield f"field 'sign' has a character that {self.encoding} cannot write"

    def _signs_named(self) -> str:
        raise NotImplementedError

    def _field(self, part: Part, size: int) -> LayoutField:
        """The type that reads and writes a part; ``size`` in bytes, not used where it follows from the kind."""
        if part.kind == "key":
            return Key(size, self.encoding)
        if part.kind == "amount":
            return OrBlank(Amount(size, self.implied_decimals)) if part.blank else Amount(size, self.implied_decimals)
        if part.kind == "sign":
            return Choice(sign_codes(self.signs() or ("", ""), self.encoding))
        if part.kind == "day":
            day = Day(day_format(self.date_format or ""))
            return OrBlank(day) if part.blank else day
        return Text(size, self.encoding)

    def _with_items(self, problem: str) -> str:
        for part in self.parts:
            if items := self._items(part):
                problem = problem.replace(f"field {part.name!r}", f"field {part.name!r} of sheet item {items}")
        return problem


class FixedRecord(RecordSettings):
    """Fields at byte positions."""

    #: Bytes of a record; default: up to the last position that a field takes.
    record_length: int | None = Field(None, ge=1, le=POSITION_MAX)

    def form(self) -> FixedForm:
        fields = {
            part.name: (self.stands_at(part), self._field(part, self.length_of(part) or 0)) for part in self.placed()
        }
        last = max(start + field.size - 1 for start, field in fields.values())
        return FixedForm(Layout.at(self.table, self.record_length or last, fields), self.encoding)

    def stands_at(self, part: Part) -> int:
        start: int = getattr(self, f"{part.name}_start")
        return start

    def length_of(self, part: Part) -> int | None:
        """The length that is set for a part; None = none is."""
        length: int | None = getattr(self, f"{part.name}_length", None)
        return length

    @classmethod
    def place_keys(cls, part: Part) -> tuple[str, ...]:
        return tuple(key for end in ("start", "length") if (key := f"{part.name}_{end}") in cls.model_fields)

    @classmethod
    def places_of(cls, given: Mapping[str, Any]) -> tuple[FieldPlace, ...]:
        return _sorted(
            cls._field_place(part, start, start + length - 1)
            for part in cls.parts
            if (start := cls._count(given, f"{part.name}_start")) and (length := cls._length_by(given, part))
        )

    @classmethod
    def _length_by(cls, given: Mapping[str, Any], part: Part) -> int:
        if part.kind == "sign":
            return 1
        if part.kind != "day":
            return cls._count(given, f"{part.name}_length")
        date_format = given.get("date_format", cls.model_fields["date_format"].default)
        return len(date_format) if isinstance(date_format, str) else 0

    def number_lengths(self) -> Iterator[NumberLength]:
        """The room that a record has for each number of a tenancy (R34)."""
        for name in ("company", "property", "unit", "tenant"):
            key = f"{name}_length"
            yield NumberLength(name, getattr(self, key), f"{self.table}.{key}")

    def _missing(self) -> Iterator[str]:
        yield from super()._missing()
        for part in self.placed():
            if part.has_length and self.length_of(part) is None:
                yield f"{part.name}_length"

    def _impossible(self) -> Iterator[str]:
        yield from super()._impossible()
        for part in self.placed():
            given = self.length_of(part)
            if part.kind == "day" and self.date_format and given not in (None, len(day_format(self.date_format))):
                named, date_format = self.named(f"{part.name}_length"), self.named("date_format")
                yield f"{named} is {given}, but dates written {self.date_format}, {date_format}, are not so long"


class DelimitedRecord(RecordSettings):
    """Columns between delimiters (R33). Lengths do not count."""

    delimiter: OneCharacter = Field(pattern=r"^[,;|\t]$")
    #: "" = the decimals of amounts are implied.
    decimal_mark: str = Field("", pattern=r"^[,.]?$")

    def form(self) -> DelimitedForm:
        columns = {part.name: (self.stands_at(part), self._cell(part)) for part in self.placed()}
        if problems := [
            f"field {part.name!r} {problem}" for part in self.placed() for problem in columns[part.name][1].problems()
        ]:
            raise LayoutError(self.table, problems)
        return DelimitedForm(self.table, columns, self.delimiter, self._heading_lines())

    def stands_at(self, part: Part) -> int:
        column: int = getattr(self, f"{part.name}_column")
        return column

    @classmethod
    def place_keys(cls, part: Part) -> tuple[str, ...]:
        return (f"{part.name}_column",)

    @classmethod
    def places_of(cls, given: Mapping[str, Any]) -> tuple[FieldPlace, ...]:
        columns = ((part, cls._count(given, f"{part.name}_column")) for part in cls.parts)
        return _sorted(cls._field_place(part, column, column) for part, column in columns if column)

    def number_lengths(self) -> Iterator[NumberLength]:
        """None: a column is as wide as what stands in it."""
        return iter(())

    def _heading_lines(self) -> int:
        return 0

    def _cell(self, part: Part) -> LayoutField:
        if part.kind == "key":
            return Key(LENGTHS_MAX["key"], self.encoding, fill="blanks")
        if part.kind != "amount":
            return self._field(part, LENGTHS_MAX.get(part.kind, 1))
        has_sign_column = any(other.kind == "sign" for other in self.placed())
        amount = DecimalAmount(
            self.implied_decimals, self.decimal_mark, None if has_sign_column or part.blank else self.signs()
        )
        return OrBlank(amount) if part.blank else amount

    def _impossible(self) -> Iterator[str]:
        yield from super()._impossible()
        placed = list(self.placed())
        for column in sorted({self.stands_at(part) for part in placed}):
            sharing = [self.named(self.place_keys(part)[0]) for part in placed if self.stands_at(part) == column]
            if len(sharing) > 1:
                yield f"column {column} is given to {' and '.join(sharing)}"
        if self.decimal_mark and self.decimal_mark == self.delimiter:
            yield "decimal_mark and delimiter must be two characters"
        has_sign_column = any(part.kind == "sign" for part in placed)
        for sign in self.signs() or ():
            if has_sign_column:
                if not sign:
                    yield f"{self._signs_named()} must be a character each where they have a column"
            elif sign and (
                not sign.isascii() or sign.isalnum() or sign in (" ", self.delimiter, self.decimal_mark, '"')
            ):
                yield f"{sign!r} cannot be a sign in front of an amount"


def _sorted(places: Iterable[FieldPlace]) -> tuple[FieldPlace, ...]:
    return tuple(sorted(places, key=lambda place: (place.first, place.last)))


_F = TypeVar("_F", bound=FixedRecord)
_D = TypeVar("_D", bound=DelimitedRecord)


class Section(NamedTuple, Generic[_F, _D]):
    """A section of the sheet as settings: one model for each layout that a file may have."""

    fixed: type[_F]
    delimited: type[_D]

    def settings_of(self, given: Mapping[str, Any]) -> _F | _D:
        """Judges a table of a config file. Raises ValidationError."""
        return self._model(given).model_validate(given)

    def places_of(self, given: Mapping[str, Any]) -> tuple[FieldPlace, ...]:
        """Where the fields would stand by a table that is refused; never raises."""
        return self._model(given).places_of(given)

    def _model(self, given: Mapping[str, Any]) -> type[_F] | type[_D]:
        return self.delimited if "delimiter" in given else self.fixed


def place_fields(parts: tuple[Part, ...], items: Mapping[str, Item], *, delimited: bool) -> dict[str, tuple[Any, Any]]:
    """The settings that place these parts: annotation and default each, by name."""
    fields: dict[str, tuple[Any, Any]] = {}
    for part in parts:
        start, length = items.get(f"{part.name}_start", _NOT_ASKED), items.get(f"{part.name}_length")
        if delimited:
            fields[f"{part.name}_column"] = _column(part, start)
            continue
        fields[f"{part.name}_start"] = _start(part, start)
        if length is not None or part.has_length:
            fields[f"{part.name}_length"] = _length(part, length or length_not_asked(start))
    return fields


_NOT_ASKED = Item("", None)


def length_not_asked(start: Item, value: int | None = None) -> Item:
    """The length of a field that has a start in the sheet, and no length."""
    return Item(f"{start.number}, its length: not in the sheet" if start.number else "", value)


def _column(part: Part, item: Item) -> tuple[Any, Any]:
    if part.needed and part.kind != "sign":
        return Column, setting(item.number)
    return ColumnOrNone, setting(item.number, 0)


def _start(part: Part, item: Item) -> tuple[Any, Any]:
    return (Start, item.setting(...)) if part.needed else (StartOrNone, item.setting(0))


def _length(part: Part, item: Item) -> tuple[Any, Any]:
    length = Annotated[int, Field(ge=1, le=LENGTHS_MAX.get(part.kind, _DATE_LENGTH_MAX))]
    return (length, item.setting(...)) if part.needed else (length | None, item.setting(None))
