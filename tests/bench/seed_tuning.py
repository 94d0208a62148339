"""How far the keys of the models of whole notes that ship are off, through the engine: `python -m tests.bench.seed_tuning`.

Each note is played dry for 1.2 s and tracked from 0.2 s on (`tests/tracker.py`). Notes that repeat for less than half of their power
within a period are noises, and counted apart, as are those that have died away by 50 dB until then (a drum's, 16 times as fast as it
was). Presets are what ships; `--random` adds points that nobody chose. `--weed MODEL..` plays all presets of models at all 88 keys, and
leaves those out of their cards of which one key is off: so what ships is in tune.
"""
import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from hummingface.instrument.offline.player import Player
from hummingface.instrument.patches.patch import Patch
from hummingface.instrument.performance.messages.midi import Controller, NoteOn
from hummingface.instrument.performance.sound_bank import source_of
from hummingface.models.playing.checkpoint import load_model, save_card
from tests.tracker import cents_off

ASSETS, RATE_HZ = Path(__file__).parents[2] / "assets" / "models", 48_000
FROM_S, TO_S = 0.2, 1.2
MOST_CENTS = 5.0
DIED_AWAY = 10 ** (-50 / 20)


def off_keys(source, latents: Iterable[float], keys: Iterable[int]) -> Iterator[tuple[int, float | None]]:
    """(key, cents that it is off, None where it is a noise or silent) of notes at a point, played one after the other."""
    patch = Patch("Point", source.name, tuple(map(float, latents)), {"reverb.mix": 0.0, "master.width": 0.0})
    player = Player(source, patch, rate_hz=RATE_HZ)
    for key in keys:
        player.performer.receive(NoteOn(0, key, 100), player.position)
        whole = player.render(round(TO_S * RATE_HZ), 512)[:, 0].astype(np.float64)
        player.performer.receive(Controller(0, 120, 0), player.position)
        player.render(2048, 512)
        sound, level = whole[round(FROM_S * RATE_HZ):], np.sqrt((whole.reshape(-1, 480) ** 2).mean(1))
        heard = np.sqrt((sound ** 2).mean()) > DIED_AWAY * level.max()
        yield key, cents_off(sound, 440 * 2 ** ((key - 69) / 12), RATE_HZ) if heard else None


def weed(path: Path) -> None:
    """Rewrites the card of a model without the presets of which a key is off."""
    model = load_model(path)
    source = source_of(model)
    for name in list(model.presets):
        off = max((abs(cents) for _, cents in off_keys(source, model.presets[name], range(21, 109)) if cents is not None), default=0.0)
        if off > MOST_CENTS:
            del model.presets[name], model.card["presets"][name]
            print(f"{model.name}: {name} is off by {off:.1f} cents at a key, and left out", flush=True)
    print(f"{save_card(model, path)}: {len(model.presets)} presets stay", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--presets", type=int, default=24, help="so many of each model, evenly")
    parser.add_argument("--every", type=int, default=4, help="so many keys, each preset beginning at another")
    parser.add_argument("--random", type=int, default=0, help="so many random points of each model besides")
    parser.add_argument("--weed", type=Path, nargs="+", metavar="MODEL", help="instead: presets that are off leave their cards")
    args = parser.parse_args()
    if args.weed:
        for path in args.weed:
            weed(path)
        return
    for path in sorted(ASSETS.glob("seed_*.safetensors")):
        model = load_model(path)
        source, rng = source_of(model), np.random.default_rng(0)
        names = [list(model.presets)[i] for i in np.unique(np.linspace(0, len(model.presets) - 1, args.presets).round().astype(int))]
        chance = np.zeros((args.random, model.latents))
        chance[:, :model.free_latents] = rng.standard_normal((args.random, model.free_latents)).clip(-3, 3)
        for kind, points in (("presets", [model.presets[name] for name in names]), ("random points", list(chance))):
            if points:
                found = [off for i, z in enumerate(points) for _, off in off_keys(source, z, range(21 + i % args.every, 109, args.every))]
                heard = np.abs([off for off in found if off is not None])
                over = int(np.sum(heard > MOST_CENTS))
                print(f"{model.name}, {len(points)} {kind}: median {np.median(heard):.2f} cents, worst {heard.max():.1f}, "
                      f"more than {MOST_CENTS:g}: {over} of {len(heard)}; {len(found) - len(heard)} more are noise or silent", flush=True)


if __name__ == "__main__":
    main()
