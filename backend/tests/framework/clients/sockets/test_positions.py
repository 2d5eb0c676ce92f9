"""What offsets tell of missing updates."""

from __future__ import annotations

from modular_api.clients.sockets.gaps import Gap, GapReason
from modular_api.clients.sockets.positions import Position, TopicTrack


def track(offset: int, **options: bool) -> TopicTrack:
    """Follow the topic `t` from a place in epoch `e`."""
    return TopicTrack("t", Position("e", offset), **options)


def gap(missed: int | None, reason: GapReason) -> Gap:
    return Gap("t", missed, reason)


def test_an_offset_that_follows_is_no_gap() -> None:
    """And the position goes on to it."""
    topic = track(4)
    assert topic.update(Position("e", 5), 0) == []
    assert topic.position == Position("e", 5)


def test_an_old_update_is_dropped() -> None:
    """What was replayed and came live, too, is told once."""
    topic = track(4)
    assert topic.update(Position("e", 4), 0) is None
    assert topic.update(Position("e", 1), 0) is None
    assert topic.position == Position("e", 4)


def test_a_jump_is_a_hole() -> None:
    """Less what the update itself says it replaces."""
    assert track(4).update(Position("e", 8), 0) == [gap(3, GapReason.HOLE)]
    assert track(4).update(Position("e", 8), 1) == [
        gap(1, GapReason.REPLACED),
        gap(2, GapReason.HOLE),
    ]


def test_another_epoch_is_a_hole_of_unknown_size() -> None:
    """Its offsets have nothing to do with those before."""
    topic = track(4)
    assert topic.update(Position("f", 2), 0) == [gap(None, GapReason.HOLE)]
    assert topic.update(Position("f", 3), 0) == []


def test_an_announced_gap_explains_the_jump_after_it() -> None:
    """An old one explains nothing."""
    topic = track(4)
    assert topic.announced(Position("e", 7), 3) == [gap(3, GapReason.ANNOUNCED)]
    assert topic.update(Position("e", 8), 0) == []
    assert topic.announced(Position("e", 6), 2) == []


def test_a_jump_of_conflated_updates_waits_for_its_explanation() -> None:
    """A of offset 1 gave way to A of 3, and B of 2 came first."""
    topic = track(0, conflates=True)
    assert topic.update(Position("e", 2), 0) == []
    assert topic.update(Position("e", 3), 1) == [gap(1, GapReason.REPLACED)]
    assert topic.lost() == []


def test_what_was_not_explained_before_the_connection_broke_is_told() -> None:
    """A recovered update tells nothing of what it has replaced; and it is told once."""
    topic = track(0, conflates=True)
    assert topic.update(Position("e", 3), 0) == []
    assert topic.lost() == [gap(2, GapReason.HOLE)]
    assert topic.lost() == []


def test_a_topic_without_a_position_begins_anywhere() -> None:
    """A server of fastws handlers says nothing of where a topic is."""
    topic = TopicTrack("t", None)
    assert topic.update(Position("e", 40), 0) == []
    assert topic.update(Position("e", 42), 0) == [gap(1, GapReason.HOLE)]


def test_a_refused_recovery_is_a_gap() -> None:
    """A granted one goes on where the client was."""
    topic = track(4)
    assert topic.resumed(Position("f", 9), recovered=True) == []
    assert topic.position == Position("e", 4)
    refused = topic.resumed(Position("f", 9), recovered=False)
    assert refused == [gap(None, GapReason.NOT_RECOVERED)]
    assert topic.position == Position("f", 9)
