"""The race of Part V: seconds of training until enough validation digits are read."""

from mnist_post.basics import evaluate
from mnist_post.convolution import CNN

# isort: split
# region rung
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.transforms import v2

Network = Callable[[Tensor], Tensor]  # from images, (N, 1, 28, 28), to logits, (N, 10)
Train = Callable[[Tensor, Tensor], None]  # from images, (N, 1, 28, 28), and labels
MEAN, STD = 0.1307, 0.3081  # of MNIST's pixels, as in Part I


@dataclass(frozen=True)
class Rung:
    """How a network is trained; what is left as it is here is the plain loop."""

    name: str = "plain loop"
    in_memory: bool = False  # all digits as one tensor, or an image at a time
    fused: bool = False  # the optimiser updates all weights in one pass
    channels_last: bool = False  # the channels of a pixel lie side by side
    batch: int = 64
    lr: float = 1e-3  # the highest, where there is a schedule
    one_cycle: bool = False  # up from lr / 25, then down to nearly nothing
    epochs: float = 4  # the length of the schedule, and the end of any race
    bfloat16: bool = False  # 16 bits instead of 32 in convolutions and linear layers
    compiled: bool = False  # torch.compile
    one_launch: bool = False  # a GPU repeats a whole step by itself: a CUDA graph
    smoothing: float = 0  # of labels: this share goes to all digits alike
    target: float = 98.5  # percent of the validation digits
    dropout: float = 0.2  # of the 64 values before the last layer


class Trial(NamedTuple):
    """One training from one seed: a row in the file of trials."""

    rung: str
    seed: int
    seconds: float  # of training; compilation and evaluations are not in it
    compilation: float  # its seconds, or those that a GPU needs to load its libraries
    steps: int
    epochs: float
    accuracy: float  # of the last evaluation, on validation digits
    reached: bool  # whether that is the target


# endregion
# region race


class OneByOne(Dataset[tuple[Tensor, int]]):
    """Digits as most tutorials load them: converted one at a time, when asked for."""

    def __init__(self, pixels: Tensor, labels: Tensor) -> None:
        """Keep bytes, (N, 28, 28), and labels, (N,)."""
        self.pixels, self.labels = pixels.numpy(), labels
        steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
        self.transform = v2.Compose([*steps, v2.Normalize([MEAN], [STD])])

    def __len__(self) -> int:
        """Return the number of digits."""
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        """Return an image, (1, 28, 28), and its label."""
        image = Image.fromarray(self.pixels[place])
        return self.transform(image), int(self.labels[place])


def stream(
    rung: Rung, digits: TensorDataset, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield a rung's batches without end, from bytes, (N, 28, 28), and labels."""
    pixels, labels = digits.tensors
    if not rung.in_memory:
        loader = DataLoader(OneByOne(pixels, labels), rung.batch, shuffle=True)
        while True:
            for images, answers in loader:
                yield images.to(device), answers.to(device)
    images = (pixels.to(device).unsqueeze(1) / 255 - MEAN) / STD
    labels = labels.to(device)
    while True:
        for rows in torch.randperm(len(labels), device=device).split(rung.batch):
            if len(rows) == rung.batch:  # all batches are of one size
                yield images[rows], labels[rows]


def step_loss(rung: Rung, network: Network, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean loss of a batch, in the precision of the rung."""
    device = images.device.type
    with torch.autocast(device, torch.bfloat16, enabled=rung.bfloat16):
        logits = network(images)
        return F.cross_entropy(logits, labels, label_smoothing=rung.smoothing)


def build(rung: Rung, device: torch.device) -> tuple[CNN, Network]:
    """Return Part II's network, and what to call in training: itself, or compiled."""
    model = CNN().to(device)
    model.body = nn.Sequential(*model.body[:-1], nn.Dropout(rung.dropout))
    if not rung.channels_last:
        model.to(memory_format=torch.contiguous_format)
    return model, torch.compile(model) if rung.compiled else model


def step_function(
    rung: Rung, network: Network, optimizer: torch.optim.Optimizer
) -> Train:
    """Return what trains on a batch."""

    def step(images: Tensor, labels: Tensor) -> None:
        loss = step_loss(rung, network, images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def warm_up(
    rung: Rung, step: Train, model: CNN, optimizer: torch.optim.Optimizer
) -> Train:
    """Take three steps and undo them: a network is compiled, a GPU's libraries loaded.

    Returns the step, or for `one_launch` what makes the GPU repeat it.
    """
    device = next(model.parameters()).device
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = torch.randn(rung.batch, 1, 28, 28, device=device)
    labels = torch.zeros(rung.batch, dtype=torch.long, device=device)
    aside = torch.cuda.Stream() if rung.one_launch else None  # noting asks for that
    with torch.cuda.stream(aside):
        for _ in range(3):
            step(images, labels)
    if device.type == "cuda":
        torch.cuda.synchronize()
    model.load_state_dict(before)
    for state in optimizer.state.values():
        for tensor in state.values():
            tensor.zero_()
    if not rung.one_launch:
        return step
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):  # notes what the step launches, and runs nothing
        step(images, labels)

    def launch(new_images: Tensor, new_labels: Tensor) -> None:
        images.copy_(new_images)  # where the noted step reads
        labels.copy_(new_labels)
        graph.replay()

    return launch


def rates(
    rung: Rung, optimizer: torch.optim.Optimizer, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule of the learning rate: one cycle, or constant.

    One cycle moves the first beta as well, which a GPU cannot read in one launch.
    """
    if rung.one_cycle:
        beta = not rung.one_launch
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rung.lr, steps + 1, cycle_momentum=beta
        )
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)


def now(device: torch.device) -> float:
    """Return a time in seconds: of a GPU, after all that it still has to do.

    On the CPU it is the time that the processor spent on this process, so that other
    programs do not count; with one thread, on an idle machine, a clock says the same.
    """
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def race(
    rung: Rung, seed: int, digits: TensorDataset, validation: TensorDataset
) -> Trial:
    """Train until one of eight evaluations per epoch finds the target reached.

    `digits` are bytes and labels; `validation` is normalised, and on the device.
    """
    device = validation.tensors[0].device
    torch.manual_seed(seed)
    began = time.perf_counter()
    model, network = build(rung, device)
    lr = torch.tensor(rung.lr, device=device) if rung.one_launch else rung.lr
    optimizer = torch.optim.AdamW(
        model.parameters(), lr, fused=rung.fused, capturable=rung.one_launch
    )
    epoch = len(digits) / rung.batch  # steps
    most = round(rung.epochs * epoch)
    schedule = rates(rung, optimizer, most)
    train = step_function(rung, network, optimizer)
    if rung.compiled or device.type == "cuda":
        train = warm_up(rung, train, model, optimizer)
    compilation = time.perf_counter() - began
    seconds, accuracy = -now(device), 0.0
    for step, (images, labels) in enumerate(stream(rung, digits, device), 1):
        train(images, labels)
        schedule.step()
        if step % round(epoch / 8) == 0 or step == most:
            seconds += now(device)
            accuracy = 100 * evaluate(model, validation).accuracy
            if accuracy >= rung.target or step == most:
                break
            model.train()
            seconds -= now(device)
    times = (round(seconds, 3), round(compilation, 1), step, round(step / epoch, 3))
    return Trial(rung.name, seed, *times, round(accuracy, 3), accuracy >= rung.target)


# endregion
