"""Listening to a take: `python -m instrument.recording.audition FILE [DEVICE]` plays it once.

A process of its own: it opens a second stream, which may fail or hang, and must touch neither the window nor the sound. The samples go
to PortAudio's own buffer, so no callback runs Python. What cannot be is said on the standard error, in a line.
"""
import sys

LATENCY_S = 0.1
PIECE_FRAMES = 4096


def play(path: str, device: str | None = None) -> None:
    """Play a sound file to its end. Raises OSError."""
    import sounddevice
    import soundfile
    try:
        with (soundfile.SoundFile(path) as file,
              sounddevice.OutputStream(file.samplerate, channels=file.channels, device=device, latency=LATENCY_S) as stream):
            for block in file.blocks(PIECE_FRAMES, dtype="float32", always_2d=True):
                stream.write(block)
    except soundfile.LibsndfileError as error:
        raise OSError(f"{path}: cannot be read ({error.error_string})") from error
    except (sounddevice.PortAudioError, ValueError) as error:
        raise OSError(f"{device or 'the system'}: no second sound can be opened to listen with ({error})") from error


if __name__ == "__main__":
    try:
        play(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
