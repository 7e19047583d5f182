"""The first network of the series."""

# mypy: disable-error-code=no-any-return
# (calls of modules have no annotations)

from torch import Tensor, nn

# region models


class MLP(nn.Module):
    """A multilayer perceptron: 784 pixels, one hidden layer, ten logits."""

    def __init__(self, hidden: int = 512, dropout: float = 0.1) -> None:
        """Create the layers, with random weights."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),  # (N, 1, 28, 28) -> (N, 784)
            nn.Linear(784, hidden),  # (N, 784) -> (N, hidden)
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),  # (N, hidden) -> (N, 10)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, 10)."""
        return self.layers(images)


def count_parameters(model: nn.Module) -> int:
    """Count the numbers that training adjusts."""
    return sum(parameter.numel() for parameter in model.parameters())


# endregion
