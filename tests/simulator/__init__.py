"""Betalingsservice as its own side would be: takes a 0601, and answers with what became of it.

Written from the document of formats alone. It knows nothing of the hub and of its plug-ins: a mistake that both sides
made alike would be found by nobody.
"""

from tests.simulator.provider import Answers, Betalingsservice, Deed
from tests.simulator.taking import Demand, RefusedError, Taken, take

__all__ = ["Answers", "Betalingsservice", "Deed", "Demand", "RefusedError", "Taken", "take"]
