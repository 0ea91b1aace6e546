"""What a bookkeeper does when today's files are taken in: by the command line, each step told with what came of it."""

from __future__ import annotations

import shlex
from typing import Any, NamedTuple

from demo.commands import Commands
from demo.files import Dropped
from demo.portfolio import Dates, tenancy

#: Exit status of what was refused.
_REFUSED = 1


class Step(NamedTuple):
    #: As a person would type it.
    command: str
    came_of_it: str


class Steps:
    """Commands one after the other, each with what came of it; ``found`` is their JSON by what the demo calls it."""

    def __init__(self, commands: Commands, dates: Dates) -> None:
        self._commands = commands
        self._dates = dates
        self.steps: list[Step] = []
        self.found: dict[str, Any] = {}

    def _do(self, name: str, *arguments: str, said: str) -> Any:
        done = self._run(name, *arguments)
        self._tell(said.format_map(done))
        return done

    def _refused(self, name: str, *arguments: str) -> None:
        what, _, _ = self._run(name, *arguments, statuses=(_REFUSED,))["error"].partition(". ")
        self._tell(f"refused: {what}")

    def _run(self, name: str, *arguments: str, statuses: tuple[int, ...] = (0,)) -> Any:
        self.found[name] = self._commands.run(*arguments, statuses=statuses)
        shown = [argument.removeprefix(f"{self._commands.site}/") for argument in arguments]
        self.steps.append(Step(f"hub {shlex.join(shown)}", ""))
        return self.found[name]

    def _tell(self, came_of_it: str) -> None:
        """Of the last command."""
        self.steps[-1] = self.steps[-1]._replace(came_of_it=came_of_it)


class Desk(Steps):
    """``found`` is in the shape of :data:`demo.expected.DESK`."""

    def __init__(self, commands: Commands, dates: Dates) -> None:
        super().__init__(commands, dates)
        self._today = dates.today.isoformat()
        #: The entry of the payment that was nobody's.
        self.payment = 0

    def work(self, test: Dropped) -> None:
        """Everything; the files of the day are booked."""
        self._match_a_payment()
        self._charge_a_deposit()
        self._credit_and_round()
        self._take_back_a_typing_error()
        self._take_back_a_file(test)

    def _match_a_payment(self) -> None:
        """Money of nobody: whose it may be, whose it is, and that what is left of it pays the next charge."""
        suggested = self._run("suggestions", "suggest")["payments"]
        self._tell("; ".join(map(_suggestion, suggested)))
        self.payment = suggested[-1]["payment"]
        self._do("match", "match", str(self.payment), "1-1-9-1", said="{amount} is the money of {tenancy}")
        self._do(
            "charge paid by credit",
            *("charges", "add", "1-1-9-1", "--line", "20020=250.00", "--due", self._today),
            said="{amount} demanded, {remaining} left to pay: credit has paid it at once",
        )
        explained = self._run("explanation", "explain", str(self.payment))
        source = explained["source"]
        place = f"line {source['record']}: {source['byte_length']} bytes from byte {source['byte_offset']}"
        self._tell(f"{' '.join(explained['sentences'])} From {source['file']}, {place}.")

    def _charge_a_deposit(self) -> None:
        """A holding is filled as far as its charge is paid, and gives no more than it has (R23)."""
        shop = "1-2-14-1"
        self._do(
            "charge with a deposit",
            *("charges", "add", shop, "--line", "20010=1250.00", "--line", "10090=3750.00", "--due", self._today),
            *("--reference", "DEPOSITUM"),
            said="{amount} demanded: parking with 25 % VAT, and a deposit",
        )
        self._do(
            "payment of a part",
            *("pay", shop, "4000.00", "--reference", "DEPOSITUM"),
            said="{amount} has come, and is shared over both lines",
        )
        self._refused("payout above the holding", "payout", shop, "3500.00", "--from", "deposit")

    def _credit_and_round(self) -> None:
        reference = tenancy(1, 3).reference("H", self._dates.rent_due)
        self._do(
            "credit note",
            *("charges", "credit", "1-1-3-1", reference, "--amount", "500.00"),
            said="{amount} of {credits} credited, {remaining} left to pay",
        )
        self._do(
            "small difference", "pay", "1-2-3-1", "4199.50", said="{amount} has come; the 0.50 missing is written off"
        )

    def _take_back_a_typing_error(self) -> None:
        """Once; nothing is edited."""
        typed = self._do("typing error", "pay", "1-1-2-1", "695.00", said="{amount} booked, which was another amount")
        wrong = ("reverse", str(typed["entry"]), "--reason", "wrong_amount")
        self._do("reversal", *wrong, said="{amount} on {tenancy}: entry {reverses} is taken back")
        self._refused("second reversal", *wrong)

    def _take_back_a_file(self, test: Dropped) -> None:
        path = self._commands.site / test.name
        path.write_bytes(test.content)
        (booked,) = self._run("test file", "ingest", str(path))["files"]
        self.found["test file"] = booked
        self._tell(f"{booked['state']}: {booked['records']['booked']} payments, {booked['amount']}")
        self._do(
            "test file reversed",
            *("files", "reverse", str(booked["id"]), "--reason", "test_file"),
            said="{state}: {entries} entries are taken back, and the copies of it are set aside",
        )


def _suggestion(one: Any) -> str:
    whose = " or ".join(candidate["tenancy"] for candidate in one["candidates"]) or "nobody we could name"
    return f"{one['amount']}: {whose}"
