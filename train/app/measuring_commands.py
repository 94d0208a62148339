"""`hummingface train loudness, evaluate, report`: measures notes, models and runs."""
import json
import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from hummingface.train.app.model_library import open_model
from hummingface.train.notes.opening import open_source, overrides_of

if TYPE_CHECKING:
    from hummingface.models.playing.stft_model import StftModel


def loudness(args: Namespace) -> int:
    from hummingface.train.data.dataset import NoteBank
    from hummingface.train.data.loudness_normalisation import figures, table
    bank = NoteBank(args.data)
    if bank.levelled is None:
        raise ValueError(f"{args.data}: prepared by an earlier version, which did not measure loudness. Prepare the notes again.")
    rows = figures(bank)
    print(table(rows))
    return written(rows, args.json)


def evaluate(args: Namespace) -> int:
    import torch

    from hummingface.models.playing.stft_model import StftModel
    from hummingface.train.evaluation.evaluate import distances, table, tuning
    from hummingface.train.evaluation.model_dynamics import dynamics
    if not args.notes and not args.data:
        raise ValueError("what is it to be measured on? Give --notes SOURCE, or --data DATA of its own training.")
    torch.set_num_threads(1)
    model, result = open_model(args.model, args.library), {}
    if isinstance(model, StftModel):
        return _evaluate_notes(args, model)
    if args.notes:
        from hummingface.train.evaluation.examine import examine, held_out
        from hummingface.train.evaluation.examine import table as notes_table
        sources = [open_source(path, overrides_of(args), os.cpu_count() or 1) for path in args.notes]
        result = examine(model, sources, args.points, args.count, args.write, args.targets)
        if args.held_out:
            result["held_out"] = held_out(model, open_source(args.notes[0], overrides_of(args), os.cpu_count() or 1))
        print("\n".join([*(notice for source in sources for notice in source.notices), notes_table(result)]))
    if args.data:
        from hummingface.train.data.dataset import NoteBank
        told = distances(model, NoteBank(args.data), args.soundfont, args.count or 200, args.left_out)
        result |= told | {"gain_spread": result.get("gain_spread", {}) | told["gain_spread"]}
    result |= {"tuning": tuning(model), "dynamics": dynamics(model)}
    print(table(result))
    return written(result, args.json)


def report(args: Namespace) -> int:
    import torch

    from hummingface.train.report.page import write_report
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    write_report(args.runs, args.out, args.data, args.notes, args.count, args.sounds)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, to be opened with a browser")
    return 0


def _evaluate_notes(args: Namespace, model: "StftModel") -> int:
    """Of a model of whole notes."""
    from hummingface.train.evaluation.examine_stft import examine, table
    if not args.notes:
        raise ValueError(f"{args.model} makes whole notes: give --notes SOURCE, with notes of the keys that it knows.")
    sources = [open_source(path, overrides_of(args), os.cpu_count() or 1) for path in args.notes]
    result = examine(model, sources, args.count, args.write)
    print(table(result))
    return written(result, args.json)


def written(result: dict, path: Path | None) -> int:
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1))
    return 0
