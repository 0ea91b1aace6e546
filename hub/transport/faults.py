"""What can go wrong with the far side, told apart by what may be done next."""

from __future__ import annotations

from hub.errors import HubError


class TransportFault(HubError):
    """Something did not go through. Never raised itself: which of the three it is decides what happens next."""


class PassingFault(TransportFault):
    """It may go through later: no connection, no answer, busy, full. Nothing was handed over; trying again is safe."""


class LastingFault(TransportFault):
    """It will not go through until a person mends something: another host key, refused login, no right, bad address."""


class UnsureFault(TransportFault):
    """The far side may have it all the same: the connection ended between our last byte and its answer."""
