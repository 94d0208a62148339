"""Writes the report's sounds as separate FLAC files."""
import base64
import re
from pathlib import Path
from typing import Any

from hummingface.models.playing.atomic_file import replace_file
from hummingface.train.report.sound_clips import Clip


def write_demos(content: dict[str, Any], folder: Path) -> int:
    """`content` as `page.made_of` gives it. folder/original/NOTE.flac, and folder/RUN/reconstruction|near zero|sample|walk/.. of each run.
    How many. Raises OSError."""
    clips: dict[Path, Clip] = {}

    def add(place: Path, many: list[Clip | None]) -> None:
        for number, clip in enumerate(many):
            if clip is not None:
                name = " ".join(filter(None, (clip.name, clip.about if place.name == "near zero" else "")))
                clips[place / f"{number + 1:02d} {_named(name)}.flac"] = clip
    add(folder / "original", content["originals"])
    for chapter in content["chapters"]:
        place = folder / _named(chapter.name)
        add(place / "reconstruction", chapter.reconstructed.clips if chapter.reconstructed else [])
        add(place / "near zero", chapter.middles)
        add(place / "sample", chapter.samples)
        add(place / "walk", [*chapter.axes, *chapter.knobs])
    for path, clip in clips.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, base64.b64decode(clip.sound.partition(",")[2]))
    return len(clips)


def _named(text: str) -> str:
    """What may be a file's name on every system."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", text).strip(" .") or "_"
