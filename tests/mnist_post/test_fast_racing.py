"""The race of Part V, on digits that are learnt at once."""

import pytest
import torch
from torch.utils.data import TensorDataset

from mnist_post.fast.ladder import CHANGES, LADDER
from mnist_post.fast.racing import (
    MEAN,
    STD,
    Rung,
    build,
    race,
    rates,
    step_function,
    stream,
    warm_up,
)

CPU = torch.device("cpu")


@pytest.fixture
def digits() -> TensorDataset:
    """Return 200 images as bytes, of which each is its digit's stripe, and noise."""
    labels = torch.arange(200) % 10
    pixels = torch.randint(0, 40, (200, 28, 28), generator=torch.Generator().manual_seed(0))
    for row, label in enumerate(labels.tolist()):
        pixels[row, 2 * label + 4 : 2 * label + 7] = 250
    return TensorDataset(pixels.to(torch.uint8), labels)


@pytest.fixture
def validation(digits: TensorDataset) -> TensorDataset:
    """Return the same digits as a network takes them."""
    images = (digits.tensors[0].unsqueeze(1) / 255 - MEAN) / STD
    return TensorDataset(images, digits.tensors[1])


@pytest.mark.parametrize("in_memory", [False, True])
def test_both_ways_to_load_give_the_same_digits(digits: TensorDataset, *, in_memory: bool) -> None:
    """An epoch holds every image once, with its own label, whichever way it was loaded."""
    rung = Rung(in_memory=in_memory, batch=20)
    batches = stream(rung, digits, CPU)
    images, labels = map(torch.cat, zip(*(next(batches) for _ in range(10)), strict=True))
    expected = (digits.tensors[0].unsqueeze(1) / 255 - MEAN) / STD
    order = [int((expected - image).abs().sum(dim=(1, 2, 3)).argmin()) for image in images]
    assert list(range(200)) == sorted(order)
    assert torch.allclose(expected[order], images, atol=1e-5)
    assert torch.equal(digits.tensors[1][order], labels)


def test_batches_from_memory_have_one_size(digits: TensorDataset) -> None:
    """What does not fill a batch waits: a batch of another size would be compiled again."""
    batches = stream(Rung(in_memory=True, batch=64), digits, CPU)
    assert {64} == {len(next(batches)[0]) for _ in range(7)}


def test_a_race_ends_at_the_target(digits: TensorDataset, validation: TensorDataset) -> None:
    """Once an evaluation finds the target reached, the race is over, and says when."""
    rung = Rung("quick", in_memory=True, batch=10, epochs=30, target=60)
    trial = race(rung, 3, digits, validation)
    assert ("quick", 3, True) == (trial.rung, trial.seed, trial.reached)
    assert trial.accuracy >= 60
    assert 0 < trial.epochs < 30
    assert trial.steps == pytest.approx(20 * trial.epochs)
    assert trial.seconds > 0


def test_a_race_that_fails_says_so(digits: TensorDataset, validation: TensorDataset) -> None:
    """Where the target is out of reach, all epochs are trained, and the trial is kept."""
    rung = Rung(in_memory=True, batch=10, epochs=0.5, target=100.1)
    trial = race(rung, 0, digits, validation)
    assert not trial.reached
    assert 10 == trial.steps


def test_a_seed_is_a_race(digits: TensorDataset, validation: TensorDataset) -> None:
    """The same seed gives the same accuracy after as many steps."""
    rung = Rung(in_memory=True, batch=10, epochs=1, target=100.1)
    first, second = (race(rung, 1, digits, validation) for _ in range(2))
    assert first.accuracy == second.accuracy


def test_settings_reach_the_network() -> None:
    """Memory format and dropout are those of the rung."""
    plain, _ = build(Rung(), CPU)
    last, _ = build(Rung(channels_last=True, dropout=0), CPU)
    weights = [model.stages[1][0].weight for model in (plain, last)]  # type: ignore[index]
    formats = [each.is_contiguous(memory_format=torch.channels_last) for each in weights]
    assert [False, True] == formats
    assert 0 == last.body[-1].p


@pytest.mark.parametrize("warm", [False, True])
def test_a_network_that_was_warmed_up_learns_the_same(*, warm: bool) -> None:
    """Steps before the clock leave neither weights nor what the optimiser remembers."""
    weights = []
    for way in (False, warm):
        torch.manual_seed(0)
        rung = Rung(batch=8, dropout=0, fused=True)
        model, network = build(rung, CPU)
        optimizer = torch.optim.AdamW(model.parameters(), rung.lr, fused=True)
        step = step_function(rung, network, optimizer)
        if way:
            step = warm_up(rung, step, model, optimizer)
        torch.manual_seed(1)
        for _ in range(2):
            step(torch.randn(8, 1, 28, 28), torch.randint(10, (8,)))
        weights.append(torch.nn.utils.parameters_to_vector(model.parameters()))
    assert torch.equal(*weights)


@pytest.mark.parametrize("one_launch", [False, True])
def test_one_launch_has_only_its_rate_changed(*, one_launch: bool) -> None:
    """A GPU's noted step reads one tensor for the rate, and would not see another beta."""
    rung = Rung(one_cycle=True, one_launch=one_launch)
    rate = torch.tensor(rung.lr)
    layer = torch.nn.Linear(1, 1)
    optimizer = torch.optim.AdamW(layer.parameters(), rate, fused=True)
    schedule = rates(rung, optimizer, 10)
    (group,) = optimizer.param_groups
    before = rate.item(), group["betas"]
    layer(torch.ones(1, 1)).backward()
    optimizer.step()
    schedule.step()
    assert group["lr"] is rate
    assert rate.item() > before[0]
    assert (group["betas"] == before[1]) is one_launch


def test_each_rung_changes_the_one_before() -> None:
    """The ladder begins with the plain loop, and no rung has the name of another."""
    assert Rung() == LADDER[0]
    assert len(CHANGES) + 1 == len({rung.name for rung in LADDER})
