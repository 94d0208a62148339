"""Writer of the SFZ format: a text file that maps samples, read by sforzando, sfizz, Renoise, Falcon, LinuxSampler, Polyphone and more.

Only opcodes of SFZ 1.0, which every player knows (sfzformat.com). `loop_end` is the last sample of the loop.

Velocity is written so that all players agree: as `amp_velcurve_N`, whose points mean the same in every player of SFZ, and in
regions within which the default curve, amplitude by the square of velocity, follows them to a decibel. Polyphone keeps that default curve
and ignores the points (2.2 to 2.5), so its SoundFonts agree too. Where another law would need many regions, fewer may be written, in
which velocity has no effect. Polyphone recognises these by equal `amp_velcurve_1` and `amp_velcurve_127`, which other players ignore when
they are outside the region.
"""
import numpy as np

from hummingface.instrument.export.mapping import Sample, SampledInstrument
from hummingface.instrument.export.velocity import LOUDEST, Span, fixed, points, spans, squared

CURVE_DB = 0.25                     # that straight lines between points may be off
SPREAD_DB = 1.0                     # that the default curve may be off within a region, from end to end


def text(instrument: SampledInstrument, folder: str) -> str:
    """All of the file; `folder` is where the samples lie, seen from it."""
    lines = [f"// {instrument.name}, from HummingFace", *(f"// {line}" for line in instrument.description.splitlines()), "",
             "<global>", "amp_veltrack=100"]
    for layer, samples in instrument.by_layer().items():
        ways = [spans(layer.low, layer.high, instrument.law_db, fit, SPREAD_DB) for fit in (_following, _standing)]
        for span in min(ways, key=len):
            gain_db, curve = _curve(span, instrument.law_db)
            lines += ["", "<group>", f"lovel={span.low}", f"hivel={span.high}"]
            for sample in samples:
                opcodes = _opcodes(sample, folder, span, gain_db, curve)
                lines += ["", "<region>", *(f"{opcode}={value}" for opcode, value in opcodes.items())]
    return "\n".join(lines) + "\n"


def _following(low: int, high: int, law_db: np.ndarray) -> Span:
    """Velocities for which the player's default curve can be used: where it is not too far below the law for a volume to compensate."""
    span = squared(low, high, law_db)
    return span if span.gain_db <= SPREAD_DB else _standing(low, high, law_db)


def _standing(low: int, high: int, law_db: np.ndarray) -> Span:
    """Velocities that may all be equally loud. Not all 127: the ends of their curve would have to be equal."""
    return fixed(low, high, law_db) if high - low < LOUDEST - 1 or law_db[low] == law_db[high] else squared(low, high, law_db)


def _curve(span: Span, law_db: np.ndarray) -> tuple[float, dict[int, float]]:
    """(gain in dB; amplitude relative to it by velocity). No amplitude is over 1, as the format requires."""
    gain_db = max(span.gain_db, float(law_db[span.low:span.high + 1].max()))
    curve = {v: float(10 ** ((law_db[v] - gain_db) / 20)) for v in points(span.low, span.high, law_db, CURVE_DB)}
    if span.track == 0:
        ends = curve.get(1, curve.get(LOUDEST, 1.0))
        curve = {1: ends, **curve, LOUDEST: curve.get(LOUDEST, ends)}
    return gain_db, curve


def _opcodes(sample: Sample, folder: str, span: Span, gain_db: float, curve: dict[int, float]) -> dict[str, object]:
    opcodes: dict[str, object] = {
        "sample": f"{folder}/{sample.file}", "lokey": sample.zone.low, "hikey": sample.zone.high, "pitch_keycenter": sample.zone.key,
        "lovel": span.low, "hivel": span.high, "volume": f"{sample.gain_db + gain_db:.2f}"}
    if sample.tune_cents:
        opcodes["transpose"] = semitones = round(sample.tune_cents / 100)
        opcodes["tune"] = f"{sample.tune_cents - 100 * semitones:.2f}"
    if sample.loop is None:
        opcodes["loop_mode"] = "no_loop"
    else:
        opcodes |= {"loop_mode": "loop_continuous", "loop_start": sample.loop[0], "loop_end": sample.loop[1]}
    opcodes |= {f"amp_velcurve_{velocity}": f"{amplitude:.8f}" for velocity, amplitude in curve.items()}
    if sample.decay is not None:
        opcodes |= {"ampeg_hold": f"{sample.decay[0]:.3f}", "ampeg_decay": f"{sample.decay[1]:.3f}", "ampeg_sustain": 0}
    return opcodes | {"ampeg_release": f"{sample.release_s:.3f}"}
