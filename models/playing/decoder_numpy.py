"""The decoder in numpy, for playing: the function of `models/learning/decoder.py`, without torch's start-up of 2 s and its threads.

A hop needs a few rows, for which BLAS takes longer to rearrange the weights than to multiply by them, so the products are our own:
up to three times as fast as OpenBLAS for 2 to 16 rows, and no slower for hundreds. One core only; the performer has no other.
"""
import math

import numpy as np

from hummingface.compiled import compiled
from hummingface.models.playing.conditioning import WARP_S, Waves, note_waves, time_waves
from hummingface.models.playing.frame import HIGHEST, LOWEST, PARTIALS
from hummingface.models.playing.shape import Shape
from hummingface.models.playing.stereo import MONO, STEREO_HIGHEST, STEREO_LOWEST, STEREO_SIZE


@compiled()
def add_and_silu(x, bias, first=0):
    """In place: x = silu(x + bias), float32 x [B, W], bias [B, >= first + W] from column `first` on, or [1, ..] for all rows.

    The sigmoid is a rational tanh that vectors can do: Eigen's, to 4 ulp.
    """
    one, half = np.float32(1), np.float32(0.5)
    a1, a3, a5, a7 = np.float32(4.89352455891786e-03), np.float32(6.37261928875436e-04), np.float32(1.48572235717979e-05), \
        np.float32(5.12229709037114e-08)
    a9, a11, a13 = np.float32(-8.60467152213735e-11), np.float32(2.00018790482477e-13), np.float32(-2.76076847742355e-16)
    b0, b2, b4, b6 = np.float32(4.89352518554385e-03), np.float32(2.26843463243900e-03), np.float32(1.18534705686654e-04), \
        np.float32(1.19825839466702e-06)
    most = np.float32(7.9)
    for row in range(x.shape[0]):
        add = bias[min(row, bias.shape[0] - 1), first:first + x.shape[1]]
        for i in range(x.shape[1]):
            v = x[row, i] + add[i]
            t = min(max(half * v, -most), most)
            s = t * t
            top = t * (a1 + s * (a3 + s * (a5 + s * (a7 + s * (a9 + s * (a11 + s * a13))))))
            x[row, i] = half * v * (one + top / (b0 + s * (b2 + s * (b4 + s * b6))))


@compiled()
def multiply(x, weight, out):
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
    out = np.empty((len(x), len(weight)), np.float32)
    multiply(x, weight, out)
    return out


@compiled()
def features(first, second, scale, shift, turns, quarter_turn):
    """`hummingface.models.playing.conditioning.Waves` of two columns [B], float32: [B, features]."""
    waves = len(quarter_turn)
    out = np.empty((len(first), 4 + waves), np.float32)
    for row in range(len(first)):
        a, b = first[row] * scale[0] + shift[0], second[row] * scale[1] + shift[1]
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = a, b, a * a, b * b
        for i in range(waves):
            out[row, 4 + i] = math.sin(a * turns[0, i] + b * turns[1, i] + quarter_turn[i])
    return out


@compiled()
def limit_frames(moving, bias, note, first, lowest, highest):
    """Frames [B, FRAME_SIZE] of the last layer's products [B, MOVING], and of what each note says outright from column `first` on."""
    frames = np.empty((len(moving), len(lowest)), np.float32)
    moves = moving.shape[1]
    for row in range(len(moving)):
        frame, steady = frames[row], note[row, first:first + len(lowest) - moves]
        for i in range(moves):
            frame[i] = min(max(moving[row, i] + bias[i], lowest[i]), highest[i])
        for i in range(len(steady)):
            frame[moves + i] = min(max(steady[i], lowest[moves + i]), highest[moves + i])
    return frames


@compiled()
def moving(note, time_s, waves, layers, out_weight):
    """The last layer's products [B, MOVING] of notes [B, ..] at times [B], float32."""
    scale, shift, turns, quarter_turn = waves
    hidden = features(time_s, np.log1p(time_s * np.float32(1 / WARP_S)), scale, shift, turns, quarter_turn)
    first = 0
    for weight in layers:
        made = np.empty((len(hidden), len(weight)), np.float32)
        multiply(hidden, weight, made)
        add_and_silu(made, note, first)
        hidden, first = made, first + len(weight)
    out = np.empty((len(hidden), len(out_weight)), np.float32)
    multiply(hidden, out_weight, out)
    return out


