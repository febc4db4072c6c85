"""What one socket may have of the loop: nobody waits who asks now and then."""

import asyncio

import pytest

from dgm.gateway.ration import RESERVE_S, SHARE, Ration, Rationed


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Transport:
    """Notes whether it is read."""

    is_read = True

    def pause_reading(self):
        self.is_read = False

    def resume_reading(self):
        self.is_read = True

    def get_extra_info(self, name):
        return f"about {name}"


class Protocol(asyncio.Protocol):
    """Takes so many seconds of the clock for every piece."""

    def __init__(self, clock, seconds, ration):
        self.clock, self.seconds, self.ration, self.heard = clock, seconds, ration, []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.heard.append(data)
        with self.ration.counting():
            self.clock.now += self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ration(clock):
    return Ration(clock)


class TestRation:
    def test_reserve_is_free_and_debts_are_waited_for_by_the_share(self, ration):
        ration.spend(RESERVE_S / 2 + 0.005)
        assert ration.pause_s == 0
        ration.spend(RESERVE_S / 2 + 0.005)
        assert ration.pause_s == pytest.approx(0.01 / SHARE)

    def test_what_is_not_used_is_not_saved_up(self, ration, clock):
        ration.spend(RESERVE_S)
        clock.now += 3600
        ration.spend(RESERVE_S + 0.01)
        assert ration.pause_s == pytest.approx(0.01 / SHARE)

    def test_nobody_pays_for_a_machine_that_stood_still(self, ration, clock):
        with ration.counting():
            clock.now += 3600
        assert ration.pause_s == pytest.approx(1)

    def test_share_holds_for_ever(self, ration, clock):
        used = 0.0
        while clock.now < 100:
            ration.spend(0.001)
            used += 0.001
            clock.now += 0.001 + ration.pause_s
        assert used / clock.now == pytest.approx(SHARE, rel=0.01)


class TestRationed:
    def connected(self, clock, seconds):
        ration, transport = Ration(clock), Transport()
        inner = Protocol(clock, seconds, ration)
        rationed = Rationed(inner, ration)
        rationed.connection_made(transport)
        return inner, transport, lambda piece: self.send(rationed, piece)

    def send(self, rationed, piece):
        buffer = rationed.get_buffer(-1)
        buffer[: len(piece)] = piece
        rationed.buffer_updated(len(piece))

    def test_pieces_come_as_they_were_sent(self, clock):
        async def scenario():
            inner, _, send = self.connected(clock, 0.0)
            send(b"one piece")
            send(b"two")
            assert inner.heard == [b"one piece", b"two"]
            assert inner.transport.get_extra_info("socket") == "about socket"

        asyncio.run(scenario())

    def test_reading_stops_where_the_ration_is_spent_and_goes_on(self, clock):
        async def scenario():
            _, transport, send = self.connected(clock, RESERVE_S + 0.004)
            send(b"x")
            assert not transport.is_read
            await asyncio.sleep(0.05)  # the debt of 4 ms is paid in 10
            assert transport.is_read

        asyncio.run(scenario())

    def test_protocol_that_wants_more_waits_for_the_ration(self, clock):
        async def scenario():
            inner, transport, send = self.connected(clock, RESERVE_S + 0.004)
            inner.transport.pause_reading()
            send(b"x")
            inner.transport.resume_reading()
            assert not transport.is_read
            await asyncio.sleep(0.05)
            assert transport.is_read

        asyncio.run(scenario())

    def test_protocol_that_wants_nothing_is_obeyed_when_the_ration_is_there(self, clock):
        async def scenario():
            inner, transport, send = self.connected(clock, RESERVE_S + 0.004)
            send(b"x")
            inner.transport.pause_reading()
            await asyncio.sleep(0.05)
            assert not transport.is_read
            inner.transport.resume_reading()
            assert transport.is_read

        asyncio.run(scenario())
