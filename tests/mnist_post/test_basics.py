# mypy: untyped-calls-exclude=torch

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from mnist_post.basics import (
    MLP,
    batches,
    count_parameters,
    evaluate,
    fit,
    interval,
    mean_digits,
    nearest,
    normalise,
    predict,
    split_by_writer,
    train_step,
)

CPU = torch.device("cpu")


def weights(model: nn.Module) -> Tensor:
    """Return a copy of all weights."""
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


# --- data


def test_load_digits(everything: TensorDataset, test_digits: TensorDataset) -> None:
    """Digits are float images with one channel, integer labels, and a writer each."""
    for digits, count, people in [(everything, 60_000, 539), (test_digits, 10_000, 297)]:
        images, labels, writers = digits.tensors
        assert (count, 1, 28, 28) == images.shape
        assert torch.float32 == images.dtype
        assert (0.0, 1.0) == tuple(bound.item() for bound in images.aminmax())
        assert [(count,), (count,)] == [labels.shape, writers.shape]
        assert people == len(writers.unique())


def test_writers_are_those_of_the_label_file(everything: TensorDataset) -> None:
    """The first training digit is by writer 2154, as QMNIST's own table says."""
    assert [2154, 0, 2232] == everything.tensors[2][:3].tolist()


def test_nobody_wrote_training_and_test_digits(
    everything: TensorDataset, test_digits: TensorDataset
) -> None:
    """The writers of the test digits are other people."""
    assert not torch.isin(test_digits.tensors[2], everything.tensors[2]).any()


def test_split_by_writer_is_disjoint_and_complete(everything: TensorDataset) -> None:
    """Each digit is in one part, and each writer too."""
    training, validation = split_by_writer(everything)
    assert 60_000 == len(training) + len(validation)
    ours, theirs = (digits.tensors[2].unique() for digits in (training, validation))
    assert (449, 90) == (len(ours), len(theirs))
    assert not torch.isin(theirs, ours).any()


def test_split_by_writer_keeps_rows_together(noise: TensorDataset) -> None:
    """An image keeps its label and its writer."""
    for part in split_by_writer(noise, held_out=4):
        for image, label, writer in zip(*part.tensors, strict=True):
            place = int(10 * writer + label)
            assert torch.equal(noise.tensors[0][place], image)


def test_split_by_writer_is_seeded(noise: TensorDataset) -> None:
    """The same seed sets the same people apart, another seed others, whatever was drawn before."""
    first = split_by_writer(noise, 4, seed=3)[1].tensors[2]
    torch.rand(7)
    assert torch.equal(first, split_by_writer(noise, 4, seed=3)[1].tensors[2])
    assert not torch.equal(first, split_by_writer(noise, 4, seed=4)[1].tensors[2])


def test_normalise(noise: TensorDataset) -> None:
    """Pixels get mean 0 and deviation 1; labels and writers stay."""
    images = noise.tensors[0]
    scaled, labels, writers = normalise(noise, images.mean().item(), images.std().item(), CPU)[:]
    assert (0, 1) == pytest.approx((scaled.mean().item(), scaled.std().item()), abs=1e-5)
    assert torch.equal(noise.tensors[1], labels)
    assert torch.equal(noise.tensors[2], writers)


def test_batches_hold_every_digit_once(noise: TensorDataset) -> None:
    """Shuffled or not, each digit comes once per epoch, with its label; the last batch is short."""
    for shuffle in (False, True):
        parts = list(batches(noise, 50, shuffle=shuffle))
        assert [50, 50, 30] == [len(labels) for _, labels in parts]
        images = torch.cat([images for images, _ in parts])
        sums = noise.tensors[0].sum(dim=(1, 2, 3))
        assert torch.allclose(sums.sort().values, images.sum(dim=(1, 2, 3)).sort().values)
    assert torch.equal(noise.tensors[0][:50], next(batches(noise, 50))[0])


def test_every_epoch_is_shuffled_differently(noise: TensorDataset) -> None:
    """Two epochs have two orders, and the seed of torch decides both."""
    torch.manual_seed(0)
    first, second = (next(batches(noise, 130, shuffle=True))[0] for _ in range(2))
    assert not torch.equal(first, second)
    torch.manual_seed(0)
    assert torch.equal(first, next(batches(noise, 130, shuffle=True))[0])


# --- training


