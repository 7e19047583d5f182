"""Training in several processes: as good as in one, and not ended by the death of a worker."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DistributedSampler, TensorDataset

import mnist_post.fast.workers
from mnist_post.basics import load_digits
from mnist_post.fast.workers import network, rows_of

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


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_count_what_one_counts(tmp_path: Path) -> None:
    """Of 9,999 digits, two shares add up to one process's count; padding counts a digit twice."""
    torchrun(tmp_path, 2, 20)
    torchrun(tmp_path, 1, 20)  # takes up the same weights, and has nothing left to train
    lines = (tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()
    scores = {(workers, padded): rest for workers, padded, *rest in map(json.loads, lines)}
    right, count = scores[1, False]
    assert 9999 == count
    assert 5000 < right < 9999
    assert [right, count] == scores[2, False] == scores[1, True]
    more, counted = scores[2, True]
    assert 10_000 == counted
    assert more - right in (0, 1)
    images, labels = torch.load(tmp_path / "digits.pt")
    model = network().eval()
    model.load_state_dict(torch.load(tmp_path / "checkpoint.pt")["model"])
    with torch.inference_mode():
        known = model(images[-9999:]).argmax(dim=1) == labels[-9999:]
    assert (known.sum().item(), known[0].item()) == (right, more - right)


KILLED_WHILE_SAVING = """
import os, signal, sys, torch, torch.distributed as dist
from pathlib import Path
from mnist_post.fast.workers import network, save
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
path, whole = Path(sys.argv[1]), torch.save

def die(state, aside):
    whole(state, aside)
    aside.write_bytes(aside.read_bytes()[:1000])
    os.kill(os.getpid(), signal.SIGKILL)

model = network()
optimizer = torch.optim.AdamW(model.parameters())
save(path, 20, model, optimizer)
torch.save = die
save(path, 40, model, optimizer)
"""


@pytest.mark.slow
def test_a_death_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path: Path) -> None:
    """Half a new checkpoint lies beside the old one, which is whole."""
    path = tmp_path / "checkpoint.pt"
    command = [sys.executable, "-c", KILLED_WHILE_SAVING, str(path)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True)
    assert -9 == done.returncode
    assert 1000 == path.with_suffix(".part").stat().st_size
    assert 20 == torch.load(path)["step"]


@pytest.fixture
def two_ranks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what makes this process the first or the second of two."""
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 2)
    return lambda rank: monkeypatch.setattr("torch.distributed.get_rank", lambda: rank)


def test_every_epoch_has_an_order_of_its_own(two_ranks: Callable[[int], None]) -> None:
    """Two ranks share each batch; an epoch has each row once, in another order than the next."""
    orders = []
    for epoch in range(2):
        order: list[int] = []
        for step in range(5 * epoch, 5 * epoch + 5):
            for rank in range(2):
                two_ranks(rank)
                order += rows_of(step, 20, 4).tolist()
        assert list(range(20)) == sorted(order)
        orders.append(order)
    assert orders[0] != orders[1]


def test_a_sampler_needs_to_be_told_the_epoch() -> None:
    """Without `set_epoch` all epochs have one order; with it another, which ranks still share."""
    rows = TensorDataset(torch.arange(20))
    samplers: list[DistributedSampler[Tensor]] = [DistributedSampler(rows, 2, n) for n in range(2)]
    first = [list(sampler) for sampler in samplers]
    assert first == [list(sampler) for sampler in samplers]
    for sampler in samplers:
        sampler.set_epoch(1)
    second = [list(sampler) for sampler in samplers]
    assert first != second
    assert list(range(20)) == sorted(second[0] + second[1])


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
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    two = torch.load(tmp_path / "two.pt", weights_only=False)
    for part in range(2):
        assert largest(two["plain"][part], alone("plain", images, labels)[part]) < 1e-5
        assert largest(two["norm"][part], alone("norm", images, labels)[part]) > 1e-3
