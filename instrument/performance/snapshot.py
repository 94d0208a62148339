"""Snapshots of a performance, from which another engine can go on and give the same samples.

A snapshot does not contain sound: it is exact when nothing sounds and no effect rings (`at_rest`). It contains everything else that the
next note depends on: controls, channels, pedals, the count of notes (each note's randomness follows from it), the sample position (the
noise loops are read by it), the phases of chorus and reverb, the routes and where their sources stand. All are plain values, so that a
snapshot can be sent as JSON; `snapshot_check.py` validates one from elsewhere.
"""
import time

import numpy as np

from hummingface.instrument.performance.controls import INDEX
from hummingface.instrument.performance.performer import Performer
from hummingface.instrument.performance.snapshot_values import EffectPhases, Snapshot
from hummingface.instrument.performance.voices.voice_table import FREE
from hummingface.instrument.synthesis.delay import TIME
from hummingface.instrument.synthesis.effects import CONTROLS
from hummingface.instrument.synthesis.effects import INDEX as EFFECT_INDEX
from hummingface.instrument.synthesis.state import HOPS, boundary

TURN = 1 << 32                      # a cycle of the effects' LFOs
READING_TRIES = 50                  # 50 us apart: of values that the audio thread may be writing


class SnapshotError(ValueError):
    """Something that is not a valid snapshot."""


def at_rest(performer: Performer) -> bool:
    """Whether no voice sounds and no control glides. (Whether effects still ring can only be measured on the sound.)"""
    source, delay = performer.source, performer.state["effects"]["delay"][0]
    if delay["on"] and abs(delay["head"] - delay["begin"][TIME]) > 0.01:
        return False                    # the read head still moves, though inaudibly
    return bool((performer.voices.stage == FREE).all() and not performer.controls._moving
                and source.settled)


def capture(performer: Performer) -> Snapshot:
    """A snapshot at the sample up to which all events are applied. On the performer's thread. Raises SnapshotError where the audio thread
    is too busy to be read now.
    """
    controls, voices, card = performer.controls, performer.voices, performer.source.model.card
    found: Snapshot = {
        "rate_hz": performer.rate_hz, "sample": int(performer._applied), "hop": int(performer.hop), "seed": performer.maker.seed,
        "model": {"name": performer.source.name, "sha256": str(card.get("sha256", ""))},
        "patch": performer.patch.to_json() if performer.patch is not None else None,
        "controls": dict(zip(INDEX, controls.goal[:len(INDEX)].tolist(), strict=True)),
        "gain_db": float(controls.goal[len(INDEX)]),
        "latents": performer.sound.latents.point.tolist(),
        "channels": controls.channel_goal[:16].tolist(),
        **performer.channels.capture(), "pedals": voices.down.tolist(),
        "zones": performer.messages.zones.capture(), "fine": performer.messages.fine.capture(),
        "held": [list(note) for note in voices.held], "last_pitch": voices.last_pitch, "rules": voices.rules,
        "strikes": [[channel, key, count] for (channel, key), count in voices.strikes.items()],
        **performer.messages.controllers.capture(),
        "born": voices.born_count, "released": voices.release_count,
        "law": performer.maker.law, "tempo": controls.tempo_bpm, "turning": _phases(performer.state),
        "arpeggiator": performer.arpeggiator.capture(), "modulation": performer.maker.modulation.capture(),
    }
    if tuning := performer.key_pitches.capture():
        found["tuning"] = tuning
    return found


def restore(performer: Performer, snapshot: Snapshot) -> int:
    """Put a new performer, and the new state block that it plays into, into the state of the snapshot. Returns the sample at which it
    begins.

    The performer must have been made with the snapshot's patch, source and seed, and have received no event yet.
    """
    controls, voices, source = performer.controls, performer.voices, performer.source
    performer.maker.law = snapshot["law"]
    for name, value in snapshot["controls"].items():
        controls.set(name, value)
    controls.set_gain(snapshot["gain_db"])
    controls.set_tempo(snapshot.get("tempo", 0.0))            # older takes have none
    controls.channel_goal[:16] = snapshot["channels"]
    controls.snap()
    performer.maker.restore_modulation(snapshot["modulation"])
    point = np.array(snapshot["latents"], np.float32)[:len(performer.sound.latents.point)]
    performer.sound.latents.point[:len(point)] = point
    performer.channels.restore(snapshot)
    performer.tuning.restore(snapshot.get("tuning", {}))
    performer.messages.zones.use(**snapshot["zones"])
    performer.messages.fine.restore(snapshot["fine"])
    performer.messages.controllers.restore(snapshot)
    performer.sound.apply()
    if "arpeggiator" in snapshot:           # not in older takes
        performer.arpeggiator.restore(snapshot["arpeggiator"])
    source.snap()
    voices.rules = snapshot["rules"]
    performer.messages.restored()
    voices.down[:] = snapshot["pedals"]
    performer.shown.show_all()
    voices.held = [(channel, key, velocity) for channel, key, velocity in snapshot["held"]]
    voices.strikes = {(channel, key): count for channel, key, count in snapshot["strikes"]}
    voices.last_pitch, voices.born_count, voices.release_count = snapshot["last_pitch"], snapshot["born"], snapshot["released"]
    hop = snapshot["hop"]
    if hop < 2:                             # the engine had just started: nothing to set
        return 0
    performer.hop = voices.hop = hop
    begin = boundary(4 * (hop - 1), performer.rate_hz)
    performer._floor, performer._applied = begin + 1, max(snapshot["sample"], begin + 1)
    _begin_at(performer.state[0], begin, hop, _effects_of(performer))
    _set_phases(performer.state[0], begin, snapshot["turning"])
    return begin


