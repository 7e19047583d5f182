"""A reader's own digits, and a watch on what comes in."""

import copy
import json

import pytest
import torch

from mnist_post.deployment.drawing import rasterise
from mnist_post.deployment.production import fine_tune, read_drawings, stability
from mnist_post.deployment.small import SmallCNN

STROKES = [[[0.2, 0.2], [0.8, 0.2]], [[0.5, 0.5]]]


def test_drawings_are_read_as_they_were_drawn() -> None:
    """Strokes and pen of the file give the page, and labels come along."""
    text = json.dumps({"format": 1, "pen": 0.05, "drawings": [{"label": 7, "strokes": STROKES}]})
    (page,), labels = read_drawings(text)
    strokes = [[(x, y) for x, y in stroke] for stroke in STROKES]
    assert torch.equal(rasterise(strokes, pen=0.05), page)
    assert labels.tolist() == [7]


def drawings(**changes: object) -> str:
    """Return a file with one drawing, of which something differs."""
    drawing = {"label": 7, "strokes": STROKES} | changes
    content = {"format": 1, "pen": 0.05, "drawings": [drawing]}
    return json.dumps(content | {key: changes[key] for key in content if key in changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "not drawings of format 1"),
        ("no JSON", "Expecting value"),
        (drawings(format=2), "not drawings of format 1"),
        (drawings(pen=float("nan")), "pen of radius nan, expected between"),
        (drawings(pen=0.7), r"pen of radius 0\.7, expected between"),
        (drawings(pen="thin"), "pen of radius thin, expected between"),
        (drawings(drawings=[]), "no drawings"),
        (drawings(drawings=[{"label": 7}]), "drawing 1: not as the page saves it"),
        (drawings(drawings=["seven"]), "drawing 1: not as the page saves it"),
        (drawings(label=12), "drawing 1: label 12, expected 0 to 9"),
        (drawings(label="3"), "drawing 1: label 3, expected 0 to 9"),
        (drawings(strokes=[]), "drawing 1: a stroke without points"),
        (drawings(strokes=[[[0.1, 0.2]], []]), "drawing 1: a stroke without points"),
        (drawings(strokes=[[[0.1, 5]]]), "drawing 1: a point outside the page"),
        (drawings(strokes=[[0.1, 0.2]]), "drawing 1: not as the page saves it"),
    ],
)
def test_files_that_are_not_drawings_are_refused(text: str, message: str) -> None:
    """What is wrong is said, with the drawing's number, and nothing is taught."""
    with pytest.raises(ValueError, match=message):
        read_drawings(text)


def test_fine_tuning_learns_and_leaves_the_model_alone() -> None:
    """The copy fits the new digits better; the model keeps its weights and statistics."""
    torch.manual_seed(0)
    model = SmallCNN((2, 3, 4, 5)).eval()
    before = copy.deepcopy(model.state_dict())
    images, labels = torch.rand(20, 1, 28, 28), torch.arange(20) % 10
    tuned = fine_tune(model, images, labels, steps=60, lr=1e-2)
    losses = [torch.nn.functional.cross_entropy(m(images), labels) for m in (model, tuned)]
    assert losses[1] < losses[0]
    assert all(before[name].equal(tensor) for name, tensor in model.state_dict().items())
    name = "stages.0.2.running_mean"
    assert before[name].equal(tuned.state_dict()[name])


def test_stability_grows_with_the_difference() -> None:
    """Spread alike the index is near zero; the farther moved, the larger it is."""
    draw = torch.Generator().manual_seed(0)
    reference = torch.randn(5000, generator=draw)
    moved = [torch.randn(5000, generator=draw) + shift for shift in (0.0, 0.5, 1.0)]
    alike, some, much = (stability(reference, incoming) for incoming in moved)
    assert alike < 0.02 < some < much
