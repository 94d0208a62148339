"""Distributed training: several processes that train one model, on one or many machines: `torchrun --nproc-per-node N -m -- hummingface
train ...`.

Each process draws the whole batch and computes its share of it, and all average their gradients: N processes take the same steps as one
(docs/decisions/runs.md). In a process that was started alone each of these functions does nothing.
"""
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor


def join(device: str) -> str:
    """Join the other processes, if torchrun started this one. Returns the device that this process computes on."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return device
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return device


def part() -> None:
    """Leave the other processes, at the end."""
    if dist.is_initialized():
        dist.destroy_process_group()


def processes() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that writes files."""
    return not dist.is_initialized() or dist.get_rank() == 0


def share(size: int) -> slice:
    """The notes of a batch of `size` that this process computes. Raises ValueError if they cannot be shared evenly."""
    count = processes()
    if size % count:
        raise ValueError(f"{size} notes cannot be divided among {count} processes: choose a multiple of {count}.")
    first = size // count * (dist.get_rank() if dist.is_initialized() else 0)
    return slice(first, first + size // count)


_alone = False


@contextmanager
def alone() -> Iterator[None]:
    """A context in which one process works alone: `everywhere` does not communicate."""
    global _alone
    _alone = True
    try:
        yield
    finally:
        _alone = False


def everywhere(value: Tensor) -> Tensor:
    """The mean over all processes of a number that no gradient flows through: the divisor of a sum over the batch."""
    if _alone or not dist.is_initialized():
        return value
    value = value.detach().clone()
    dist.all_reduce(value)
    return value / processes()


@torch.no_grad()
def average_gradients(parameters: list[Tensor]) -> None:
    """Average the gradients over all processes, which gives those of the whole batch."""
    if not dist.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= processes()
    torch._foreach_copy_(gradients, [x.view_as(g) for x, g in zip(flat.split([g.numel() for g in gradients]), gradients, strict=True)])


def same_start(module: torch.nn.Module) -> None:
    """Copy the weights of the first process to all."""
    if dist.is_initialized():
        for tensor in module.state_dict().values():
            dist.broadcast(tensor, 0)


def agree(seconds: float, stop: bool) -> tuple[float, bool]:
    """The first process's clock, and whether any process was interrupted, so that all end at the same step."""
    if not dist.is_initialized():
        return seconds, stop
    agreed = torch.tensor([seconds if is_first() else 0.0, float(stop)], dtype=torch.float64,
                        device="cpu" if dist.get_backend() == "gloo" else "cuda")
    dist.all_reduce(agreed)
    return float(agreed[0]), bool(agreed[1] > 0)
