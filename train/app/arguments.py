"""The arguments of `hummingface train`; `train/app/commands.py` executes them."""
import argparse
from collections.abc import Callable
from pathlib import Path

from hummingface.command_parser import CommandParser
from hummingface.train.notes.opening import add_overrides
from hummingface.train.notes.program_families import FACTORY, MUSESCORE, SOUNDFONT, ZYN_BANKS

ABOUT = "Make the data, train, export, measure."
AUTOENCODER = {"steps": 44_000, "notes": 256, "rate": 4e-3, "width": 384}
GAN = {"steps": 40_000, "notes": 32, "rate": 1e-3, "width": 384}
SEED = {"steps": 6_000, "notes": 16, "rate": 1e-3, "width": 24}            # of models of whole notes

AddCommand = Callable[[str, str], argparse.ArgumentParser]                   # (its name, what it does): its own parser


def build_parser() -> CommandParser:
    """All commands and their options."""
    parser = CommandParser(prog="hummingface train", description=ABOUT)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, help: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help, description=help)
        made.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors, and show no progress")
        made.add_argument("-v", "--verbose", action="store_true", help="show on the terminal what goes into the log file")
        return made

    for add in (_add_data, _add_training, _add_finishing, _add_measuring, _add_learning):
        add(command)
    return parser


def _add_data(command: AddCommand) -> None:
    """What makes notes to learn from."""
    prepare = command("prepare", "make training data of SoundFonts, NSynth and folders of recordings; goes on where it was stopped")
    prepare.add_argument("source", type=Path, nargs="+", help=".sf2 .sf3, NSynth's folder .tar.gz .tfrecord, "
                         "patches or banks of ZynAddSubFX, a folder of recordings, .sfz; several are taken in turn")
    prepare.add_argument("--out", dest="data", type=Path, required=True, metavar="DATA", help="folder for the prepared notes")
    prepare.add_argument("--workers", type=count, metavar="N", help="processes; by default one for each core")
    prepare.add_argument("--representation", choices=("frames", "stft"), default="frames",
                         help="stft: 16 kHz sounds, for models of whole notes")
    prepare.add_argument("--background", action="store_true", help="at the lowest priority")
    add_overrides(prepare)

    loudness = command("loudness", "of prepared notes: each instrument's trend over the keys and range, and how even it is without them")
    loudness.add_argument("data", type=Path, help="folder of prepared notes")
    loudness.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")

    fetch = command("fetch", "download a published data set; goes on where it was stopped, checks size and SHA-256")
    fetch.add_argument("set", choices=("nsynth",), help="the data set")
    fetch.add_argument("--split", choices=("train", "valid", "test"), default="test", help="which part of it")
    fetch.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where to put it")
    fetch.add_argument("--url", help="another place that has the same file")


def _add_training(command: AddCommand) -> None:
    """The runs, one for each way of learning."""
    for name, help, usual in (("autoencoder", "train decoder, encoder and latent space", AUTOENCODER),
                              ("gan", "train a decoder as generator, against a discriminator", GAN),
                              ("cgan", "the same, with conditions: family, source, qualities, characteristics", GAN)):
        train = command(name, help + "; --resume goes on")
        train.add_argument("data", type=Path, help="folder of prepared notes")
        train.add_argument("--run", type=Path, required=True, help="folder for all of it: state, log, pictures, metrics")
        train.add_argument("--only", metavar="NAME,..", help="learn these instruments of the data alone")
        train.add_argument("--representation", choices=("frames", "stft", "if"), default="frames", help="stft: whole notes as STFT images, "
                           "real and imaginary part (docs/stft-models.md); if: their log magnitude and instantaneous frequency")
        train.add_argument("--power", type=float, default=0.5, help="of magnitudes in stft: 1 does not compress them")
        train.add_argument("--unturned", action="store_true", help="stft: phases as they are, not relative to the key's harmonics")
        _training_options(train, usual)
        train.add_argument("--resume", action="store_true", help="go on from where the run was stopped")


