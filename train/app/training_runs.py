"""`hummingface train autoencoder, gan, cgan`: opens the notes, makes what learns and runs it."""
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hummingface.train.app.arguments import SEED
from hummingface.train.app.model_library import open_frame_model

if TYPE_CHECKING:
    from hummingface.train.data.dataset import NoteBank


def device(asked: str) -> str:
    """The device to compute on, as torch calls it. Raises ValueError where it cannot be used."""
    import torch
    if asked != "auto":
        try:
            torch.empty(0, device=asked)
        except (RuntimeError, AssertionError) as error:                  # torch says it in several ways
            why = str(error).splitlines()[0]
            raise ValueError(f"--device {asked}: torch cannot use it here ({why}). Give cpu, or leave it out.") from error
        return asked
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def autoencoder(args: Namespace) -> int:
    if getattr(args, "representation", "frames") != "frames":
        return _stft(args, "autoencoder")
    from hummingface.models.playing.shape import Shape
    from hummingface.train.learning.train_autoencoder import AutoencoderOptions, AutoencoderTrainer

    def made(bank: "NoteBank", device: str, steps: int) -> AutoencoderTrainer:
        options = AutoencoderOptions(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, seed=args.seed, mixed=args.mixed)
        shape = Shape(latents=args.latents, width=args.width, note_width=args.note_width, note_depth=args.note_depth, stereo=bank.is_stereo)
        return AutoencoderTrainer(bank, shape, options, device=device, precision=args.precision)
    return _train(args, made)


def gan(args: Namespace, conditional: bool = False) -> int:
    if args.representation != "frames":
        return _stft(args, "cgan" if conditional else "gan")
    from hummingface.models.playing.shape import Shape
    from hummingface.train.learning.train_gan import GanOptions, GanTrainer

    def made(bank: "NoteBank", device: str, steps: int) -> GanTrainer:
        options = GanOptions(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, critic_rate=args.rate / 2, seed=args.seed)
        shape = Shape(latents=args.latents, width=args.width, note_width=args.note_width, note_depth=args.note_depth, stereo=bank.is_stereo)
        return GanTrainer(bank, shape, options, conditional, device, args.precision)
    return _train(args, made)


def cgan(args: Namespace) -> int:
    return gan(args, True)


def _stft(args: Namespace, system: str) -> int:
    """The seed's own systems: models of whole notes, as STFT images."""
    from hummingface.models.playing.stft import Layout
    from hummingface.train.data.note_sounds import NoteSounds
    from hummingface.train.learning.train_stft import StftAutoencoderTrainer, StftGanTrainer, StftLearner, StftOptions, shape_for
    layout = Layout("if") if args.representation == "if" else Layout("ri", args.power, not args.unturned)

    def opened(folder: Path, only: list[str] | None) -> NoteSounds:
        return NoteSounds(folder, layout, only)

    def made(bank: NoteSounds, device: str, steps: int) -> StftLearner:
        options = StftOptions(steps=steps, minutes=args.minutes, notes=args.notes, rate=args.rate, critic_rate=0.3 * args.rate,
                              seed=args.seed)
        shape = shape_for(bank, args.latents, args.width, layout)
        if system == "autoencoder":
            return StftAutoencoderTrainer(bank, shape, options, device, args.precision)
        return StftGanTrainer(bank, shape, options, system == "cgan", device, args.precision)
    return _train(args, made, opened)


def _train(args: Namespace, made: Callable, opened: Callable | None = None) -> int:
    """Opens the data, makes the learner and runs it, in one process or, where torchrun started it, in one of many."""
    import torch

    from hummingface.train.data.dataset import NoteBank
    from hummingface.train.learning import parallel
    from hummingface.train.learning.run_state import STATE
    for name, value in (SEED if opened else args.usual).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    where = parallel.join(device(args.device))
    try:
        only = getattr(args, "only", None)
        bank = (opened or NoteBank)(args.data, [name.strip() for name in only.split(",")] if only else None)
        learner = made(bank, where, max(1, round(args.epochs * len(bank.trained) / args.notes)) if args.epochs else args.steps)
        state = args.run / STATE
        if state.is_file():
            if not getattr(args, "resume", True):
                raise ValueError(f"{state} is there already: give --resume to go on, or another folder.")
            learner.resume(state)
        elif getattr(args, "start", None) and opened:
            raise ValueError("--from begins with a model of frames; a run of whole notes goes on with --resume.")
        elif getattr(args, "start", None):
            from hummingface.train.learning.warm_start import start_from
            known = start_from(learner, open_frame_model(args.start, args.library))
            if parallel.is_first():
                print(f"begins where {args.start} stands, which knows {known} of {len(bank.instruments)} instruments by name")
        if parallel.is_first():
            print(f"{len(bank)} notes of {len(bank.instruments)} instruments, {where}, from step {learner.step}", flush=True)
        learner.run(args.run)
    finally:
        parallel.part()
    return 0
