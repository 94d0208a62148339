"""The generator of STFT models in numpy, for playing: the function of `models/learning/stft_networks.py`, without torch.

A transposed convolution is one matrix product (all 4 x 4 taps of all outputs by the cells of the image), by BLAS, and a compiled
loop that adds each tap to its place. Batch normalisation is already folded into the weights.
"""
from collections.abc import Iterator

import numpy as np

from hummingface.compiled import FAST, compiled
from hummingface.models.playing.stft import CHANNELS, lobes
from hummingface.models.playing.stft_shape import DOUBLINGS, FIRST_SIDE, KERNEL, StftShape

SLOPE = 0.2                           # of leaky ReLUs below 0, as in stft_networks.py


@compiled(fastmath=FAST - {"arcp"})
def spread(taps, bias, slope):
    """taps [C, 4, 4, H, W] -> leaky_relu(sum of them, each two apart, from -1 on; + bias) [C, 2 H, 2 W]. slope 1: no activation"""
    channels, height, width = taps.shape[0], taps.shape[3], taps.shape[4]
    out = np.empty((channels, 2 * height, 2 * width), np.float32)
    for c in range(channels):
        for i in range(2 * height):
            ki = (i + 1) % 2                                   # rows that meet here: taps ki and ki + 2, of cells near i / 2
            low = (i + 1 - ki) // 2                            # cell of tap ki; the one before it has tap ki + 2
            for j in range(2 * width):
                kj = (j + 1) % 2
                left = (j + 1 - kj) // 2
                value = bias[c]
                if low < height:
                    if left < width:
                        value += taps[c, ki, kj, low, left]
                    if left > 0:
                        value += taps[c, ki, kj + 2, low, left - 1]
                if low > 0:
                    if left < width:
                        value += taps[c, ki + 2, kj, low - 1, left]
                    if left > 0:
                        value += taps[c, ki + 2, kj + 2, low - 1, left - 1]
                out[c, i, j] = value if value > 0 else slope * value
    return out


class NumpyGenerator:
    """`weights`: tensors by the names of `hummingface.models.playing.stft_shape.stft_tensor_shapes`, float32."""

    def __init__(self, shape: StftShape, weights: dict[str, np.ndarray]):
        self.shape = shape
        self._first = weights["generator.0.weight"], weights["generator.0.bias"]
        self._lobes = lobes(np.arange(shape.lowest, shape.highest + 1), shape.layout)
        self._layers = []
        for i in range(DOUBLINGS):
            weight = weights[f"generator.{i + 1}.weight"]                              # [in, out, 4, 4]
            self._layers.append((np.ascontiguousarray(weight.reshape(len(weight), -1).T), weights[f"generator.{i + 1}.bias"]))

    def inputs(self, z: np.ndarray, key: int) -> np.ndarray:
        """The network's inputs from z [L] and the index of the key above the lowest. [inputs]"""
        values = np.zeros(self.shape.inputs, np.float32)
        values[:self.shape.latents] = z
        if self.shape.keys > 1:
            values[self.shape.latents + key] = 1
        return values

    def steps(self, z: np.ndarray, key: int) -> Iterator[np.ndarray]:
        """One layer after the other; the last one gives the image [2, SIDE, SIDE]."""
        weight, bias = self._first
        x = weight @ self.inputs(z, key) + bias
        x = np.where(x > 0, x, np.float32(SLOPE) * x).reshape(self.shape.channels[0], -1)
        side = FIRST_SIDE
        for i, (weight, bias) in enumerate(self._layers):
            taps = (weight @ x.reshape(len(x), -1)).reshape(len(bias), KERNEL, KERNEL, side, side)
            x = spread(taps, bias, np.float32(1 if i == DOUBLINGS - 1 else SLOPE))
            side *= 2
            yield x if i < DOUBLINGS - 1 else x[:CHANNELS] * self._lobes[key][:, None] + x[CHANNELS:]

    def image(self, z: np.ndarray, key: int) -> np.ndarray:
        """[2, SIDE, SIDE]"""
        *_, last = self.steps(z, key)
        return last
