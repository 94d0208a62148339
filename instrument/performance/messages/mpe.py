"""MPE zones: whose notes the messages of a channel reach (MIDI Polyphonic Expression, M1-100-UM 1.1).

A zone is a master channel and the members beside it, each of which plays one note at a time and bends it alone. The lower zone has the
master 1 and members from 2 up, the upper zone 16 and members from 15 down. What comes on a master reaches all its members. Channels are
counted from 0 here.
"""
from dataclasses import dataclass
from typing import TypedDict

LOWER, UPPER = 0, 15                # masters
MOST_MEMBERS = 15
MEMBER_RANGE, MASTER_RANGE = 48.0, 2.0      # semitones of pitch bend, until RPN 0 says otherwise


@dataclass(frozen=True)
class Mode:
    """How a player has MPE: members of the zones, and whether a controller's own configuration (RPN 6) replaces them."""
    label: str
    lower: int = 0
    upper: int = 0
    follows: bool = False


AUTOMATIC = "automatic"
MODES = {                           # by the names in settings and takes
    "off": Mode("Off"), AUTOMATIC: Mode("Automatic", follows=True),
    "lower": Mode("Lower zone", lower=MOST_MEMBERS), "upper": Mode("Upper zone", upper=MOST_MEMBERS), "both": Mode("Both zones", 7, 7),
    "seaboard": Mode("Seaboard", lower=MOST_MEMBERS, follows=True), "linnstrument": Mode("LinnStrument", lower=MOST_MEMBERS, follows=True),
    "osmose": Mode("Osmose", lower=MOST_MEMBERS, follows=True), "launchpad": Mode("Launchpad")}


class ZoneValues(TypedDict):
    """What `Zones.use` takes."""
    mode: str
    lower: int
    upper: int


class Zones:
    """The zones now: how many members each master has, and the mode by which they came to be."""

    def __init__(self) -> None:
        self.mode = AUTOMATIC
        self.members = {LOWER: 0, UPPER: 0}

    def use(self, mode: str, lower: int = 0, upper: int = 0) -> None:
        """Begin with the zones of a mode; where it follows the controller and has none, with these."""
        self.mode, wanted = mode, MODES[mode]
        if wanted.follows and not (wanted.lower or wanted.upper):
            wanted = Mode("", lower, upper)
        self.members = {LOWER: 0, UPPER: 0}
        for master, count in ((LOWER, wanted.lower), (UPPER, wanted.upper)):
            self._set(master, count)

    def capture(self) -> ZoneValues:
        """What `use` takes to have them again."""
        return {"mode": self.mode, "lower": self.members[LOWER], "upper": self.members[UPPER]}

    def configure(self, channel: int, members: int) -> bool:
        """A controller's own configuration. Returns whether it holds: on another channel, with too many members, or where the player
        has chosen the zones, it does not."""
        if channel not in self.members or not 0 <= members <= MOST_MEMBERS or not MODES[self.mode].follows:
            return False
        self._set(channel, members)
        return True

    def _set(self, master: int, members: int) -> None:
        """The newest zone has the room that it wants, the other one what is left."""
        other = UPPER - master
        self.members[master] = members
        left = max(14 - members, 0) if members else self.members[other]
        self.members[other] = min(self.members[other], left)

    def master_of(self, channel: int) -> int | None:
        """The master of a member; None for all other channels."""
        if 0 < channel <= self.members[LOWER]:
            return LOWER
        return UPPER if UPPER - self.members[UPPER] <= channel < UPPER else None

    def is_master(self, channel: int) -> bool:
        return self.members.get(channel, 0) > 0

    def members_of(self, channel: int) -> range:
        """The channels that the messages of a channel reach besides itself."""
        if channel == LOWER:
            return range(1, self.members[LOWER] + 1)
        return range(UPPER - self.members[UPPER], UPPER) if channel == UPPER else range(0)
