import pytest
import torch

from mnist_post.models import MLP, count_parameters


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
