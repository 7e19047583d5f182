"""Strangers, and ways to tell them from digits."""

import pytest
import torch

from mnist_post.deployment.rejection import (
    fit_temperature,
    letters,
    risk_coverage,
    scores,
    share_passed,
)


def test_letters_are_ink_on_paper() -> None:
    """Each character in each font is a page of its own, with ink in its middle."""
    pages = letters("AB", ["DejaVuSans", "DejaVuSerif"])
    assert len(pages) == 4
    for page in pages:
        assert page.shape == (112, 112)
        assert page.max() == 1
        assert page[0].max() == page[:, 0].max() == 0
    assert not torch.equal(pages[0], pages[2])


def test_energy_sees_how_large_logits_are() -> None:
    """Added to all logits, a constant changes the energy and not the confidence."""
    logits = torch.randn(5, 10)
    low, high = scores(logits), scores(logits + 3)
    assert torch.allclose(low["confidence"], high["confidence"], atol=1e-6)
    assert torch.allclose(low["energy"] + 3, high["energy"], atol=1e-5)


def test_an_eleventh_class_takes_probability_from_the_best_digit() -> None:
    """Two scores more: that of all digits together, and that of the best alone."""
    logits = torch.zeros(2, 11)
    logits[0, 3], logits[1, 10] = 4, 4  # a digit and a stranger
    found = scores(logits)
    assert set(scores(logits[:, :10])) == {"confidence", "energy"} < set(found)
    shares = logits.softmax(dim=1)
    assert torch.allclose(shares[:, :10].sum(dim=1), found["eleventh"])
    assert torch.equal(torch.stack([shares[0, 3], shares[1, 0]]), found["best digit"])


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.5])
def test_temperature_undoes_a_factor(factor: float) -> None:
    """Labels drawn from the logits themselves fit a temperature of one, and so on."""
    logits = torch.randn(20_000, 10, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    labels = torch.multinomial(logits.softmax(dim=1), 1, generator=generator).squeeze(1)
    assert fit_temperature(factor * logits, labels) == pytest.approx(factor, abs=0.06)


def test_what_cannot_be_told_apart_passes() -> None:
    """Scores alike let pass what is kept; lower ones nothing; higher ones all."""
    digits = torch.linspace(0, 1, 1001)
    assert share_passed(digits, digits) == pytest.approx(0.95, abs=0.01)
    assert share_passed(digits, digits - 2) == 0
    assert share_passed(digits, digits + 2) == 1


def test_the_surest_are_answered_first() -> None:
    """Mistakes at low scores come in last; all answered, the risk is the error."""
    score = torch.tensor([0.1, 0.9, 0.5, 0.8])
    correct = torch.tensor([False, True, False, True])
    coverage, risk = risk_coverage(score, correct)
    assert [0.25, 0.5, 0.75, 1.0] == coverage.tolist()
    assert [0.0, 0.0, pytest.approx(1 / 3), 0.5] == risk.tolist()
