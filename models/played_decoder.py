"""The decoder as it is played: the function of `models/decoder.py`, in numpy, with neither torch's 2 s of start nor its threads.

A hop asks for a few rows, for which BLAS takes longer to rearrange the weights than to multiply by them: products of up to
`MOST_SMALL_ROWS` rows are our own (1.3 to 2.5 times as fast, measured with OpenBLAS), larger ones BLAS calls, which threads only slow
down: programs that play set OPENBLAS_NUM_THREADS (or their library's variable) to 1 before they import numpy.
"""
import math

import numba
import numpy as np

from models.conditioning import WARP_S, Waves, note_waves, time_waves
from models.frame import HIGHEST, LOWEST, MOVING, PARTIALS, STEADY
from models.shape import Shape


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def add_and_silu(x, bias):
    """In place: x = silu(x + bias), float32 [B, W] both. The sigmoid is a rational tanh that vectors can do: Eigen's, to 4 ulp."""
    one, half = np.float32(1), np.float32(0.5)
    a1, a3, a5, a7 = np.float32(4.89352455891786e-03), np.float32(6.37261928875436e-04), np.float32(1.48572235717979e-05), \
        np.float32(5.12229709037114e-08)
    a9, a11, a13 = np.float32(-8.60467152213735e-11), np.float32(2.00018790482477e-13), np.float32(-2.76076847742355e-16)
    b0, b2, b4, b6 = np.float32(4.89352518554385e-03), np.float32(2.26843463243900e-03), np.float32(1.18534705686654e-04), \
        np.float32(1.19825839466702e-06)
    most = np.float32(7.9)
    for row in range(x.shape[0]):
        for i in range(x.shape[1]):
            v = x[row, i] + bias[row, i]
            t = min(max(half * v, -most), most)
            s = t * t
            top = t * (a1 + s * (a3 + s * (a5 + s * (a7 + s * (a9 + s * (a11 + s * a13))))))
            x[row, i] = half * v * (one + top / (b0 + s * (b2 + s * (b4 + s * b6))))


MOST_SMALL_ROWS = 32


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def small_product(x, weight, out):
    """out [B, N] = x [B, K] @ weight [N, K].T, float32: four rows and two columns at a time, so that each weight is read once for four."""
    rows, columns, inner = x.shape[0], weight.shape[0], x.shape[1]
    zero, row = np.float32(0), 0
    while rows - row >= 4:
        x0, x1, x2, x3 = x[row], x[row + 1], x[row + 2], x[row + 3]
        for n in range(0, columns - 1, 2):
            w, v = weight[n], weight[n + 1]
            a0, a1, a2, a3, b0, b1, b2, b3 = zero, zero, zero, zero, zero, zero, zero, zero
            for k in range(inner):
                a, b = w[k], v[k]
                a0 += x0[k] * a
                a1 += x1[k] * a
                a2 += x2[k] * a
                a3 += x3[k] * a
                b0 += x0[k] * b
                b1 += x1[k] * b
                b2 += x2[k] * b
                b3 += x3[k] * b
            out[row, n], out[row + 1, n], out[row + 2, n], out[row + 3, n] = a0, a1, a2, a3
            out[row, n + 1], out[row + 1, n + 1], out[row + 2, n + 1], out[row + 3, n + 1] = b0, b1, b2, b3
        for n in range(columns & ~1, columns):
            w = weight[n]
            a0, a1, a2, a3 = zero, zero, zero, zero
            for k in range(inner):
                a0 += x0[k] * w[k]
                a1 += x1[k] * w[k]
                a2 += x2[k] * w[k]
                a3 += x3[k] * w[k]
            out[row, n], out[row + 1, n], out[row + 2, n], out[row + 3, n] = a0, a1, a2, a3
        row += 4
    while rows - row >= 2:
        x0, x1 = x[row], x[row + 1]
        for n in range(columns):
            w = weight[n]
            a0, a1 = zero, zero
            for k in range(inner):
                a0 += x0[k] * w[k]
                a1 += x1[k] * w[k]
            out[row, n], out[row + 1, n] = a0, a1
        row += 2
    if row < rows:
        x0 = x[row]
        for n in range(columns):
            w = weight[n]
            a0 = zero
            for k in range(inner):
                a0 += x0[k] * w[k]
            out[row, n] = a0


