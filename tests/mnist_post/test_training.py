import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import nn
from torch.utils.data import TensorDataset

from mnist_post.data import make_batches
from mnist_post.models import MLP
from mnist_post.training import (
    Score,
    average,
    evaluate,
    fit,
    grade,
    pick_device,
    train_epoch,
    train_step,
)


def weights(model: nn.Module) -> list[torch.Tensor]:
    """Return copies of all weights."""
    return [parameter.detach().clone() for parameter in model.parameters()]


def test_pick_device_falls_back_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an accelerator that is present, the device is the CPU."""
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: None)
    assert torch.device("cpu") == pick_device()


def test_pick_device_takes_the_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an accelerator that is present, whatever its make, that is the device."""
    there = torch.device("meta")
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: there)
    assert there == pick_device()


def test_loss_of_no_idea_is_ln_10() -> None:
    """Equal logits cost the logarithm of the number of digits."""
    loss, _ = grade(torch.zeros(4, 10), torch.arange(4))
    assert math.log(10) == pytest.approx(loss.item())


def test_loss_in_closed_form() -> None:
    """The loss is minus the logarithm of the softmax of the label, averaged."""
    logits, labels = torch.tensor([[1.0, 2.0], [0.0, -1.0]]), torch.tensor([0, 0])
    expected = (math.log(1 + math.e) + math.log(1 + math.exp(-1))) / 2
    loss, accuracy = grade(logits, labels)
    assert expected == pytest.approx(loss.item())
    assert 0.5 == accuracy


def test_softmax_before_cross_entropy_hides_the_truth() -> None:
    """With softmax first, a certain answer still costs 1.46 and a wrong one has no slope."""
    label, floor = torch.tensor([0]), math.log(math.e + 9) - 1
    sure = torch.zeros(1, 10)
    sure[0, 0] = 100
    assert 0.0 == pytest.approx(F.cross_entropy(sure, label).item())
    assert floor == pytest.approx(F.cross_entropy(sure.softmax(dim=1), label).item())
    wrong = torch.zeros(1, 10)
    wrong[0, 1] = 20
    wrong.requires_grad_()
    (right_slope,) = torch.autograd.grad(F.cross_entropy(wrong, label), wrong)
    (lost_slope,) = torch.autograd.grad(F.cross_entropy(wrong.softmax(dim=1), label), wrong)
    assert 1.0 == pytest.approx(right_slope.abs().max().item())
    assert lost_slope.abs().max().item() < 1e-6


def test_train_step_against_a_hand_computation() -> None:
    """One step of plain gradient descent on a linear layer moves weights by -rate (p - y) x."""
    model = nn.Linear(2, 2, bias=False)
    nn.init.zeros_(model.weight)
    score = train_step(
        model,
        torch.tensor([[1.0, 3.0]]),
        torch.tensor([0]),
        torch.optim.SGD(model.parameters(), 0.1),
    )
    # p = (1/2, 1/2), y = (1, 0), so p - y = (-1/2, 1/2)
    assert torch.allclose(torch.tensor([[0.05, 0.15], [-0.05, -0.15]]), model.weight)
    assert (math.log(2), 1.0) == pytest.approx(score)


def test_train_step_forgets_old_gradients() -> None:
    """A gradient left over from before does not bend the step."""
    moved = []
    for leftover in (None, 1e6):
        model = nn.Linear(2, 2, bias=False)
        nn.init.zeros_(model.weight)
        if leftover:
            model.weight.grad = torch.full((2, 2), leftover)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        train_step(model, torch.ones(1, 2), torch.tensor([1]), optimizer)
        moved += weights(model)
    assert torch.equal(moved[0], moved[1])


def test_average_weights_by_size() -> None:
    """A last batch of another size counts by its digits, not as a batch."""
    scores = [(Score(1.0, 0.5), 100), (Score(3.0, 1.0), 20)]
    assert (160 / 120, 70 / 120) == pytest.approx(average(scores))


