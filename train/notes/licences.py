"""What is known of published sources of notes: who made them and under which licence, for the cards of models that learn them."""
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hummingface.train.notes.program_families import FACTORY_SOURCE


@dataclass(frozen=True)
class Published:
    """`begins`: how its file or folder is called; `prefix`: before the names of its instruments, which others have, too;
    `text`: where its package keeps the licence."""
    begins: str
    prefix: str
    licence: str
    source: str
    text: Path


PUBLISHED = (
    Published("FluidR3", "", "MIT", FACTORY_SOURCE, Path(__file__).with_name("FluidR3_LICENCE.txt")),
    Published("MuseScore_General", "MuseScore", "MIT; parts public domain or CC0",
              "MuseScore_General_HQ, (c) 2018-2021 S. Christian Collins, after FluidR3 Mono (c) 2014-2017 Michael Cowgill and FluidR3 "
              "(c) 2000-2002, 2008 Frank Wen",
              Path("/usr/share/doc/musescore-general-soundfont/copyright")),
    Published("zynaddsubfx", "Zyn", "GPL-2+", "Patches of ZynAddSubFX (zynaddsubfx-data), (c) 2002-2021 Nasca Octavian Paul and others",
              Path("/usr/share/doc/zynaddsubfx-data/copyright")),
)
LONGEST_TEXT = 8000                    # characters


def published(path: Path) -> Published | None:
    """Which of PUBLISHED a file is, or lies in."""
    parts = Path(path).resolve().parts[::-1]
    return next((one for part in parts for one in PUBLISHED if part.startswith(one.begins)), None)


def about_source(path: Path, kind: str) -> dict[str, Any]:
    """For a card: kind, name, and of PUBLISHED ones source, licence and its text."""
    about: dict[str, Any] = {"kind": kind, "name": Path(path).name}
    if (known := published(path)) is not None:
        about |= {"name": known.begins if Path(path).is_dir() else Path(path).name, "source": known.source, "licence": known.licence}
        if known.text.is_file():
            text = known.text.read_text(encoding="utf-8", errors="replace")
            if text.startswith("Format:"):                      # Debian's machine-readable form: the program's own paragraph
                text = "\n\n".join(text.split("\n\n")[:2])
            about["licence_text"] = text[:LONGEST_TEXT]
    return about
