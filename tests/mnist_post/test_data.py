import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset
from torchvision.transforms import v2

from mnist_post.data import make_batches, mean_and_std, move, normalise, split_digits, to_float
from mnist_post.models import MLP


def test_load_digits_shapes(everything: TensorDataset, test_digits: TensorDataset) -> None:
    """Digits are float images with one channel, and integer labels."""
    for digits, count in [(everything, 60_000), (test_digits, 10_000)]:
        images, labels = digits.tensors
        assert (count, 1, 28, 28) == images.shape
        assert torch.float32 == images.dtype
        assert (count,) == labels.shape
        assert torch.int64 == labels.dtype


def test_load_digits_range(everything: TensorDataset) -> None:
    """Pixels lie between 0 and 1, and both occur."""
    assert (0.0, 1.0) == tuple(bound.item() for bound in everything.tensors[0].aminmax())


def test_transform_serves_one_image_and_many() -> None:
    """A picture alone and the same picture in a stack become the same numbers."""
    picture = Image.new("L", (28, 28), color=51)
    stack = torch.full((2, 1, 28, 28), 51, dtype=torch.uint8)
    assert torch.equal(to_float(picture), to_float(stack)[0])
    assert 0.2 == pytest.approx(to_float(picture).max().item())


def test_transform_returns_plain_tensors() -> None:
    """No image subclass slows the arithmetic of training."""
    assert torch.Tensor is type(to_float(torch.zeros(1, 1, 28, 28, dtype=torch.uint8)))


def numbered(count: int) -> TensorDataset:
    """Return one-pixel images whose pixel is their label."""
    return TensorDataset(torch.arange(count).float().reshape(-1, 1, 1, 1), torch.arange(count))


def test_split_is_disjoint_and_complete() -> None:
    """Each digit lands in exactly one part."""
    training, validation = split_digits(numbered(100), held_out=20)
    assert (80, 20) == (len(training), len(validation))
    together = torch.cat([training.tensors[1], validation.tensors[1]])
    assert list(range(100)) == sorted(together.tolist())


def test_split_keeps_images_with_their_labels() -> None:
    """Shuffling never parts an image from its label."""
    for part in split_digits(numbered(100), held_out=20):
        images, labels = part.tensors
        assert torch.equal(labels, images.flatten().long())


def test_split_is_seeded() -> None:
    """The same seed deals the same piles, another seed others, whatever was drawn before."""
    first = split_digits(numbered(100), 20, seed=3)[1].tensors[1]
    torch.rand(7)
    assert torch.equal(first, split_digits(numbered(100), 20, seed=3)[1].tensors[1])
    assert not torch.equal(first, split_digits(numbered(100), 20, seed=4)[1].tensors[1])


@pytest.mark.parametrize("held_out", [0, 100, 101, -1])
def test_split_refuses_an_empty_part(held_out: int) -> None:
    """A split that leaves nothing to train or to validate is refused."""
    with pytest.raises(ValueError, match=f"cannot hold out {held_out} of 100"):
        split_digits(numbered(100), held_out)


def test_test_digits_are_not_among_the_training_digits(
    everything: TensorDataset, test_digits: TensorDataset
) -> None:
    """No test image is a training image, so the test set cannot leak into training."""
    seen = {image.numpy().tobytes() for image in everything.tensors[0]}
    assert not any(image.numpy().tobytes() in seen for image in test_digits.tensors[0])


def test_mean_and_std_of_mnist(everything: TensorDataset) -> None:
    """The famous 0.1307 and 0.3081 follow from whole-number sums over all 60,000 images."""
    pixels = (255 * everything.tensors[0]).round().long()
    count, total, squares = pixels.numel(), pixels.sum().item(), (pixels**2).sum().item()
    mean = total / count / 255
    std = ((squares - total**2 / count) / (count - 1)) ** 0.5 / 255
    assert (mean, std) == pytest.approx(mean_and_std(everything), rel=1e-4)
    assert ("0.1307", "0.3081") == (f"{mean:.4f}", f"{std:.4f}")


def test_normalise_gives_mean_0_and_deviation_1(noise: TensorDataset) -> None:
    """Digits normalised by their own numbers have mean 0 and deviation 1."""
    normalised = normalise(noise, *mean_and_std(noise))
    assert (0.0, 1.0) == pytest.approx(mean_and_std(normalised), abs=1e-4)


def test_normalise_leaves_its_input_alone(noise: TensorDataset) -> None:
    """Digits are not changed in place."""
    before = noise.tensors[0].clone()
    normalise(noise, 0.1, 0.3)
    assert torch.equal(before, noise.tensors[0])


def test_three_channel_normalisation_fails_on_grey_images() -> None:
    """Three means make three channels of one without a word, and the model refuses them."""
    colour = v2.Normalize([0.5] * 3, [0.5] * 3)(torch.zeros(2, 1, 28, 28))
    assert (2, 3, 28, 28) == colour.shape
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        MLP(hidden=4)(colour)


def test_move_keeps_every_number(noise: TensorDataset) -> None:
    """Moving changes the device of images and labels, and nothing else."""
    moved = move(noise, torch.device("cpu"))
    assert torch.equal(noise.tensors[0], moved.tensors[0])
    assert torch.equal(noise.tensors[1], moved.tensors[1])


def test_batches_cover_every_digit_once(noise: TensorDataset) -> None:
    """An epoch shows each digit once; the last batch holds what is left."""
    sizes = [len(labels) for _, labels in make_batches(noise, 50, shuffle_seed=0)]
    assert [50, 50, 30] == sizes
    assert 3 == len(make_batches(noise, 50, shuffle_seed=0))


def order(batches: DataLoader[tuple[torch.Tensor, ...]]) -> list[int]:
    """Return the labels of one epoch, as they come."""
    return [label for _, labels in batches for label in labels.tolist()]


def test_batches_in_order_without_a_seed() -> None:
    """Without a seed, digits come in the order they have."""
    assert list(range(10)) == order(make_batches(numbered(10), 4))


def test_batches_are_shuffled_anew_each_epoch() -> None:
    """With a seed, each epoch has an order of its own, and all orders can be repeated."""
    batches = make_batches(numbered(100), 32, shuffle_seed=0)
    first, second = order(batches), order(batches)
    assert list(range(100)) == sorted(first) == sorted(second)
    assert list(range(100)) != first != second
    again = make_batches(numbered(100), 32, shuffle_seed=0)
    assert (first, second) == (order(again), order(again))


def test_shuffling_leaves_the_global_dice_alone() -> None:
    """Fetching shuffled batches draws no number that dropout would have drawn."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    order(make_batches(numbered(100), 32, shuffle_seed=0))
    assert torch.equal(expected, torch.rand(3))
