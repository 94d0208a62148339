from hummingface.instrument.api import *  # noqa: F403

FOLDER: str
