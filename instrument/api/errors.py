"""One family of errors for all that the API does: each says what is wrong, with which name or file, and what to do."""
from collections.abc import Iterator
from contextlib import contextmanager


class HummingFaceError(Exception):
    """Whatever the API cannot do. Its text is a sentence for the person who asked."""


class SoundError(HummingFaceError, ValueError):
    """A patch, model, preset or control that is not there, cannot be used, or is out of its range."""


class NotesError(HummingFaceError, ValueError):
    """Notes, automation or MIDI that cannot be played."""


class LearningError(HummingFaceError, ValueError):
    """Recordings that nothing can be learnt or made of, or PyTorch, which learning needs, is not installed."""


class FileError(HummingFaceError, OSError):
    """A file that cannot be read or written."""


@contextmanager
def raised_as(kind: type[HummingFaceError]) -> Iterator[None]:
    """Errors of the layers below, which name the file or the field already, as one of the family: what the system says (OSError) as
    FileError, values that cannot be used (ValueError) as `kind`."""
    from hummingface.instrument.files.sound_file import SoundFileError
    from hummingface.instrument.performance.messages.midi import MidiError
    from hummingface.models.playing.shape import ModelError
    try:
        yield
    except HummingFaceError:
        raise
    except (OSError, SoundFileError) as error:
        raise FileError(str(error)) from error
    except MidiError as error:
        raise NotesError(str(error)) from error
    except (ValueError, ModelError) as error:
        raise kind(str(error)) from error
