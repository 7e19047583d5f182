import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import nn
from torch.utils.data import TensorDataset

from mnist_post.basics import (
    MLP,
    count_parameters,
    evaluate,
    fit,
    normalise,
    predict,
    train_step,
)
from mnist_post.comparison import Jitter
from mnist_post.convolution import CNN, Ensemble, flatten_to_plane, reestimate, stage


@pytest.mark.parametrize("count", [2, 80, 128])
def test_cnn_gives_ten_logits_an_image(count: int) -> None:
    """Any number of images returns as many rows of scores, also in training mode."""
    logits = CNN()(torch.rand(count, 1, 28, 28))
    assert (count, 10) == logits.shape
    assert torch.float32 == logits.dtype


def test_shapes_are_those_of_the_comments() -> None:
    """Each stage makes what the comment beside it says."""
    x = torch.rand(2, 1, 28, 28)
    shapes = [tuple((x := part(x)).shape[1:]) for part in CNN().stages]
    assert [(8, 12, 12), (16, 5, 5), (32, 5, 5), (32, 3, 3)] == shapes


def test_cnn_is_small() -> None:
    """By hand: four convolutions, their batch norms, two linear layers."""
    convolutions = 26 * 8 + 73 * 16 + 145 * 32 + 289 * 32
    norms = 2 * (8 + 16 + 32 + 32)
    assert convolutions + norms + 289 * 64 + 65 * 10 == count_parameters(CNN())


def test_channels_are_free() -> None:
    """Any four numbers of channels make a network that reads images."""
    assert (2, 10) == CNN((2, 3, 4, 5))(torch.rand(2, 1, 28, 28)).shape


def test_batch_norm_can_be_left_out() -> None:
    """Without batch norm, only dropout tells training from evaluation."""
    model, images = CNN(norm=False), torch.rand(4, 1, 28, 28)
    model.train().body[3].eval()
    assert torch.allclose(model(images), model.eval()(images))
    assert not any(isinstance(part, nn.BatchNorm2d) for part in model.modules())


def test_pooling_before_relu_changes_nothing() -> None:
    """The largest of four, cut at zero, is the largest of four that were cut at zero."""
    convolution = nn.Conv2d(1, 4, 5)
    early = stage(convolution, pool=True, norm=False)
    late = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
    images = torch.randn(3, 1, 28, 28)
    assert torch.equal(late(images), early(images))


def test_convolution_is_a_weighted_sum_of_a_window() -> None:
    """What slides over the image is multiplied and added, not flipped."""
    image, kernel = torch.rand(1, 1, 6, 6), torch.rand(1, 1, 3, 3)
    by_hand = (image[0, 0, 2:5, 1:4] * kernel[0, 0]).sum()
    assert by_hand == pytest.approx(F.conv2d(image, kernel)[0, 0, 2, 1].item(), abs=1e-6)


def test_shifted_digits_give_shifted_maps() -> None:
    """A convolution is the same everywhere: what moves in the image moves in its maps."""
    image = torch.zeros(1, 1, 28, 28)
    image[..., 8:18, 8:18] = torch.rand(10, 10)
    convolve = nn.Conv2d(1, 4, 5)
    moved = convolve(image.roll(3, dims=3))
    assert torch.allclose(convolve(image).roll(3, dims=3)[..., 3:], moved[..., 3:], atol=1e-6)


def test_the_loop_of_part_1_trains_a_cnn(everything: TensorDataset) -> None:
    """`fit`, unchanged, brings a CNN beyond the nearest mean in one short epoch."""
    torch.manual_seed(0)
    digits = normalise(TensorDataset(*everything[:3000]), 0.13, 0.31, torch.device("cpu"))
    training, validation = TensorDataset(*digits[:2000]), TensorDataset(*digits[2000:])
    model = CNN()
    history = fit(model, training, validation, epochs=4, lr=1e-2)
    assert history[-1][1].accuracy > 0.85
    assert history[-1][1] == evaluate(model, validation)


def test_a_last_batch_of_one_stops_batch_norm_only_without_height(noise: TensorDataset) -> None:
    """One image has pixels enough to normalise by; the step goes through."""
    images, labels, _ = noise[:1]
    model = CNN()
    loss, _ = train_step(model, images, labels, torch.optim.AdamW(model.parameters()))
    assert loss > 0


def test_same_seed_same_weights() -> None:
    """Weights, dropout and augmentation all come from the seed."""
    outputs = []
    for _ in range(2):
        torch.manual_seed(3)
        outputs.append(nn.Sequential(Jitter(), CNN())(torch.ones(4, 1, 28, 28)))
    assert torch.equal(*outputs)


def test_ensemble_averages_probabilities() -> None:
    """Its softmax is the mean of the members' softmaxes, and it has all their parameters."""
    torch.manual_seed(0)
    members, images = [MLP(8), MLP(8)], torch.rand(5, 1, 28, 28)
    ensemble = Ensemble(members).eval()
    mean = sum(member(images).softmax(dim=1) for member in members) / 2
    assert torch.allclose(torch.as_tensor(mean), ensemble(images).softmax(dim=1), atol=1e-6)
    assert 2 * count_parameters(members[0]) == count_parameters(ensemble)


def test_ensemble_of_the_very_sure_does_not_overflow() -> None:
    """Logits far beyond what a float's exponential holds still give finite logits."""
    linear = nn.Linear(784, 10)
    nn.init.constant_(linear.bias[3], 1000.0)
    sure = nn.Sequential(nn.Flatten(), linear)
    logits = Ensemble([sure, sure])(torch.rand(2, 1, 28, 28))
    assert logits.isfinite().all()
    assert [3, 3] == logits.argmax(dim=1).tolist()


def test_reestimate_takes_the_statistics_of_the_images() -> None:
    """Evaluated on those images, the copy answers as in training mode; the original stays."""
    torch.manual_seed(0)
    model, images = CNN().eval(), 3 + 2 * torch.randn(400, 1, 28, 28)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    adapted = reestimate(model, images)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
    assert all(a.equal(b) for a, b in zip(adapted.parameters(), model.parameters(), strict=True))
    model.train().body[3].eval()
    expected = model(images)
    logits = predict(adapted, TensorDataset(images, torch.zeros(400)))
    assert torch.allclose(expected, logits, atol=0.05)
    assert not torch.allclose(expected, predict(model, TensorDataset(images, torch.zeros(400))))


def test_plane_keeps_the_widest_spread() -> None:
    """Points that vary along two axes keep their distances; a narrow third axis is lost."""
    points = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    points *= torch.tensor([5.0, 2.0, 0.0])
    flat = flatten_to_plane(points)
    assert (50, 2) == flat.shape
    between, kept = (torch.pdist(each) for each in (points, flat))
    assert torch.allclose(between, kept, atol=1e-4)
    assert flat[:, 0].std() > flat[:, 1].std()
