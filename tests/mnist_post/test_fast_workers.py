"""Training in several processes: as good as in one, and not ended by the death of a worker."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import mnist_post.fast.workers
from mnist_post.basics import load_digits
from mnist_post.fast.workers import network

ROOT = Path(__file__).parents[2]
SCRIPT = mnist_post.fast.workers.__file__


def torchrun(folder: Path, workers: int, steps: int, die_at: int = -1) -> None:
    """Run the script under torchrun, with one restart allowed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"]
    command += ["--max-restarts", "1", "--nproc-per-node", str(workers)]
    command += [SCRIPT, str(folder), str(steps), str(die_at)]
    environment = os.environ | {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)


def losses(folder: Path) -> dict[tuple[int, int, int], float]:
    """Return the logged losses by attempt, number of workers, and step."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return {(a, n, step): loss for a, n, step, loss, _ in map(json.loads, lines)}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_worker_changes_nothing_that_is_learnt(tmp_path: Path) -> None:
    """After kill -9 the losses go on exactly as if nothing had happened; then one worker does."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    torchrun(tmp_path / "whole", 2, 30)
    torchrun(tmp_path / "killed", 2, 30, die_at=25)
    whole, killed = losses(tmp_path / "whole"), losses(tmp_path / "killed")
    assert [(0, 2, step) for step in range(30)] == list(whole)
    assert [(0, 2, s) for s in range(25)] + [(1, 2, s) for s in range(20, 30)] == list(killed)
    assert all(whole[0, 2, step] == loss for (_, _, step), loss in killed.items())
    torchrun(tmp_path / "killed", 1, 40)
    alone = [loss for (_, workers, _), loss in losses(tmp_path / "killed").items() if workers == 1]
    assert 20 == len(alone)  # from the checkpoint, which the two workers wrote at step 20
    assert alone[0] == pytest.approx(whole[0, 2, 20], rel=0.3)  # another half has another dropout
    assert not list((tmp_path / "killed").glob("*.part"))


TWO = """
import sys, torch, torch.distributed as dist, torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel
from mnist_post.convolution import CNN
from mnist_post.fast.workers import network
torch.set_num_threads(1)
dist.init_process_group("gloo")
images, labels = torch.load(sys.argv[1] + "/batch.pt")
mine = slice(dist.get_rank(), None, 2)
found = {}
for name, make in {"plain": network, "norm": CNN}.items():
    torch.manual_seed(0)
    model = make().eval() if name == "plain" else make()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(parallel(images[mine]), labels[mine]).backward()
        optimizer.step()
    weights = [p.detach() for p in model.parameters()]
    found[name] = [p.grad for p in model.parameters()], weights
if dist.get_rank() == 0:
    torch.save(found, sys.argv[1] + "/two.pt")
dist.destroy_process_group()
"""


def alone(name: str, images: Tensor, labels: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Return gradients and weights after what `TWO` does, by one process."""
    from mnist_post.convolution import CNN  # noqa: PLC0415 - as in the script above

    torch.manual_seed(0)
    model = network().eval() if name == "plain" else CNN()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    return gradients, [p.detach() for p in model.parameters()]


def largest(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """Return the largest difference, as a share of the largest number."""
    gaps = [(a - b).abs().max() / b.abs().max() for a, b in zip(ours, theirs, strict=True)]
    return float(torch.stack(gaps).max())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_are_one_except_for_batch_norm(tmp_path: Path) -> None:
    """Gradients and weights after three steps agree to the last digits of a float32 sum.

    Two sums of 64 terms are added instead of one of 128: some 1e-7 per step, which three steps
    enlarge. Batch norm sees half of a batch in each process, which is another computation.
    """
    digits = load_digits(str(ROOT / "data"), train=True)[:128]
    images, labels = digits[0], digits[1]
    torch.save((images, labels), tmp_path / "batch.pt")
    (tmp_path / "two.py").write_text(TWO, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"]
    command += ["--nproc-per-node", "2", str(tmp_path / "two.py"), str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    two = torch.load(tmp_path / "two.pt", weights_only=False)
    for part in range(2):
        assert largest(two["plain"][part], alone("plain", images, labels)[part]) < 1e-5
        assert largest(two["norm"][part], alone("norm", images, labels)[part]) > 1e-3