def test_softmax_before_cross_entropy_hides_the_truth() -> None:
    """Trap: with softmax first, a certain answer still costs 1.46; a wrong one has no gradient."""
    label, floor = torch.tensor([0]), math.log(math.e + 9) - 1
    sure = torch.zeros(1, 10)
    sure[0, 0] = 100
    assert 0.0 == pytest.approx(F.cross_entropy(sure, label).item())
    assert floor == pytest.approx(F.cross_entropy(sure.softmax(dim=1), label).item())
    wrong = torch.zeros(1, 10)
    wrong[0, 1] = 20
    wrong.requires_grad_()
    (lost,) = torch.autograd.grad(F.cross_entropy(wrong.softmax(dim=1), label), wrong)
    assert lost.abs().max().item() < 1e-6


def test_train_step_against_a_hand_computation() -> None:
    """One step of plain gradient descent on a linear layer moves weights by -lr (p - y) x."""
    model = nn.Linear(2, 2, bias=False)
    nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    loss, correct = train_step(model, torch.tensor([[1.0, 3.0]]), torch.tensor([0]), optimizer)
    # p = (1/2, 1/2), y = (1, 0), so p - y = (-1/2, 1/2)
    assert torch.allclose(torch.tensor([[0.05, 0.15], [-0.05, -0.15]]), model.weight)
    assert (math.log(2), 1.0) == pytest.approx((loss.item(), correct.item()))


def test_train_step_forgets_old_gradients() -> None:
    """A gradient left over from before does not bend the step."""
    moved = []
    for leftover in (None, torch.full((2, 2), 1e6)):
        model = nn.Linear(2, 2, bias=False)
        nn.init.zeros_(model.weight)
        model.weight.grad = leftover
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        train_step(model, torch.ones(1, 2), torch.tensor([1]), optimizer)
        moved.append(weights(model))
    assert torch.equal(*moved)


def test_predict_switches_dropout_off(noise: TensorDataset) -> None:
    """A model in training mode answers as a whole, each time alike, and changes no weight."""
    model = MLP(hidden=64, dropout=0.9).train()
    before = weights(model)
    logits = predict(model, noise)
    assert torch.equal(logits, predict(model.train(), noise))
    assert torch.allclose(logits, model.eval()(noise.tensors[0]), atol=1e-6)
    assert torch.equal(before, weights(model))


def test_evaluate_scores_all_digits(noise: TensorDataset) -> None:
    """Loss and accuracy are those of all digits at once."""
    model = MLP(hidden=16)
    logits, labels = predict(model, noise), noise.tensors[1]
    right = (logits.argmax(dim=1) == labels).float().mean().item()
    assert (F.cross_entropy(logits, labels).item(), right) == evaluate(model, noise)


def test_training_score_weights_batches_by_their_size(noise: TensorDataset) -> None:
    """With a learning rate of zero, the score along the way is that of all digits at once."""
    model = MLP(hidden=16, dropout=0.0)
    ((trained, validated),) = fit(model, noise, noise, epochs=1, lr=0.0)
    assert validated == pytest.approx(trained, rel=1e-5)  # batches of 128 and of 2


def test_validation_digits_are_not_trained_on(noise: TensorDataset) -> None:
    """Other validation digits leave no trace in the weights."""
    found = []
    for validation in (noise, TensorDataset(*noise[:30])):
        torch.manual_seed(0)
        model = MLP(hidden=8)
        fit(model, noise, validation, epochs=2)
        found.append(weights(model))
    assert torch.equal(*found)


def test_training_learns_noise_by_heart(noise: TensorDataset) -> None:
    """The loop can learn 128 images of noise, and reports two scores per epoch."""
    torch.manual_seed(0)
    batch = TensorDataset(*noise[:128])
    history = fit(MLP(hidden=128), batch, batch, epochs=60)
    assert 60 == len(history)
    assert 1.0 == history[-1][1].accuracy
    assert history[-1][1].loss < history[0][1].loss / 10


