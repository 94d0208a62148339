"""Places on a plane for sounds of which only distances are known, so that near ones stand near; and how far such places can be trusted.

Places are those of t-SNE (van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008), which begins with those of classical
scaling (Torgerson 1952), so there is nothing random in it. Then dots that would cover each other are moved apart.
"""
import numpy as np

from hummingface.instrument.patches.sound_map import MAP_WIDTH, NEAREST

NEIGHBOURS = 30.0                       # t-SNE's perplexity
STEPS, EARLY_STEPS = 800, 120
EXAGGERATION, RATE = 12.0, 50.0         # of early steps; of all
GAP = 0.065                             # between two dots, beside the map's height
APART_STEPS = 200
LEAST = 1e-12


def places_of(distances: np.ndarray) -> np.ndarray:
    """Places for points with these distances [N, N], within MAP_WIDTH x 1. [N, 2]"""
    return _filling(_apart(_filling(_tsne(distances))))


def trustworthiness(distances: np.ndarray, places: np.ndarray, nearest: int = NEAREST) -> float:
    """How far the nearest neighbours among places [N, 2] are near by their distances [N, N], too: 1 if all are, 0.5 by chance.

    Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001, as `sklearn.manifold.trustworthiness` has it:
    1 - 2 / (N k (2 N - 3 k - 1)) times the sum, over each point's k nearest among the places, of by how much their ranks by distance go
    beyond k.
    """
    return share_trusted(int(strangers(distances, places, nearest).sum()), len(distances), nearest)


def share_trusted(beyond: int, count: int, nearest: int = NEAREST) -> float:
    """Trustworthiness by the sum of `strangers` over `count` points."""
    return 1 - 2 * beyond / (count * nearest * (2 * count - 3 * nearest - 1))


def strangers(distances: np.ndarray, places: np.ndarray, nearest: int = NEAREST) -> np.ndarray:
    """By how much the ranks of each point's nearest neighbours on the map go beyond `nearest`, in all. [N]"""
    infinite = np.diag(np.full(len(distances), np.inf))
    near = np.argsort(_between(places) + infinite, 1, kind="stable")[:, :nearest]
    rank = np.argsort(np.argsort(distances - infinite, 1, kind="stable"), 1)         # 0: the point itself
    return np.asarray(np.maximum(np.take_along_axis(rank, near, 1) - nearest, 0).sum(1))


def _between(places: np.ndarray) -> np.ndarray:
    return np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1))


def _tsne(distances: np.ndarray) -> np.ndarray:
    count = len(distances)
    likeness = np.maximum(_likeness(np.square(distances / np.median(distances))), LEAST)
    places = _scaled(distances)
    places *= 1e-2 / places.std()
    speed, gain = np.zeros_like(places), np.ones_like(places)
    for step in range(STEPS):
        early = step < EARLY_STEPS
        away = places[:, None] - places[None]
        near = 1 / (1 + (away ** 2).sum(-1))
        near[np.arange(count), np.arange(count)] = 0
        pull = likeness * (EXAGGERATION if early else 1) - np.maximum(near / near.sum(), LEAST)
        slope = 4 * ((pull * near)[:, :, None] * away).sum(1)
        gain = np.maximum(np.where(np.sign(slope) != np.sign(speed), gain + 0.2, gain * 0.8), 0.01)
        speed = (0.5 if early else 0.8) * speed - RATE * gain * slope
        places = places + speed
    return places


def _likeness(squares: np.ndarray) -> np.ndarray:
    """How alike two points are, by squared distances [N, N]: the width of each point's Gaussian gives it NEIGHBOURS neighbours. It adds up
    to 1. [N, N]"""
    count = len(squares)
    alike = np.zeros((count, count))
    for i, row in enumerate(squares):
        others = np.arange(count) != i
        far = row[others] - row[others].min()
        low, high = 1e-6, 1e6
        for _ in range(60):
            sharp = np.sqrt(low * high)
            share = np.exp(-far * sharp)
            share /= share.sum()
            low, high = (sharp, high) if -(share * np.log(share + 1e-30)).sum() > np.log(NEIGHBOURS) else (low, sharp)
        alike[i, others] = share
    return (alike + alike.T) / (2 * count)


def _scaled(distances: np.ndarray) -> np.ndarray:
    """Classical scaling: the two directions in which points differ most. [N, 2]"""
    centre = np.eye(len(distances)) - 1 / len(distances)
    values, vectors = np.linalg.eigh(-centre @ np.square(distances) @ centre / 2)
    vectors = vectors[:, -2:] * np.sign(vectors[np.abs(vectors[:, -2:]).argmax(0), (-2, -1)])        # whatever sign the library gives them
    return np.asarray(vectors * np.sqrt(np.maximum(values[-2:], 0)))


def _filling(places: np.ndarray) -> np.ndarray:
    """The longest direction laid along the map, and both stretched to its edges."""
    centred = places - places.mean(0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    turned = centred @ (axes * np.sign(axes[[0, 1], np.abs(axes).argmax(1)])[:, None]).T
    low, high = turned.min(0), turned.max(0)
    return np.asarray((turned - low) / (high - low) * (MAP_WIDTH, 1.0))


def _apart(places: np.ndarray) -> np.ndarray:
    for _ in range(APART_STEPS):
        away = places[:, None] - places[None]
        far = np.sqrt((away ** 2).sum(-1)) + np.diag(np.full(len(places), np.inf))
        push = np.maximum(GAP - far, 0)
        if push.max() < 1e-3 * GAP:
            break
        with np.errstate(invalid="ignore"):
            places = places + 0.3 * np.nan_to_num(away / far[..., None] * push[..., None]).sum(1)
    return places