def test_evaluate_does_not_depend_on_the_batch_size(noise: TensorDataset) -> None:
    """Loss and accuracy are those of all digits at once, however they are cut."""
    torch.manual_seed(0)
    model = MLP(hidden=16)
    images, labels = noise.tensors
    logits = model.eval()(images)
    expected = (F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).float().mean())
    for size in (1, 7, 64, 130, 1000):
        assert expected == pytest.approx(evaluate(model, make_batches(noise, size)))


def test_validation_loss_is_divided_by_its_own_length(noise: TensorDataset) -> None:
    """A validation set of another length than the training set has its own mean loss."""
    validation = TensorDataset(*noise[:30])
    model = MLP(hidden=16)
    history = fit(model, make_batches(noise, 32, 0), make_batches(validation, 32), epochs=1)
    expected = F.cross_entropy(model(validation.tensors[0]), validation.tensors[1])
    assert expected.item() == pytest.approx(history[0][1].loss, rel=1e-5)


def test_evaluate_switches_dropout_off(noise: TensorDataset) -> None:
    """The score of a model in training mode is that of the whole network, each time."""
    model = MLP(hidden=64, dropout=0.9).train()
    batches = make_batches(noise, 50)
    assert evaluate(model, batches) == evaluate(model.train(), batches)
    assert not model.training


def test_evaluate_changes_no_weight(noise: TensorDataset) -> None:
    """Looking leaves weights and gradients as they were."""
    model = MLP(hidden=8)
    before = weights(model)
    evaluate(model, make_batches(noise, 50))
    assert all(torch.equal(old, new) for old, new in zip(before, weights(model), strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_train_epoch_switches_dropout_on(noise: TensorDataset) -> None:
    """An epoch trains in training mode, even right after an evaluation."""
    model = MLP(hidden=8).eval()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=3)
    train_epoch(model, make_batches(noise, 50, 0), optimizer, schedule)
    assert model.training


def test_training_overfits_one_batch(noise: TensorDataset) -> None:
    """The loop can learn 130 images of noise by heart."""
    torch.manual_seed(0)
    model = MLP(hidden=128)
    history = fit(model, make_batches(noise, 130, 0), make_batches(noise, 130), epochs=60)
    assert 1.0 == history[-1][1].accuracy
    assert history[-1][1].loss < history[0][1].loss / 10


def test_fit_returns_two_scores_an_epoch(noise: TensorDataset) -> None:
    """The history has a training and a validation score for each epoch."""
    history = fit(MLP(hidden=4), make_batches(noise, 64, 0), make_batches(noise, 64), epochs=3)
    assert [2, 2, 2] == [len(epoch) for epoch in history]


def train(noise: TensorDataset, seed: int, looks: int = 1) -> list[torch.Tensor]:
    """Evaluate some times, then train two epochs; return the weights."""
    torch.manual_seed(seed)
    model = MLP(hidden=16)
    for _ in range(looks):
        evaluate(model, make_batches(noise, 13))
    fit(model, make_batches(noise, 32, seed), make_batches(noise, 64), epochs=2)
    return weights(model)


def test_same_seed_same_weights(noise: TensorDataset) -> None:
    """A training can be repeated to the last bit; another seed gives another network."""
    first, again, other = train(noise, 0), train(noise, 0), train(noise, 1)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_looking_does_not_change_the_training(noise: TensorDataset) -> None:
    """How often a model is evaluated leaves no trace in its weights."""
    assert torch.equal(train(noise, 0, looks=1)[0], train(noise, 0, looks=5)[0])


def test_unshuffled_sorted_digits_spoil_an_epoch(everything: TensorDataset) -> None:
    """One epoch over sorted digits ends with a network that answers nine."""
    images, labels = (tensor[:6000] for tensor in everything.tensors)
    by_label = labels.argsort()
    ordered = TensorDataset(images[by_label], labels[by_label])
    accuracy = []
    for shuffle_seed in (None, 0):
        torch.manual_seed(0)
        model = MLP(hidden=32)
        batches = make_batches(ordered, 64, shuffle_seed)
        accuracy.append(fit(model, batches, make_batches(ordered, 1000), epochs=1)[-1][1].accuracy)
    unshuffled, shuffled = accuracy
    assert unshuffled < 0.6
    assert shuffled > 0.8