def _add_finishing(command: AddCommand) -> None:
    """What is made of a run, and what is added to a model afterwards."""
    labels = command("labels", "measure what each latent of a model mostly does, for its label: into its card, weights stay as they are")
    labels.add_argument("model", help="a name of the library, or a file")

    stereo = command("stereo", "give a mono model the width of the notes that it learnt: nothing else of what it plays changes")
    stereo.add_argument("model", help="a name of the library, or a file")
    stereo.add_argument("--notes", type=Path, required=True, metavar="SOURCE", help="as `prepare` takes them; presets go by their names")
    stereo.add_argument("--out", type=Path, required=True, metavar="NAME", help="of the two files to write, with its folder")
    add_overrides(stereo)

    export = command("export", "write the model of a run, with its card")
    export.add_argument("data", type=Path, help="folder of prepared notes that the run learnt")
    export.add_argument("run", type=Path, help="folder of the run")
    export.add_argument("model", type=Path, help="NAME of the two files to write, with its folder")
    export.add_argument("--name", default=FACTORY, help="of the model")
    export.add_argument("--metrics", type=Path, help="JSON file that `evaluate` wrote")


def _add_measuring(command: AddCommand) -> None:
    """What tells how good a model is."""
    evaluate = command("evaluate", "measure a model: on notes of any source, or at the keys of its data, left-out ones too")
    evaluate.add_argument("model", help="a name of the library, a file, or a run")
    evaluate.add_argument("--notes", type=Path, nargs="+", metavar="SOURCE", help="as `prepare` takes them")
    evaluate.add_argument("--count", type=int, metavar="N", help="only so many notes, spread over the source")
    evaluate.add_argument("--points", choices=("preset", "encoder", "refined"), default="refined", help="how each note's latents are found")
    evaluate.add_argument("--targets", action="store_true", help="also what a model that had learnt all perfectly would reach")
    evaluate.add_argument("--held-out", action="store_true", help="of --notes: keys that `learn --hold-out` left out, beside the mean of "
                          "their neighbours")
    evaluate.add_argument("--write", type=Path, metavar="DIR", help="each note's reconstruction, under the note's own name")
    evaluate.add_argument("--data", type=Path, help="prepared SoundFont notes: trained keys beside those left out")
    evaluate.add_argument("--soundfont", type=Path, default=SOUNDFONT, help="that --data came from")
    evaluate.add_argument("--left-out", type=int, default=100, metavar="N", help="of --data: how many notes of keys that were left out")
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    add_overrides(evaluate)

    report = command("report", "what runs have learnt, as one page with pictures and sounds: needs nothing but a browser")
    report.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders that --run named; several sizes of latents are compared")
    report.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="the page to write")
    report.add_argument("--data", type=Path, help="prepared notes, where they are not where the run found them")
    report.add_argument("--notes", type=Path, nargs="+", default=(), metavar="SOURCE", help="real notes to reconstruct, instead of its own")
    report.add_argument("--sounds", type=Path, metavar="FOLDER", help="write the page's sounds as files, too: originals, reconstructions, "
                        "near-zero latents, random samples, walks")
    report.add_argument("--count", type=int, default=12, metavar="N", help="notes that are reconstructed and measured")


