"""A training run: one folder with everything of one training, and the training loop. All kinds of training share it.

    config.json      what is trained, on what data, how; written at the start, and with each --resume
    state.pt         weights and everything needed to resume bit-exactly; tensors and plain values (read with weights_only, never unpickled)
    early.pt         the weights shortly after the start, for a report to compare with the last ones
    log.csv          means over every LOG_STEPS steps
    events.*         the same for TensorBoard
    pictures/        the same notes at different steps
    metrics.json     evaluation of the last checkpoint

Ctrl-C ends a run after the current step and saves it. A loss or weight that becomes NaN or Inf ends it with the last good weights.
"""
import copy
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor, nn

from hummingface.train.data.interrupts import interrupts
from hummingface.train.data.progress import progress_bar
from hummingface.train.learning import parallel
from hummingface.train.learning.run_logger import RunLogger
from hummingface.train.learning.run_state import STATE, in_short, read_state, tensors_of, write_state

if TYPE_CHECKING:
    from collections.abc import Callable

LOG_STEPS = 50
LEAST_RATE = 0.01
OVERTIME = 4.0                    # times its minutes: so long a run goes on until its least steps are done
STEEPEST = 5.0


class TrainingNotes(Protocol):
    """What is learnt from."""

    def near(self, device: torch.device) -> Self:
        """The notes where they are computed with."""


class RunOptions(Protocol):
    """What every kind of training is told; see `hummingface.train.learning.train_autoencoder.AutoencoderOptions`."""

    @property
    def steps(self) -> int: ...

    @property
    def minutes(self) -> float: ...

    @property
    def least_steps(self) -> int: ...

    @property
    def rate(self) -> float: ...

    @property
    def decay_from(self) -> float: ...

    @property
    def seed(self) -> int: ...


Bank = TypeVar("Bank", bound=TrainingNotes)
Options = TypeVar("Options", bound=RunOptions)


class Diverged(ValueError):
    """Training gave NaN or Inf; the text says when, and what to do."""


