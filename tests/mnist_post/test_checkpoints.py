import pickle
from pathlib import Path

import pytest
import torch

from mnist_post.checkpoints import load_checkpoint, save_checkpoint
from mnist_post.models import MLP


def test_round_trip(tmp_path: Path) -> None:
    """A restored model has the same weights and the same two numbers."""
    path, model, restored = str(tmp_path / "new" / "mlp.pt"), MLP(hidden=4), MLP(hidden=4)
    save_checkpoint(path, model, mean=0.1306, std=0.3081)
    assert (0.1306, 0.3081) == load_checkpoint(path, restored)
    expected, actual = model.state_dict(), restored.state_dict()
    assert expected.keys() == actual.keys()
    assert all(torch.equal(expected[name], actual[name]) for name in expected)


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    """Weights of another width do not slip in."""
    path = str(tmp_path / "mlp.pt")
    save_checkpoint(path, MLP(hidden=4), 0.0, 1.0)
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_checkpoint(path, MLP(hidden=5))


def test_a_pickle_with_code_is_refused(tmp_path: Path) -> None:
    """A file that holds a whole Python object, and so could run code, is not opened."""
    path = tmp_path / "mlp.pt"
    torch.save({"weights": MLP(hidden=4), "mean": 0.0, "std": 1.0}, path)
    with pytest.raises(pickle.UnpicklingError, match="weights_only"):
        load_checkpoint(str(path), MLP(hidden=4))
