"""Renders the bundled demo into files, for machines without a screen or a sound device."""
from importlib import resources
from pathlib import Path

from hummingface.instrument.app.terminal import Terminal

DEMO = "demo/demo.mid"


def perform(folder: Path, terminal: Terminal | None = None, *, patch: str | None = None, model: str | None = None) -> tuple[Path, Path]:
    """Play the bundled MIDI file through the engine into `hummingface-demo.wav` and `.png` in `folder`; returns both paths.

    Shows progress on a terminal. Raises OSError, naming the file, where the folder cannot be written.
    """
    import soundfile

    from hummingface.instrument.app.spectrogram_image import save_spectrogram
    from hummingface.instrument.offline.bounce import RenderOptions, render_midi
    from hummingface.instrument.offline.parts import Assignment
    folder.mkdir(parents=True, exist_ok=True)
    wav, png = folder / "hummingface-demo.wav", folder / "hummingface-demo.png"
    with resources.as_file(resources.files("hummingface.assets") / DEMO) as midi, \
            (terminal or Terminal()).progress("performing the demo") as progress:
        render_midi(midi, wav, Assignment(patch, model, programs="patches"), RenderOptions(), progress=progress)
    sound, rate_hz = soundfile.read(wav, dtype="float32", always_2d=True)
    save_spectrogram(png, sound, rate_hz)
    return wav, png