class Learner(Generic[Bank, Options]):
    """What learns. A kind of training gives `train_step`, `parts`, `describe`, and what it likes of `metrics` and `picture`.

    `options` are those of its kind, with what every kind is told.
    """

    kind = ""

    def __init__(self, bank: Bank, options: Options, device: str = "cpu", precision: str = "auto"):
        self.options, self.device = options, torch.device(device)
        self.bank = bank.near(self.device)
        self.half = precision == "bf16" or (precision == "auto" and self.device.type == "cuda")
        torch.set_float32_matmul_precision("high" if self.device.type == "cuda" else "highest")
        torch.manual_seed(options.seed)
        self.rng = np.random.default_rng(options.seed)
        self.step, self.seconds = 0, 0.0
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self.means: dict[str, float] = {}
        self.watch: Callable[[], None] | None = None            # called after each step

    # what a kind of training gives ----------------------------------------------------------------------------
    def train_step(self) -> dict[str, Tensor]:
        """One step; adds 1 to `step`. Returns the parts of the loss."""
        raise NotImplementedError

    def parts(self) -> dict[str, Any]:
        """Everything with a `state_dict` that changes while it learns."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """Plain values that tell what is trained: a state of another description cannot be gone on from."""
        raise NotImplementedError

    def metrics(self) -> dict[str, float]:
        return {}

    def picture(self) -> Image | None:
        return None

    def saved(self) -> None:
        """Called after each save."""

    # one step -------------------------------------------------------------------------------------------------
    def autocast(self) -> torch.autocast:
        """Networks in bfloat16 where that is fast; losses and weights stay in float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.half)

    def normal(self, *size: int) -> Tensor:
        """This process's share of normal random numbers, drawn alike in all of them and on every device."""
        return torch.from_numpy(self.rng.standard_normal(size, dtype=np.float32))[parallel.share(size[0])].to(self.device)

    def progress(self) -> float:
        """How much of the run is done, 0..1, by whichever ends first, steps or minutes.

        Minutes on a machine that others keep busy are no work: until `least_steps` these count, for up to OVERTIME times the minutes.
        """
        o, time = self.options, self.seconds / 60 / self.options.minutes
        if self.step < o.least_steps:
            time = max(min(time, self.step / o.least_steps), time / OVERTIME)
        return min(1.0, max(self.step / o.steps, time))

    def learning_rate(self, warm_steps: int = 150) -> float:
        o, done = self.options, self.progress()
        warm = min(1.0, (self.step + 1) / warm_steps)
        falling = 1.0 if done < o.decay_from else 0.5 + 0.5 * math.cos(math.pi * (done - o.decay_from) / (1 - o.decay_from))
        return o.rate * warm * max(LEAST_RATE, falling)

    def set_rates(self, *optimisers: tuple[torch.optim.Optimizer, float]) -> None:
        """The learning rate of this step for each optimiser, whose own rate falls as `options.rate` does."""
        part = self.learning_rate() / self.options.rate
        for optimiser, rate in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = part * rate

    def optimizer_step(self, loss: Tensor, module: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """One step of `module` alone down the slope of a loss; a gradient longer than STEEPEST is shortened to it."""
        optimiser.zero_grad(set_to_none=True)
        loss.backward(inputs=list(module.parameters()))
        parallel.average_gradients(list(module.parameters()))
        nn.utils.clip_grad_norm_(module.parameters(), STEEPEST)
        optimiser.step()

    # the run --------------------------------------------------------------------------------------------------
    def run(self, folder: Path, save_minutes: float = 3.0, progress: bool = True) -> None:
        """Train to the end of the options. Raises Diverged, and KeyboardInterrupt after saving where one was asked for."""
        first = parallel.is_first()
        logger = RunLogger(folder, self) if first else None
        good, saved_at = copy.deepcopy(self.state()), time.monotonic()
        bar = progress_bar(None, progress and first, total=1.0, initial=self.progress(), desc="training", mininterval=5,
                           bar_format="{desc}: {percentage:5.1f}%|{bar}| {elapsed}<{remaining}{postfix}")
        try:
            with bar, interrupts() as signals:
                stop = False
                while self.progress() < 1 and not stop:
                    began = time.monotonic()
                    self._add(self.train_step())
                    self.seconds, stop = parallel.agree(self.seconds + time.monotonic() - began, bool(signals))
                    bar.update(self.progress() - bar.n)
                    if self.watch is not None:
                        self.watch()
                    if self.step % LOG_STEPS == 0:
                        self._close_means()
                        good = copy.deepcopy(self._checked_state())
                        if logger:
                            logger.log(self.step, self.seconds, self.means)
                            logger.early(good, self.progress())
                            bar.set_postfix({"step": self.step} | {k: f"{v:.2f}" for k, v in self.means.items()})
                    if logger and time.monotonic() - saved_at > 60 * save_minutes:
                        self._write(folder, logger)
                        saved_at = time.monotonic()
            self._checked_state()
            if logger:
                self._write(folder, logger)
        except Diverged as error:
            if logger:
                write_state(good, folder / STATE)
            raise Diverged(f"{error} {folder / STATE} has the last good weights, of step {good['step']}. "
                           "Go on from there with a lower rate: --resume --rate ...") from None
        finally:
            if logger:
                logger.close()
        if stop:
            raise KeyboardInterrupt

    def _write(self, folder: Path, logger: RunLogger) -> None:
        self._checked_state()
        self.save(folder / STATE)
        with parallel.alone():
            logger.measured(self.step, self.seconds, self.means, self.metrics())
            logger.picture(self.step, self.picture())
        self.saved()

    def _add(self, parts: dict[str, Tensor]) -> None:
        """Sums stay on the device: reading one off it at every step would hold it up."""
        for name, value in parts.items():
            self._sums[name] = self._sums[name] + value.detach() if name in self._sums else value.detach()
            self._counts[name] = self._counts.get(name, 0) + 1

    def _close_means(self) -> None:
        self.means = {name: float(value) / self._counts[name] for name, value in self._sums.items()}
        self._sums, self._counts = {}, {}
        wrong = [name for name, value in self.means.items() if not math.isfinite(value)]
        if wrong:
            raise Diverged(f"step {self.step}: the loss is NaN or Inf ({', '.join(wrong)}).")

    def _checked_state(self) -> dict[str, Any]:
        state = self.state()
        finite = [torch.isfinite(x).all().to(self.device) for x in tensors_of(state)]
        if not bool(torch.stack(finite).all()):                  # read off the device once
            raise Diverged(f"step {self.step}: weights are NaN or Inf.")
        return state

    # going on -------------------------------------------------------------------------------------------------
    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        random: dict[str, Any] = {"numpy": self.rng.bit_generator.state, "torch": torch.get_rng_state()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        return {name: part.state_dict() for name, part in self.parts().items()} | self.describe() | {
            "kind": self.kind, "step": self.step, "seconds": self.seconds, "options": vars(self.options).copy(), "random": random,
            "sums": dict(self._sums), "counts": dict(self._counts)}

    def save(self, path: Path) -> None:
        """Written whole or not at all. Raises OSError."""
        write_state(self.state(), path)

    def resume(self, path: Path) -> None:
        """Go on from `path`; the options of this run hold (a longer run, another rate). Raises ValueError where it is not of this run."""
        state = read_state(path)
        if state.get("kind") != self.kind:
            raise ValueError(f"{path} is a state of {state.get('kind')!r}, not of {self.kind!r}; train into another folder.")
        other = [name for name, value in self.describe().items() if state.get(name) != value]
        if other:
            raise ValueError(f"{path} is of another data set or another network ({', '.join(other)}); train into another folder.")
        try:
            self._restore(state)
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: damaged ({in_short(error)}). Train into another folder.") from error

    def _restore(self, state: dict[str, Any]) -> None:
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.step, self.seconds = state["step"], state["seconds"]
        self._sums, self._counts = {k: v.to(self.device) for k, v in state["sums"].items()}, dict(state["counts"])
        self.rng.bit_generator.state = state["random"]["numpy"]
        torch.set_rng_state(state["random"]["torch"].cpu())
        if self.device.type == "cuda" and "cuda" in state["random"]:
            torch.cuda.set_rng_state(state["random"]["cuda"].cpu(), self.device)
