"""How loud notes are beside the keyboard's trend, whatever the network makes of their keys and strokes."""
import numpy as np

from hummingface.instrument.performance.gliding_notes import GlidingNotes
from hummingface.instrument.performance.struck_keys import cached
from hummingface.instrument.synthesis.state import SLOTS
from hummingface.models.playing.key_trend import KeyTrend

MOST_CORRECTION_DB = 40.0


class NoteLevels:
    """Of `notes` at the latents z [L], of the network, which are changed in place; `trend` is the keyboard's loudness anywhere."""

    def __init__(self, model, notes: GlidingNotes, trend: KeyTrend, z: np.ndarray) -> None:
        self._model, self._notes, self._trend, self._z = model, notes, trend, z
        self._trend_at = b""                                # z where it was looked up
        self._trend_lufs, self._longest_release_s = np.zeros(0), 0.0
        self._motion = 1.0
        self._levelled_hop = np.zeros(SLOTS, np.int64)
        self._struck: dict[tuple[float, float, float], float] = {}      # by pitch, velocity and tilt

    def forget(self) -> None:
        """There is another target: what was computed for keys holds no longer."""
        self._struck.clear()

    def corrections_db(self, slots: np.ndarray, table: np.ndarray, motion: float) -> np.ndarray:
        """The correction of loudness for the notes of `slots` [B], voices of `table` with this much motion, that puts them on the
        keyboard's trend, whatever the network's loudness for this key and velocity. dB [B]
        """
        self._levelled_hop[slots] = self._notes.hop
        if motion != self._motion:
            self._motion = motion
            self._struck.clear()
        pitch, tilt_db = self._notes.known[slots, 1], table["tilt_db"][slots]
        if not self._notes.resting or self._notes.goals.owns[slots].any():
            return self._correct(slots, pitch, tilt_db, quickly=True)
        strokes = list(zip(pitch.tolist(), self._notes.known[slots, 2].tolist(), tilt_db.tolist(), strict=True))
        return np.array(cached(self._struck, strokes, lambda new: self._correct(slots[new], pitch[new], tilt_db[new])))

    @property
    def longest_release_s(self) -> float:
        """The longest release of a note at the current latents, in seconds for 60 dB."""
        self.look_up_trend()
        return self._longest_release_s

    def unlevelled(self, sounding: np.ndarray) -> int | None:
        """Of the slots that are `sounding` [SLOTS] and whose note has changed since its loudness was computed, the one that has waited
        longest.
        """
        waiting = np.flatnonzero(sounding & (self._notes.moved_hop > self._levelled_hop))
        return int(waiting[np.argmin(self._levelled_hop[waiting])]) if len(waiting) else None

    def look_up_trend(self) -> None:
        """What the trend is where the latents are now."""
        if (at := self._z.tobytes()) != self._trend_at:
            self._trend_at = at
            self._trend_lufs, self._longest_release_s = self._trend.at(self._z)

    def _correct(self, slots: np.ndarray, pitch: np.ndarray, tilt_db: np.ndarray, quickly: bool = False) -> np.ndarray:
        """`corrections_db` of notes [B], from their frames."""
        self.look_up_trend()
        loud = self._model.loudness_lufs(self._notes.vectors[slots], pitch, tilt_db, self._motion, quickly)
        return np.clip(np.interp(pitch, self._trend.keys, self._trend_lufs) - loud, -MOST_CORRECTION_DB, MOST_CORRECTION_DB)
