import json, os, signal, sys, time
from pathlib import Path
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler, TensorDataset
from torchvision import datasets


def network() -> nn.Module:
    """Return a small CNN without batch norm, and with dropout."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),  # (N, 8, 12, 12)
        nn.Conv2d(8, 16, 3),
        nn.MaxPool2d(2),
        nn.ReLU(),  # (N, 16, 5, 5)
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(400, 10),
    )


def share_digits(path: Path) -> tuple[Tensor, Tensor]:
    """Return images, (N, 1, 28, 28), and labels; one process prepares the file."""
    if dist.get_rank() == 0 and not path.exists():
        mnist = datasets.MNIST("data", train=True, download=True)
        images = (mnist.data.unsqueeze(1) / 255 - 0.1307) / 0.3081
        aside = path.with_suffix(".part")
        torch.save((images, mnist.targets), aside)
        aside.replace(path)  # one step of the file system: nobody sees half a file
    dist.barrier()  # the others wait here
    images, labels = torch.load(path)
    return images, labels


def rows_of(step: int, count: int, batch: int) -> Tensor:
    """Return this process's rows of a batch, which all processes share.

    The order depends on the epoch alone, so a step has the same digits whoever
    works on it: the position in the data is the number of the step.
    """
    epoch, place = divmod(step, count // batch)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(epoch))
    rows = order[place * batch : (place + 1) * batch]
    return rows[dist.get_rank() :: dist.get_world_size()]


def save(
    path: Path, step: int, model: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write all that the next step depends on: whole, or not at all."""
    mine = torch.get_rng_state()
    states = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(states, mine)
    if dist.get_rank() == 0:
        state = {"step": step, "model": model.state_dict(), "random": states}
        aside = path.with_suffix(".part")
        torch.save(state | {"optimizer": optimizer.state_dict()}, aside)
        aside.replace(path)
    dist.barrier()


def resume(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Take up what `save` wrote; return the step to go on with, 0 without a file."""
    torch.manual_seed(1000 + dist.get_rank())  # each process its own dropout
    if not path.exists():
        return 0
    state = torch.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if dist.get_rank() < len(state["random"]):  # a new worker keeps its own
        torch.set_rng_state(state["random"][dist.get_rank()])
    return int(state["step"])


@torch.inference_mode()
def count_right(
    model: nn.Module, images: Tensor, labels: Tensor, *, padded: bool = False
) -> tuple[int, int]:
    """Return how many digits all processes read correctly, and of how many.

    Each process reads its share. With `padded` it is that of DistributedSampler, which
    makes all shares as large as the largest by handing out digits a second time.
    """
    everything = range(len(labels))
    rows = list(everything[dist.get_rank() :: dist.get_world_size()])
    if padded:
        rows = list(DistributedSampler(TensorDataset(labels), shuffle=False))
    model.eval()  # dropout off
    right = (model(images[rows]).argmax(dim=1) == labels[rows]).sum()
    counts = torch.stack([right, torch.tensor(len(rows))])
    dist.all_reduce(counts)  # adds up
    return int(counts[0]), int(counts[1])


def train(
    folder: Path, images: Tensor, labels: Tensor, steps: int, die_at: int = -1
) -> nn.Module:
    """Train to a number of steps, with a checkpoint every 20; log each loss.

    In the first attempt, the last process kills itself at step `die_at`.
    """
    rank, workers = dist.get_rank(), dist.get_world_size()
    attempt = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    start = resume(folder / "checkpoint.pt", model, optimizer)
    parallel = DistributedDataParallel(model)  # averages gradients in backward()
    log = (folder / "log.jsonl").open("a")
    began = time.perf_counter()
    for step in range(start, steps):
        if (attempt, rank, step) == (0, workers - 1, die_at):
            os.kill(os.getpid(), signal.SIGKILL)
        rows = rows_of(step, len(labels), 128)
        loss = F.cross_entropy(parallel(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean = loss.detach() / workers
        dist.all_reduce(mean)  # the loss of the whole batch
        if rank == 0:
            entry = [attempt, workers, step, mean.item(), time.perf_counter() - began]
            print(json.dumps(entry), file=log, flush=True)
        if (step + 1) % 20 == 0:
            save(folder / "checkpoint.pt", step + 1, model, optimizer)
    return model


def work(arguments: list[str]) -> None:
    """Join the other processes, train, count what is read correctly, and part."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo")  # between CPUs
    folder, steps, die_at = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    images, labels = share_digits(folder / "digits.pt")
    left_out = images[-9999:], labels[-9999:]  # of training
    model = train(folder, images[:-9999], labels[:-9999], steps, die_at=die_at)
    for padded in (False, True):
        counts = count_right(model, *left_out, padded=padded)
        if dist.get_rank() == 0:
            with (folder / "scores.jsonl").open("a") as scores:
                print(json.dumps([dist.get_world_size(), padded, *counts]), file=scores)
    dist.destroy_process_group()


work(sys.argv[1:])
