"""What the trainers share: weights averaged over the steps, and the critics' penalty."""
from collections.abc import Sequence

import torch
from torch import Tensor, nn


@torch.no_grad()
def follow(average: nn.Module, trained: nn.Module, average_steps: float, step: int) -> None:
    """Move the averaged weights towards the trained ones (an exponential moving average over `average_steps`; Polyak 1992). At the
    beginning it moves faster, so that it forgets the initial weights."""
    keep = min(1 - 1 / average_steps, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(trained.parameters()), 1 - keep)
    for mean, newest in zip(average.buffers(), trained.buffers(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(newest, 1 - keep)
        else:
            mean.copy_(newest)


def slope_penalty(logits: Tensor, inputs: Sequence[Tensor]) -> Tensor:
    """R1: the mean over notes of the square length of a critic's gradient at its inputs [N, ..], which need a gradient (Mescheder et al.
    2018)."""
    gradients = torch.autograd.grad(logits.sum(), tuple(inputs), create_graph=True)
    return torch.stack([gradient.square().flatten(1).sum(1) for gradient in gradients]).sum(0).mean()
