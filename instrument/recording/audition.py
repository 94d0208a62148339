"""Plays a take once: `python -m hummingface.instrument.recording.audition FILE [DEVICE]`.

It is a process of its own: it opens a second stream, which may fail or hang, and must affect neither the window nor the sound. The samples
go to PortAudio's own buffer, so no callback runs Python. An error is one line on the standard error.
"""
import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import soundfile

LATENCY_S = 0.1
PIECE_FRAMES = 4096
BESIDE_FRAMES = 32                  # on either side of a piece, for the resampling filter, and some more


def play(path: str, device: str | None = None) -> None:
    """Play a sound file to its end. Raises OSError."""
    import sounddevice
    import soundfile
    try:
        with soundfile.SoundFile(path) as file:
            rate_hz = _rate_hz(file, device)
            with sounddevice.OutputStream(rate_hz, channels=file.channels, device=device, latency=LATENCY_S) as stream:
                for piece in pieces(file, rate_hz):
                    stream.write(piece)
    except soundfile.LibsndfileError as error:
        raise OSError(f"{path}: cannot be read ({error.error_string})") from error
    except (sounddevice.PortAudioError, ValueError) as error:
        raise OSError(f"{device or 'the system'}: no second audio stream can be opened for listening ({error})") from error


def _rate_hz(file: "soundfile.SoundFile", device: str | None) -> int:
    """The file's own rate if the device supports it; a JACK server has only one."""
    import sounddevice
    try:
        sounddevice.check_output_settings(device, file.channels, samplerate=file.samplerate)
    except sounddevice.PortAudioError:
        return round(sounddevice.query_devices(device, "output")["default_samplerate"])
    return file.samplerate


def pieces(file: "soundfile.SoundFile", rate_hz: int) -> Iterator[np.ndarray]:
    """A sound file resampled to another rate, piece by piece: float32 [n, channels] each."""
    if rate_hz == file.samplerate:
        yield from file.blocks(PIECE_FRAMES, dtype="float32", always_2d=True)
        return
    from scipy.signal import resample_poly
    up, down = (rate // math.gcd(rate_hz, file.samplerate) for rate in (rate_hz, file.samplerate))
    beside = -(-BESIDE_FRAMES // down) * down                           # so that pieces begin on samples of both rates
    length = max(PIECE_FRAMES // down, 1) * down
    before, last = np.zeros((beside, file.channels), np.float32), False
    ahead = file.read(beside, "float32", always_2d=True, fill_value=0.0)
    while not last:
        fresh = file.read(length, "float32", always_2d=True)
        last = len(fresh) < length
        sound = np.concatenate([before, ahead, fresh, np.zeros((beside if last else 0, file.channels), np.float32)])
        end = len(sound) - beside
        made = resample_poly(sound, up, down, axis=0)
        yield np.ascontiguousarray(made[beside * up // down:-(-end * up // down)], np.float32)
        before, ahead = sound[end - beside:end], sound[end:]


if __name__ == "__main__":
    from hummingface.instrument.logs.log_failures import begin_at_failure
    begin_at_failure("audition")
    try:
        play(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