def product(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """x [B, K] by a layer's weight [N, K]: [B, N] float32."""
    if len(x) > MOST_SMALL_ROWS:
        return x @ weight.T
    out = np.empty((len(x), len(weight)), np.float32)
    small_product(x, weight, out)
    return out


@numba.njit(nogil=True, cache=True)
def features(first, second, scale, shift, turns, quarter_turn):
    """`models.conditioning.Waves` of two columns [B], float32: [B, features]."""
    waves = len(quarter_turn)
    out = np.empty((len(first), 4 + waves), np.float32)
    for row in range(len(first)):
        a, b = first[row] * scale[0] + shift[0], second[row] * scale[1] + shift[1]
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = a, b, a * a, b * b
        for i in range(waves):
            out[row, 4 + i] = math.sin(a * turns[0, i] + b * turns[1, i] + quarter_turn[i])
    return out


class PlayedDecoder:
    """`weights`: the tensors of a model by name, as `models.shape.tensor_shapes` lists them, float32."""

    def __init__(self, shape: Shape, weights: dict[str, np.ndarray]) -> None:
        self.shape = shape
        self._note_features, self._time_features = note_waves(shape.pitch_waves), time_waves(shape.time_waves)

        def layer(name: str) -> tuple[np.ndarray, np.ndarray]:
            weight = np.ascontiguousarray(weights[f"decoder.{name}.weight"], np.float32)     # a row per output
            return weight, weights.get(f"decoder.{name}.bias", np.zeros(len(weight), np.float32))
        self._note_net = [layer(f"note_net.{2 * i}") for i in range(shape.note_depth + 1)]
        self._phase_net = [layer(f"phase_net.{2 * i}") for i in range(shape.phase_depth + 1)]
        self._time_net = [layer("time_in")[0], *(layer(f"time_net.{i}")[0] for i in range(shape.time_depth - 1))]
        self._out = layer("out")

    def note(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """What is played, ready to be asked for any moment: z [B, L], pitch [B], velocity [B] -> [B, note_size]."""
        return _mlp(self._note_net, self._inputs(z, pitch, velocity))

    def unclamped(self, note: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """What changes at each moment, before the limits of a frame: notes [B, note_size], seconds [B] -> [B, MOVING]."""
        time_s = np.asarray(time_s, np.float32)
        hidden, width = _features(self._time_features, time_s, np.log1p(time_s * np.float32(1 / WARP_S))), self.shape.width
        for i, weight in enumerate(self._time_net):
            hidden = product(hidden, weight)
            add_and_silu(hidden, note[:, i * width:(i + 1) * width])
        return product(hidden, self._out[0]) + self._out[1]

    def at(self, note: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames of notes [B, note_size] at times [B]. float32 [B, FRAME_SIZE]"""
        frames = np.empty((len(note), STEADY.stop), np.float32)
        frames[:, MOVING] = self.unclamped(note, time_s)
        frames[:, STEADY] = note[:, self.shape.time_depth * self.shape.width:]
        return np.minimum(np.maximum(frames, LOWEST, out=frames), HIGHEST, out=frames)

    def phase_vectors(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """cos, sin of each partial's start, of any length. [B, 2, PARTIALS]"""
        return _mlp(self._phase_net, self._inputs(z, pitch, velocity)).reshape(-1, 2, PARTIALS)

    def start_phase(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases of the partials at note-on. [B, PARTIALS], radians"""
        cos, sin = self.phase_vectors(z, pitch, velocity).transpose(1, 0, 2)
        return np.arctan2(sin, cos)

    def _inputs(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        return np.concatenate([np.asarray(z, np.float32), _features(self._note_features, pitch, velocity)], 1)


def _features(waves: Waves, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return features(np.asarray(first, np.float32), np.asarray(second, np.float32), waves.scale, waves.shift, waves.turns,
                    waves.quarter_turn)


def _mlp(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> np.ndarray:
    for weight, bias in layers[:-1]:
        x = product(x, weight)
        add_and_silu(x, np.broadcast_to(bias, x.shape))
    weight, bias = layers[-1]
    return product(x, weight) + bias
