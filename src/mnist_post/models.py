"""The networks of the series."""

from torch import Tensor, nn


class MLP(nn.Module):
    """A multilayer perceptron: 784 pixels in, one hidden layer, ten scores out."""

    def __init__(self, hidden: int = 512, dropout: float = 0.1) -> None:
        """Draw random weights; `hidden` is the width, `dropout` the share silenced in training."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),  # (N, 1, 28, 28) -> (N, 784)
            nn.Linear(784, hidden),  # (N, 784) -> (N, hidden)
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),  # (N, hidden) -> (N, 10)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, 10): a score for each digit, any number, larger is likelier."""
        logits: Tensor = self.layers(images)
        return logits


def count_parameters(model: nn.Module) -> int:
    """Count the numbers that training will adjust."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