@compiled()
def frames_of(note, time_s, waves, layers, out_weight, out_bias, steady, lowest, highest):
    """`NumpyDecoder.at` as one compiled call, since every hop needs it."""
    return limit_frames(moving(note, time_s, waves, layers, out_weight), out_bias, note, steady, lowest, highest)


class NumpyDecoder:
    """`weights`: the tensors of a model by name, as `hummingface.models.playing.shape.tensor_shapes` lists them, float32."""

    def __init__(self, shape: Shape, weights: dict[str, np.ndarray]) -> None:
        self.shape = shape
        self._note_features = note_waves(shape.pitch_waves)

        def layer(name: str) -> tuple[np.ndarray, np.ndarray]:
            weight = np.ascontiguousarray(weights[f"decoder.{name}.weight"], np.float32)     # a row per output
            return weight, weights.get(f"decoder.{name}.bias", np.zeros(len(weight), np.float32))
        self._note_net = [layer(f"note_net.{2 * i}") for i in range(shape.note_depth + 1)]
        self._phase_net = [layer(f"phase_net.{2 * i}") for i in range(shape.phase_depth + 1)]
        layers = (layer("time_in")[0], *(layer(f"time_net.{i}")[0] for i in range(shape.time_depth - 1)))
        self._out = layer("out")
        waves = time_waves(shape.time_waves)
        self._moving = ((waves.scale, waves.shift, waves.turns, waves.quarter_turn), layers, self._out[0])
        self._steady = shape.steady_in_note.start               # where in a note vector the constant values are
        self._stereo = slice(shape.steady_in_note.stop, shape.note_size)

    def note(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """The note vector, from which `at` computes any moment: z [B, L], pitch [B], velocity [B] -> [B, note_size]."""
        return _mlp(self._note_net, self._inputs(z, pitch, velocity))

    def note_hidden(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """What the last layer of `note` makes its vector from: [B, note_width]."""
        return _hidden(self._note_net, self._inputs(z, pitch, velocity))

    def unclamped(self, note: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """The raw output that depends on time, before clamping: notes [B, note_size], seconds [B] -> [B, MOVING]."""
        return moving(np.ascontiguousarray(note), np.asarray(time_s, np.float32), *self._moving) + self._out[1]

    def at(self, note: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """Frames of notes [B, note_size or more] at times [B]. float32 [B, FRAME_SIZE]"""
        return frames_of(np.ascontiguousarray(note), np.asarray(time_s, np.float32), *self._moving, self._out[1], self._steady, LOWEST,
                         HIGHEST)

    def stereo(self, note: np.ndarray) -> np.ndarray:
        """Balances and coherences of notes [B, note_size or more], within their limits: float32 [B, STEREO_SIZE]. Mono where the note
        vector has none."""
        if not self.shape.stereo:
            return np.broadcast_to(MONO, (len(note), STEREO_SIZE))
        return np.clip(note[:, self._stereo], STEREO_LOWEST, STEREO_HIGHEST)

    def phase_vectors(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """cos, sin of each partial's start phase, of any length. [B, 2, PARTIALS]"""
        return _mlp(self._phase_net, self._inputs(z, pitch, velocity)).reshape(-1, 2, PARTIALS)

    def start_phase(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Phases of the partials at note-on. [B, PARTIALS], radians"""
        cos, sin = self.phase_vectors(z, pitch, velocity).transpose(1, 0, 2)
        return np.arctan2(sin, cos)

    def _inputs(self, z: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        return np.concatenate([np.asarray(z, np.float32), _features(self._note_features, pitch, velocity)], 1)


def _features(waves: Waves, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    first, second = np.ascontiguousarray(first, np.float32), np.ascontiguousarray(second, np.float32)
    return features(first, second, waves.scale, waves.shift, waves.turns, waves.quarter_turn)


def _hidden(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> np.ndarray:
    for weight, bias in layers[:-1]:
        x = product(x, weight)
        add_and_silu(x, bias[None])
    return x


def _mlp(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> np.ndarray:
    weight, bias = layers[-1]
    return product(_hidden(layers, x), weight) + bias