def test_same_seed_same_weights(noise: TensorDataset) -> None:
    """A training can be repeated to the last bit; another seed gives another network."""
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        model = MLP(hidden=16)
        fit(model, noise, noise, epochs=2)
        found.append(weights(model))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_unshuffled_sorted_digits_spoil_an_epoch(everything: TensorDataset) -> None:
    """Trap: one epoch over sorted digits ends with a network that answers nine."""
    images, labels = (tensor[:6000] for tensor in everything.tensors[:2])
    by_label = labels.argsort()
    ordered = TensorDataset(images[by_label], labels[by_label])
    accuracies = []
    for shuffle in (False, True):
        torch.manual_seed(0)
        model = MLP(hidden=32)
        optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
        for some_images, some_labels in batches(ordered, 64, shuffle=shuffle):
            train_step(model, some_images, some_labels, optimizer)
        accuracies.append(evaluate(model, ordered).accuracy)
    assert accuracies[0] < 0.6
    assert accuracies[1] > 0.8


# --- intervals


def test_interval_of_single_digits_is_the_binomial_one() -> None:
    """If everybody wrote one digit, resampling writers gives the usual margin."""
    correct = torch.ones(10_000)
    correct[:100] = 0  # 99% of 10,000: 1.96 deviations are 0.195 points
    low, high = interval(correct, torch.arange(10_000))
    assert (0.98805, 0.99195) == pytest.approx((low, high), abs=2e-4)


def test_interval_is_wider_when_mistakes_come_by_writer() -> None:
    """Hundred writers of whom one is misread wholly: the same accuracy, a wider interval."""
    writers = torch.arange(10_000) // 100
    together, scattered = torch.ones(2, 10_000)
    together[:100] = 0
    scattered[::100] = 0
    wide, narrow = (interval(correct, writers) for correct in (together, scattered))
    assert narrow == pytest.approx((0.99, 0.99))
    assert wide[1] - wide[0] > 0.02


def test_interval_of_a_difference_may_be_negative() -> None:
    """It serves differences of two models per digit as well."""
    low, high = interval(torch.tensor([-1.0, 0.0, 0.0, 0.0] * 50), torch.arange(200))
    assert low < -0.25 < high < 0


# --- the nearest mean and the nearest neighbour


def test_mean_digits_are_means() -> None:
    """Each mean is the average of the images with that label."""
    images = torch.stack([torch.full((1, 28, 28), float(n)) for n in range(20)])
    means = mean_digits(images, torch.arange(20) % 10)
    assert (10, 1, 28, 28) == means.shape
    assert [digit + 5.0 for digit in range(10)] == means[:, 0, 0, 0].tolist()


def test_every_image_is_nearest_to_itself() -> None:
    """Among references that include it, an image finds itself."""
    images = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert list(range(10)) == nearest(images, images).tolist()


def test_baselines_on_mnist(everything: TensorDataset) -> None:
    """The nearest mean reads about four digits in five, the nearest of many digits more."""
    images, labels, _ = everything.tensors
    asked, known = images[:500], images[10_000:20_000]
    by_mean = nearest(asked, mean_digits(known, labels[10_000:20_000]))
    by_neighbour = labels[10_000:20_000][nearest(asked, known)]
    assert 0.76 < (by_mean == labels[:500]).float().mean().item() < 0.86
    assert 0.90 < (by_neighbour == labels[:500]).float().mean().item() < 0.97


# --- the network


@pytest.mark.parametrize("count", [1, 3, 128])
def test_mlp_gives_ten_logits_an_image(count: int) -> None:
    """Any number of images returns as many rows of ten float scores."""
    logits = MLP(hidden=8)(torch.zeros(count, 1, 28, 28))
    assert (count, 10) == logits.shape
    assert torch.float32 == logits.dtype


def test_mlp_ends_in_logits() -> None:
    """Its scores are not probabilities: the loss contains the softmax."""
    torch.manual_seed(0)
    logits = MLP(hidden=64)(torch.rand(5, 1, 28, 28))
    assert logits.min() < 0
    assert not torch.allclose(torch.ones(5), logits.sum(dim=1))


def test_count_parameters_by_hand() -> None:
    """784 x 512 weights and 512 biases, then 512 x 10 and 10."""
    assert 784 * 512 + 512 + 512 * 10 + 10 == count_parameters(MLP(hidden=512))


def test_dropout_depends_on_the_mode() -> None:
    """Two looks at one image differ in training mode and agree in evaluation mode."""
    torch.manual_seed(0)
    model, image = MLP(hidden=64, dropout=0.5), torch.rand(1, 1, 28, 28)
    assert not torch.equal(model.train()(image), model(image))
    assert torch.equal(model.eval()(image), model(image))
