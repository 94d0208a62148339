"""The SFZ form: a text that maps samples, read by sforzando, sfizz, Renoise, Falcon, LinuxSampler, Polyphone and many more.

Opcodes of SFZ 1.0 alone, which every player knows (sfzformat.com). `loop_end` is the last sample of the loop. Force is written as
`amp_velcurve_N`, whose points mean the same in every player, where `amp_veltrack` alone does not.
"""
from instrument.export.mapping import Instrument, Sample

SUFFIX = ".sfz"


def text(instrument: Instrument, folder: str) -> str:
    """All of the file; `folder` is where the samples lie, seen from it."""
    lines = [f"// {instrument.name}, from HummingFace", *(f"// {line}" for line in instrument.told.splitlines()), "",
             "<global>", "amp_veltrack=100"]
    for layer, samples in instrument.by_layer().items():
        lines += ["", "<group>", f"lovel={layer.low}", f"hivel={layer.high}"]
        for sample in samples:
            lines += ["", "<region>", *(f"{opcode}={value}" for opcode, value in _opcodes(sample, folder).items())]
    return "\n".join(lines) + "\n"


def _opcodes(sample: Sample, folder: str) -> dict[str, object]:
    opcodes: dict[str, object] = {
        "sample": f"{folder}/{sample.file}", "lokey": sample.zone.low, "hikey": sample.zone.high, "pitch_keycenter": sample.zone.key,
        "lovel": sample.layer.low, "hivel": sample.layer.high, "volume": f"{sample.gain_db:.2f}"}
    if sample.loop is None:
        opcodes["loop_mode"] = "no_loop"
    else:
        opcodes |= {"loop_mode": "loop_continuous", "loop_start": sample.loop[0], "loop_end": sample.loop[1]}
    opcodes |= {f"amp_velcurve_{velocity}": f"{gain:.4f}" for velocity, gain in sample.touch}
    if sample.decay is not None:
        opcodes |= {"ampeg_hold": f"{sample.decay[0]:.3f}", "ampeg_decay": f"{sample.decay[1]:.3f}", "ampeg_sustain": 0}
    return opcodes | {"ampeg_release": f"{sample.release_s:.3f}"}
