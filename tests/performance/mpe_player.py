"""A controller of MPE as it plays: it configures its zone, and sends a note's pitch, pressure and slide before the note (M1-100-UM 1.1)."""
from hummingface.instrument.performance.messages.midi import (
    DATA_LSB,
    DATA_MSB,
    RPN_LSB,
    RPN_MSB,
    Bend,
    Controller,
    Event,
    NoteOff,
    NoteOn,
    Pressure,
)


def rpn(channel: int, number: int, value: int, fine: int | None = None) -> list[Event]:
    """RPN `number` set to a value, and none chosen afterwards."""
    entered = [Controller(channel, DATA_MSB, value)] + ([] if fine is None else [Controller(channel, DATA_LSB, fine)])
    return [Controller(channel, RPN_MSB, 0), Controller(channel, RPN_LSB, number), *entered, Controller(channel, RPN_MSB, 127),
            Controller(channel, RPN_LSB, 127)]


def zone(master: int, members: int) -> list[Event]:
    """MPE's configuration message."""
    return rpn(master, 6, members)


class MpePlayer:
    """Plays into a zone: each note on the member that has been free for longest. Call what it gives with a sample to have (sample, event).
    """

    def __init__(self, master: int, members: int, bend_range: float = 48.0) -> None:
        self.master, self.bend_range = master, bend_range
        self._free = [master + i if master == 0 else master - i for i in range(1, members + 1)]
        self.channel: dict[int, int] = {}               # of each key

    def strike(self, key: int, velocity: int = 100, *, semitones: float = 0.0, pressure: float = 0.0, slide: int = 64) -> list[Event]:
        """A finger comes down."""
        channel = self.channel[key] = self._free.pop(0)
        return [Bend(channel, semitones / self.bend_range), Controller(channel, 74, slide), Pressure(channel, pressure),
                NoteOn(channel, key, velocity)]

    def bend(self, key: int, semitones: float) -> Event:
        return Bend(self.channel[key], semitones / self.bend_range)

    def slide(self, key: int, value: int) -> Event:
        return Controller(self.channel[key], 74, value)

    def press(self, key: int, pressure: float) -> Event:
        return Pressure(self.channel[key], pressure)

    def lift(self, key: int, velocity: int = 64) -> list[Event]:
        """The finger goes up; its channel is free, and its pressure and pitch are at rest."""
        channel = self.channel.pop(key)
        self._free.append(channel)
        return [Pressure(channel, 0.0), NoteOff(channel, key, velocity=velocity), Bend(channel, 0.0)]


def at(sample: int, *events) -> list[tuple[int, Event]]:
    """Events, and groups of them, all at one sample."""
    flat: list[tuple[int, Event]] = []
    for each in events:
        flat += [(sample, event) for event in (each if isinstance(each, list) else [each])]
    return flat