def _add_learning(command: AddCommand) -> None:
    """All of it in one go, and what serves the window."""
    learn = command("learn", "from recordings to a model that plays, in one go: prepare, train, axes, card, into the library")
    learn.add_argument("source", type=Path, nargs="+", metavar="FOLDER", help="recordings, or anything that `prepare` takes")
    learn.add_argument("--name", required=True, help="of the model")
    learn.add_argument("--minutes", type=positive, default=9.0, metavar="M", help="in all")
    learn.add_argument("--latents", type=count, default=16, help="dimensions of the latent space")
    learn.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    learn.add_argument("--threads", type=count, help="of the CPU; PyTorch decides if left out")
    learn.add_argument("--workers", type=count, metavar="N", help="processes that prepare; by default one for each core")
    learn.add_argument("--seed", type=seed, default=0, help="of random numbers")
    learn.add_argument("--licence", default="", help="of the recordings, for the card")
    learn.add_argument("--uneven", action="store_true", help="keys stay as loud as they were recorded; else each is brought to the level "
                       "that its dynamic has about it")
    learn.add_argument("--hold-out", action="store_true", help="leave one key in 12 out of training, to measure what lies between keys")
    learn.add_argument("--out", type=Path, metavar="FOLDER", help="instead of the library")
    learn.add_argument("--work", type=Path, metavar="FOLDER", help="for prepared notes and the state of training; by default the cache")
    learn.add_argument("--replace", action="store_true", help="a model of this name that was made another way")
    learn.add_argument("--background", action="store_true", help="at the lowest priority, on one core")
    learn.add_argument("--tell", action="store_true", help="for programs: what goes on, in lines of JSON, with models to be played on the "
                       "way; ends where standard input does")
    add_overrides(learn)

    command("points", "for programs: recordings into points of a model's latent space, asked and answered in lines of JSON")

    factory = command("factory", "all of it: prepare, train, export. What made the factory model")
    factory.add_argument("work", type=Path, help="folder for data and run (about 4 GB)")
    factory.add_argument("model", type=Path, help="NAME of the two files to write, with its folder")
    factory.add_argument("--of", dest="source", type=Path, nargs="+", default=[SOUNDFONT], metavar="SOURCE", help="that it learns, as "
                         "`prepare` takes them. The first Atlas learnt FluidR3 on a grid (--instruments 64), later ones learn --draws of "
                         f"{SOUNDFONT.name}, {MUSESCORE.name} and {ZYN_BANKS}")
    factory.add_argument("--workers", type=count, metavar="N", help="processes; by default one for each core")
    add_overrides(factory)
    _training_options(factory, AUTOENCODER)


def count(text: str) -> int:
    """An argparse type: a whole number from 1 on."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return value


def positive(text: str) -> float:
    """An argparse type: a number above 0."""
    if not (value := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return value


def seed(text: str) -> int:
    """An argparse type: what numpy and torch both begin random numbers with."""
    if not 0 <= (value := int(text)) < 1 << 63:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 0 on")
    return value


def _training_options(parser: argparse.ArgumentParser, usual: dict) -> None:
    parser.set_defaults(usual=usual)
    parser.add_argument("--steps", type=count, help=f"{usual['steps']}, of whole notes {SEED['steps']}, if not given")
    parser.add_argument("--epochs", type=positive, metavar="E", help="instead of --steps: so many times all notes")
    parser.add_argument("--minutes", type=positive, default=float("inf"), metavar="M", help="stop after so long, if that is earlier")
    parser.add_argument("--notes", type=count, help=f"in a batch; {usual['notes']}, of whole notes {SEED['notes']}, if not given")
    parser.add_argument("--rate", type=positive, help=f"learning rate; {usual['rate']:g}, of whole notes {SEED['rate']:g}, if not given")
    parser.add_argument("--latents", type=count, default=16, help="dimensions of the latent space")
    parser.add_argument("--from", dest="start", metavar="MODEL", help="begin with the weights of a model: of the library, a file, or a run")
    parser.add_argument("--width", type=count, help=f"of the layers that know of time, asked for every voice and hop: {usual['width']}; "
                                                  f"of whole notes {SEED['width']} channels")
    parser.add_argument("--note-width", type=count, default=768, help="of those that know what is played: asked when it changes")
    parser.add_argument("--note-depth", type=count, default=2, help="how many of these there are")
    parser.add_argument("--mixed", type=float, default=0.0, metavar="SHARE", help="of notes that are learnt between two instruments")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--precision", choices=("auto", "32", "bf16"), default="auto", help="of the networks; auto: bf16 on CUDA")
    parser.add_argument("--threads", type=count, help="of the CPU; PyTorch decides if left out")
    parser.add_argument("--seed", type=seed, default=0, help="of random numbers")
