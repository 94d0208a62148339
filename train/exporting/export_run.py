"""Exports a run as a model: chooses the kind of export, and adds the model's origin to its card."""
from pathlib import Path
from typing import Any

from hummingface.models.playing.model import Model
from hummingface.models.playing.stft_model import StftModel
from hummingface.train.data.dataset import NoteBank
from hummingface.train.data.note_sounds import NoteSounds
from hummingface.train.data.store import DataError, read_data
from hummingface.train.exporting.export_gan import export_gan
from hummingface.train.exporting.export_model import export
from hummingface.train.exporting.export_stft import export_stft, shape_of_run
from hummingface.train.learning.run_state import STATE, read_state
from hummingface.train.notes.program_families import FACTORY, FACTORY_SOURCE, SOUNDFONT

LICENCE = Path(__file__).parents[1] / "notes" / "FluidR3_LICENCE.txt"
HISTORY = "history.txt"                  # in a run: manual changes, if there were any


def export_run(data: Path, run: Path, out: Path, name: str, metrics: dict[str, Any] | None = None) -> Model | StftModel:
    """Write the model of `run`, which learnt from `data`, as `out`.safetensors and `out`.json. Raises DataError, ModelError, OSError."""
    try:
        state = read_state(run / STATE)
    except FileNotFoundError:
        raise DataError(f"{run}: not a run, or one that was stopped before it saved anything. Give the folder that --run named.") from None
    kind = str(state.get("kind", ""))
    about: dict[str, Any] = {"metrics": metrics} if metrics else {}
    if (run / HISTORY).is_file():
        about["history"] = (run / HISTORY).read_text().strip()
    if kind.startswith("stft-"):
        shape = shape_of_run(state)
        layout = shape.layout
        sounds = NoteSounds(data, layout, state["instruments"])
        if (sounds.instruments, sounds.lowest, sounds.highest) != (state["instruments"], shape.lowest, shape.highest):
            raise DataError(f"{data}: not the notes that {run} learnt, which are keys {shape.lowest} to {shape.highest} of "
                            f"{len(state['instruments'])} instruments. Give the folder that it was trained on.")
        options = {"representation": "stft" if layout.kind == "ri" else "if", "latents": state["free"], "width": shape.width}
        about |= origin(sounds) | {"about": f"Whole notes as STFT images, learnt from {', '.join(sounds.sources)}.",
                                   "reproduce": again(f"{kind.partition('-')[2]} DATA --run RUN", options | {"steps": state["step"]})}
        if sounds.lowest == sounds.highest:
            about["about"] += f" It knows one key alone, MIDI {sounds.lowest}; all others are that note, resampled."
        return export_stft(run / STATE, sounds, out, name if name != FACTORY else out.name, about)
    options = {"steps": state["step"], "notes": state["options"]["notes"], "rate": state["options"]["rate"]}
    options |= {part: state["shape"][part] for part in ("width", "note_width", "note_depth")}
    if kind in ("gan", "cgan"):
        bank = NoteBank(data, [instrument["name"] for instrument in state["instruments"]])
        about |= origin(bank) | {"about": f"Sounds that nobody recorded, learnt from {', '.join(bank.sources)}.",
                                 "pitches": [int(bank.pitch.min()), int(bank.pitch.max())],
                                 "velocities": [int(bank.velocity.min()), int(bank.velocity.max())],
                                 "reproduce": again(f"{kind} DATA --run RUN", options)}
        return export_gan(run / STATE, out, about, name)
    sources = read_data(data).get("sources") or [{"name": SOUNDFONT.name, "source": FACTORY_SOURCE, "licence": "MIT"}]
    if [source["name"] for source in sources] == [SOUNDFONT.name]:
        about |= {"about": "Recorded and synthetic instruments of the FluidR3 General MIDI SoundFont by Frank Wen, in one latent space.",
                  "source": FACTORY_SOURCE, "reproduce": again(f"factory WORK {out.as_posix()} --instruments 64", options)}
        return export(run / STATE, NoteBank(data), out, name, about, LICENCE.read_text())
    bank = NoteBank(data)
    names = ", ".join(source["name"] for source in sources)
    draws = max(source.get("draws", 0) for source in sources)
    asked = {"of": names.replace(", ", " ")} | ({"draws": draws} if draws else {})
    several = "s" * (len(bank.instruments) != 1)
    about |= credits_of(sources) | {"about": f"{len(bank.instruments)} instrument{several} of {names}, in one latent space.",
                                    "reproduce": again(f"factory WORK {out.as_posix()}", asked | options)}
    return export(run / STATE, bank, out, name, about, about.pop("licence_text", ""))


def credits_of(sources: list[dict[str, Any]]) -> dict[str, Any]:
    """A card's source, licence and licence text, of several sources of notes as `data.json` describes them."""
    licences = [f"{source['name']}: {source.get('licence') or 'that of its recordings'}" for source in sources]
    texts = [f"{source['name']}\n\n{source['licence_text']}" for source in sources if source.get("licence_text")]
    return {"source": "; ".join(source.get("source") or source["name"] for source in sources), "licence": "; ".join(licences),
            "licence_text": "\n\n\n".join(texts)}


def origin(bank: NoteBank | NoteSounds) -> dict[str, Any]:
    """A card's description of the notes that a model learnt from."""
    facts = {"source": ", ".join(bank.sources), "licence": "that of its recordings",
            "trained_on": {"sources": bank.sources, "instruments": len(bank.instruments), "notes": len(bank.trained)}}
    if bank.sources == [SOUNDFONT.name]:
        facts |= {"source": FACTORY_SOURCE, "licence": "MIT", "licence_text": LICENCE.read_text()}
    return facts


def again(command: str, options: dict[str, Any]) -> str:
    """The command that trains such a run again."""
    return " ".join([f"hummingface train {command}", *(f"--{name.replace('_', '-')} {value}" for name, value in options.items())])