def _effects_of(performer: Performer) -> np.ndarray:
    """The effect controls that a hop would contain now. [len(CONTROLS)] float32"""
    now = performer.maker.modulation.shared
    volume = 10 ** (now[INDEX["master.volume_db"]] / 20)
    return np.array([now[INDEX[name]] if name in INDEX else volume for name, *_ in CONTROLS], np.float32)


def _begin_at(block: np.void, begin: int, hop: int, effects: np.ndarray) -> None:
    """Make a state block that has played silence up to sample `begin`, with hops up to `hop` published."""
    block["position"] = begin
    block["hops_published"], block["hops_known"], block["hops_taken"] = hop + 1, hop - 1, max(hop - 3, 0)
    for index in (hop - 1, hop):
        entry = block["hops"][index % HOPS]
        entry["index"], entry["count"], entry["flush"], entry["noise"] = index, 0, 0, 0
        entry["effects"][:len(effects)] = effects
    block["noise"]["segment_begin"] = block["noise"]["segment_end"] = begin
    chain = block["effects"]
    chain["segment_begin"] = chain["segment_end"] = begin
    chain["hop_seen"], chain["glide"] = hop - 2, effects[:, None]


def _phases(state: np.ndarray) -> EffectPhases:
    """Phases and steps (2**32 is a cycle) of the effects' LFOs, with the position at which they were read; and the outputs of the drive,
    which has an offset, and of the DC blocker. Raises SnapshotError where the audio thread never paused, so that they may be torn.
    """
    block = state[0]
    for _ in range(READING_TRIES):
        calls = int(block["callbacks"])
        between = int(block["clock_version"]) == 2 * calls      # no callback is at work
        chorus, reverb, drive = block["effects"]["chorus"], block["effects"]["reverb"], block["effects"]["drive"]
        found: EffectPhases = {"position": int(block["position"]), "chorus_on": int(chorus["on"]), "chorus": int(chorus["phase"]),
                 "chorus_step": int(chorus["begin"][1]), "reverb_on": int(reverb["on"]), "reverb": int(reverb["phase"]),
                 "drive_on": int(drive["on"]), "drive": drive["last"].tolist(),
                 "dc": [*block["limiter"]["dc_in"].tolist(), *block["limiter"]["dc_out"].tolist()]}
        if between and int(block["callbacks"]) == calls and int(block["clock_version"]) == 2 * calls:
            return found
        time.sleep(5e-5)
    raise SnapshotError("the audio thread was at work whenever its values were read")


def _set_phases(block: np.void, begin: int, phases: EffectPhases) -> None:
    """Set the LFOs of chorus and reverb to their phases at sample `begin`, and the DC blocker to its state."""
    from hummingface.instrument.synthesis.reverb import SWING_HZ
    passed = begin - phases["position"]
    drive = block["effects"]["drive"]
    drive["on"], drive["last"] = phases["drive_on"], phases["drive"]
    block["limiter"]["dc_in"], block["limiter"]["dc_out"] = phases["dc"][:2], phases["dc"][2:]
    reverb_step = int(SWING_HZ / int(block["rate_hz"]) * TURN)
    for name, on, at, step in (("chorus", phases["chorus_on"], phases["chorus"], phases["chorus_step"]),
                               ("reverb", phases["reverb_on"], phases["reverb"], reverb_step)):
        if on:
            phase = (at + passed * step) % TURN
            effect = block["effects"][name]
            effect["phase"] = phase - TURN if phase >= TURN // 2 else phase
            effect["on"] = 1            # with the empty lines of a new block: as if it had long been silent
            if name == "reverb":
                effect["size"] = _reverb_size(block)


def _reverb_size(block: np.void) -> float:
    from hummingface.instrument.synthesis.reverb import LARGEST, SMALLEST
    return SMALLEST * (LARGEST / SMALLEST) ** float(block["effects"]["glide"][EFFECT_INDEX["reverb.size"], 1])
