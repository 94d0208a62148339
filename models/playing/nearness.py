"""How much each of some points of latent space counts at another: the nearest most, and where two are as near, both."""
import numpy as np


def nearness(places: np.ndarray, z: np.ndarray, near: float) -> np.ndarray:
    """Shares of places [P, L] at a point z [.., L], which add up to 1: one that is `near` latents farther than the nearest hardly counts.
    [.., P]"""
    far = np.square(places - z[..., None, :]).sum(-1)
    weight = np.exp((far.min(-1, keepdims=True) - far) / (2 * near ** 2))
    return np.asarray(weight / weight.sum(-1, keepdims=True))
