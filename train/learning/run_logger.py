"""The files that a run writes beside its state while it trains: log, TensorBoard's events, metrics, pictures, its early weights."""
import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL.Image import Image

from hummingface.models.playing.atomic_file import replace_file, replacing
from hummingface.train.learning import parallel
from hummingface.train.learning.run_state import EARLY, write_state

if TYPE_CHECKING:
    from hummingface.train.learning.run import Learner

EARLY_SHARE = 0.02                       # of a run, after which its early weights are written


class RunLogger:
    """The files of a run beside its state: log, TensorBoard's events, metrics, pictures."""

    def __init__(self, folder: Path, learner: "Learner"):
        from tensorboardX import SummaryWriter
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.columns = folder, ["step", "seconds"]
        about: dict[str, Any] = {"kind": learner.kind, "data": getattr(learner.bank, "chosen", dict)()} | learner.describe() | {
                 "options": vars(learner.options), "device": str(learner.device),
                 "processes": parallel.processes(), "bf16": learner.half, "torch": torch.__version__, "from_step": learner.step}
        text = json.dumps(about, indent=1, default=str)
        replace_file(self.folder / "config.json", text)
        rows = self._rows_until(learner.step)
        self.events = SummaryWriter(str(folder), purge_step=learner.step + 1 if learner.step else None)
        self._rewrite(rows)
        if not learner.step:
            (folder / EARLY).unlink(missing_ok=True)
            self.picture(0, learner.picture())

    def _rows_until(self, step: int) -> list[dict[str, str]]:
        """What the log says of steps that this run goes on from; later rows are of steps that were lost."""
        path = self.folder / "log.csv"
        if not step or not path.is_file():
            return []
        with path.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if (row.get("step") or "").isdigit() and int(row["step"]) <= step]
        self.columns = list(rows[0]) if rows else self.columns
        return rows

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, self.columns, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
        replace_file(self.folder / "log.csv", text.getvalue())

    def log(self, step: int, seconds: float, means: dict[str, float]) -> None:
        new = [name for name in means if name not in self.columns]
        if new:                                                           # the first row, or a part that appears later
            rows = self._rows_until(step)
            self.columns = [*self.columns, *(name for name in new if name not in self.columns)]
            self._rewrite(rows)
        with (self.folder / "log.csv").open("a", newline="") as file:
            row = {"step": str(step), "seconds": f"{seconds:.1f}"} | {k: f"{v:.6g}" for k, v in means.items()}
            csv.DictWriter(file, self.columns, extrasaction="ignore").writerow(row)
        for name, value in means.items():
            self.events.add_scalar(f"train/{name}", value, step)

    def early(self, state: dict[str, Any], progress: float) -> None:
        """Keeps the first state after EARLY_SHARE of the run, without what only training needs."""
        if progress >= EARLY_SHARE and not (self.folder / EARLY).is_file():
            write_state({name: part for name, part in state.items() if not name.endswith("optimiser")}, self.folder / EARLY)

    def measured(self, step: int, seconds: float, means: dict[str, float], metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            self.events.add_scalar(f"measured/{name}", value, step)
        text = json.dumps({"step": step, "seconds": round(seconds, 1), "train": means, "measured": metrics}, indent=1)
        replace_file(self.folder / "metrics.json", text)
        self.events.flush()

    def picture(self, step: int, image: Image | None) -> None:
        if image is not None:
            (self.folder / "pictures").mkdir(exist_ok=True)
            with replacing(self.folder / "pictures" / f"step-{step:07d}.png") as stream:
                image.save(stream, "PNG")

    def close(self) -> None:
        self.events.close()
