import math
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from mnist_post.basics import count_parameters, evaluate, fit
from mnist_post.recurrent import (
    AnytimeReader,
    RowReader,
    accuracy_by_row,
    as_pixels,
    beliefs,
    descend,
    gradient_norms,
    lstm_step,
    probe,
    rearrange,
    rnn_step,
    rows_needed,
    shuffle_rows,
)

KINDS = [nn.RNN, nn.GRU, nn.LSTM]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Draw the same weights in every test; one thread is quickest for steps as small as these."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def numbered_rows(count: int = 3) -> Tensor:
    """Return images whose every pixel is the number of its row, plus 100 times the image's."""
    rows = torch.arange(28.0).reshape(1, 1, 28, 1).expand(count, 1, 28, 28)
    return rows + 100 * torch.arange(count).reshape(-1, 1, 1, 1)


def test_rnn_step_is_that_of_pytorch() -> None:
    """Steps by hand, one after the other, give the states of `nn.RNN`."""
    memory, rows = nn.RNN(28, 8, batch_first=True), torch.randn(5, 28, 28)
    expected, _ = memory(rows)
    state = torch.zeros(5, 8)
    for step in range(28):
        state = rnn_step(memory, rows[:, step], state)
        assert torch.allclose(expected[:, step], state, atol=1e-6)


def test_lstm_step_is_that_of_pytorch() -> None:
    """Steps by hand give the states of `nn.LSTM`, and its cell state at the end."""
    memory, rows = nn.LSTM(28, 8, batch_first=True), torch.randn(5, 28, 28)
    expected, (_, last_cell) = memory(rows)
    state = cell = torch.zeros(5, 8)
    for step in range(28):
        state, cell = lstm_step(memory, rows[:, step], state, cell)
        assert torch.allclose(expected[:, step], state, atol=1e-6)
    assert torch.allclose(last_cell[0], cell, atol=1e-6)


@each_kind
@pytest.mark.parametrize("count", [1, 80, 128])
def test_any_number_of_images(kind: type[nn.RNN], count: int) -> None:
    """A last batch of another size, even of one image, is read like any other."""
    model = RowReader(kind, hidden=8)
    images = torch.randn(count, 1, 28, 28)
    assert (count, 28, 8) == model.read(images).shape
    assert (count, 10) == model(images).shape


@each_kind
def test_images_of_a_batch_ignore_each_other(kind: type[nn.RNN]) -> None:
    """An answer does not depend on the other images of the batch: the first axis is the batch."""
    model, images = RowReader(kind, hidden=8), torch.randn(4, 1, 28, 28)
    others = torch.cat([images[:1], torch.randn(3, 1, 28, 28)])
    assert torch.allclose(model(images)[0], model(others)[0], atol=1e-6)
    assert torch.allclose(model(images), torch.cat([model(image[None]) for image in images]))


@each_kind
def test_order_of_rows_matters(kind: type[nn.RNN]) -> None:
    """The reader is a reader: the same rows upside down are another image."""
    model, images = RowReader(kind, hidden=8), torch.randn(4, 1, 28, 28)
    assert not torch.allclose(model(images), model(images.flip(2)), atol=1e-3)


def test_parameters_by_hand() -> None:
    """An RNN has one set of weights, a GRU three, an LSTM four, and all the same answer."""
    one = 64 * 28 + 64 * 64 + 64 + 64
    answer = 64 * 10 + 10
    expected = [one + answer, 3 * one + answer, 4 * one + answer]
    assert expected == [count_parameters(RowReader(kind)) for kind in KINDS]


@each_kind
def test_the_gate_that_keeps_begins_open(kind: type[nn.RNN]) -> None:
    """GRU and LSTM begin with the keeping gate pushed open, an RNN has none."""
    bias = RowReader(kind, 8, keep=5.0).rnn.get_parameter("bias_hh_l0")
    assert (kind is not nn.RNN) == torch.equal(torch.full((8,), 5.0), bias[8:16])


def test_an_open_gate_keeps() -> None:
    """With the gate wide open and nothing written, an LSTM's cell state stays as it is."""
    lstm = nn.LSTM(28, 8, batch_first=True)
    for weight in lstm.parameters():
        nn.init.zeros_(weight)
    bias = lstm.get_parameter("bias_hh_l0")
    nn.init.constant_(bias[8:16], 20.0)
    cell = torch.rand(1, 8)
    _, kept = lstm_step(lstm, torch.rand(1, 28), torch.zeros(1, 8), cell)
    assert torch.allclose(cell, kept)


def test_an_orthogonal_start_keeps_lengths() -> None:
    """The matrix from state to state turns a state and does not shrink it."""
    weight = RowReader(nn.RNN, 8, orthogonal=True).rnn.get_parameter("weight_hh_l0")
    assert torch.allclose(torch.eye(8), weight @ weight.T, atol=1e-5)


@each_kind
def test_beliefs_are_those_of_prefixes(kind: type[nn.RNN]) -> None:
    """The belief after a row is what the model would answer if the image ended there."""
    model, images = RowReader(kind, hidden=8), torch.randn(3, 1, 28, 28)
    believed = beliefs(model, images)
    assert (3, 28, 10) == believed.shape
    for rows in (1, 14, 28):
        expected = model(images[:, :, :rows]).softmax(dim=1)
        assert torch.allclose(expected, believed[:, rows - 1], atol=1e-6)


def test_what_comes_later_changes_no_earlier_belief() -> None:
    """A reader cannot look ahead."""
    model, images = RowReader(hidden=8), torch.randn(2, 1, 28, 28)
    other = images.clone()
    other[:, :, 10:] = 0
    assert torch.equal(beliefs(model, images)[:, :10], beliefs(model, other)[:, :10])


def test_anytime_reader_is_interrupted_in_training_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """In training each image has its own last row; afterwards all are read to the end."""
    model, images = AnytimeReader(hidden=8), torch.randn(3, 1, 28, 28)
    monkeypatch.setattr(torch, "randint", lambda *_, **__: torch.tensor([0, 13, 27]))
    logits = model.train()(images)
    for place, rows in enumerate([1, 14, 28]):
        expected = RowReader.forward(model, images[:, :, :rows])[place]
        assert torch.allclose(expected, logits[place], atol=1e-6)
    assert torch.equal(RowReader.forward(model, images), model.eval()(images))


def test_accuracy_by_row_by_hand() -> None:
    """Two images, two rows: one right at once, one right at the end."""
    probabilities = torch.tensor([[[0.9, 0.1], [0.8, 0.2]], [[0.7, 0.3], [0.4, 0.6]]])
    assert [0.5, 1.0] == accuracy_by_row(probabilities, torch.tensor([0, 1])).tolist()


def test_probe_finds_what_a_memory_holds_and_its_answer_hides() -> None:
    """A memory that holds the label from the second row on is read there, whatever it answers."""
    model = RowReader(nn.RNN, width=10, hidden=10)
    with torch.no_grad():
        for weight in model.rnn.parameters():
            weight.zero_()
        model.rnn.get_parameter("weight_ih_l0").copy_(
            torch.eye(10)
        )  # the state is the row, squeezed
        model.head.weight.zero_()
    labels = torch.arange(200) % 10
    images = torch.stack([torch.zeros(200, 10), F.one_hot(labels, 10).float()], dim=1).unsqueeze(1)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    found = accuracy_by_row(probe(model, TensorDataset(images, labels), images), labels)
    assert [pytest.approx(0.1), 1.0] == found.tolist()
    assert all(weight.equal(before[name]) for name, weight in model.state_dict().items())


def test_rows_needed_by_hand() -> None:
    """A mind never changed needed one row; one changed back at the end needed all."""
    answers = torch.tensor([[2, 2, 2, 2], [0, 1, 2, 2], [2, 2, 0, 2]])
    assert [1, 3, 4] == rows_needed(F.one_hot(answers, 10).float()).tolist()


def test_gradient_norms_by_hand() -> None:
    """Two steps of one pixel through an RNN of one number: the chain rule, written out."""
    model = RowReader(nn.RNN, width=1, hidden=1)
    for_row, for_state, row_bias, state_bias = (weight.item() for weight in model.rnn.parameters())
    first = math.tanh(0.5 * for_row + row_bias + state_bias)
    second = math.tanh(-0.3 * for_row + row_bias + for_state * first + state_bias)
    state = torch.tensor([[second]])
    wrong = model.head(state).softmax(dim=1) - F.one_hot(torch.tensor([4]), 10)
    at_end = (wrong @ model.head.weight).item() * (1 - second**2)
    expected = [abs(at_end * for_state * (1 - first**2) * for_row), abs(at_end * for_row)]
    images = torch.tensor([0.5, -0.3]).reshape(1, 1, 2, 1)
    assert expected == pytest.approx(gradient_norms(model, images, torch.tensor([4])).tolist())


def test_gradient_norms_leave_the_images_alone() -> None:
    """Images do not begin to record what is done to them."""
    images = torch.randn(2, 1, 28, 28)
    gradient_norms(RowReader(hidden=8), images, torch.tensor([0, 1]))
    assert not images.requires_grad


def test_gates_carry_gradients_further() -> None:
    """In fresh networks the first row is felt a thousand times more through gates."""
    images, labels = torch.randn(20, 1, 28, 28), torch.arange(20) % 10
    norms = {kind: gradient_norms(RowReader(kind), images, labels) for kind in KINDS}
    shares = {kind: (steps[0] / steps[-1]).item() for kind, steps in norms.items()}
    assert 1000 * shares[nn.RNN] < min(shares[nn.GRU], shares[nn.LSTM])


def test_descend_cuts_gradients_to_the_limit(noise: TensorDataset) -> None:
    """A clipped step is as long as learning rate times limit, in the gradient's direction."""
    moves, few = [], TensorDataset(*noise[:64])  # one batch
    for limit in (math.inf, 0.01):
        torch.manual_seed(0)
        model = RowReader(nn.RNN, hidden=8)
        before = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        ((_, norm),) = descend(model, few, lr=0.1, limit=limit)
        moves.append(nn.utils.parameters_to_vector(model.parameters()).detach() - before)
    free, cut = moves
    assert 0.1 * norm == pytest.approx(free.norm().item(), rel=1e-4)
    assert 0.1 * 0.01 == pytest.approx(cut.norm().item(), rel=1e-3)
    assert 1 == pytest.approx(F.cosine_similarity(free, cut, dim=0).item(), abs=1e-4)


def test_shuffled_rows_are_in_one_order_for_all_images() -> None:
    """Every image has its rows in the same new order, each row once and whole."""
    images = numbered_rows()
    shuffled = shuffle_rows(images)
    order = shuffled[0, 0, :, 0].long()
    assert [*range(28)] == sorted(order.tolist()) != order.tolist()
    assert torch.equal(images[:, :, order], shuffled)
    assert torch.equal(images, shuffled[:, :, order.argsort()])
    assert torch.equal(shuffled, shuffle_rows(images))
    assert not torch.equal(shuffled, shuffle_rows(images, seed=1))


def test_shuffled_blocks_stay_whole() -> None:
    """Four rows that belong to a block stay together, in order."""
    order = shuffle_rows(numbered_rows(), block=4)[0, 0, :, 0].long()
    assert [*range(28)] == sorted(order.tolist()) != order.tolist()
    assert [[1, 1, 1]] * 7 == order.reshape(7, 4).diff(dim=1).tolist()


def test_pixels_are_strung_out_in_reading_order() -> None:
    """Each step is the mean of four pixels, from left to right and then down."""
    images = torch.arange(784.0).reshape(1, 1, 28, 28)
    pixels = as_pixels(images)
    assert (1, 1, 196, 1) == pixels.shape
    means = [images[0, 0, y : y + 2, x : x + 2].mean().item() for y, x in [(0, 0), (0, 2), (2, 0)]]
    assert means == [pixels[0, 0, step, 0].item() for step in (0, 1, 14)]


def test_rearranging_keeps_labels_and_the_original(noise: TensorDataset) -> None:
    """Only the images change, and not in place."""
    before = noise.tensors[0].clone()
    images, labels, _ = rearrange(noise, lambda images: images.flip(2)).tensors
    assert torch.equal(before.flip(2), images)
    assert torch.equal(noise.tensors[1], labels)
    assert torch.equal(before, noise.tensors[0])


def train(noise: TensorDataset, seed: int) -> Tensor:
    """Train for an epoch; return all weights."""
    torch.manual_seed(seed)
    model = RowReader(hidden=8)
    fit(model, noise, noise, epochs=1)
    return nn.utils.parameters_to_vector(model.parameters())


def test_same_seed_same_weights(noise: TensorDataset) -> None:
    """A training can be repeated to the last bit; another seed gives another network."""
    assert torch.equal(train(noise, 0), train(noise, 0))
    assert not torch.equal(train(noise, 0), train(noise, 1))


@each_kind
def test_every_kind_learns_in_the_same_loop(kind: type[nn.RNN], noise: TensorDataset) -> None:
    """The loop of Part I, unchanged, teaches any of the three ten images by heart.

    And what was learnt from rows in order is lost on the same rows in another order.
    """
    few = rearrange(TensorDataset(*noise[:10]), lambda images: images[:, :, :8])
    model = RowReader(kind, hidden=16)
    history = fit(model, few, few, epochs=40, lr=2e-2)
    assert 1.0 == history[-1][1].accuracy
    assert evaluate(model, rearrange(few, shuffle_rows)).accuracy < 1.0


def test_forgotten_batch_first_mixes_images() -> None:
    """Trap: without `batch_first` nothing complains, and images become each other's past."""
    memory, images = nn.LSTM(28, 8), torch.randn(28, 28, 28)
    changed = images.clone()
    changed[0] = 0
    assert not torch.allclose(memory(images)[0][1], memory(changed)[0][1], atol=1e-3)


def test_last_state_has_its_layers_first() -> None:
    """Trap: `batch_first` turns the states, but not the last state that comes with them."""
    states, last = nn.RNN(28, 8, batch_first=True)(torch.randn(5, 28, 28))
    assert ((5, 28, 8), (1, 5, 8)) == (states.shape, last.shape)
    assert torch.equal(states[:, -1], last[0])


def test_a_kept_state_refuses_the_smaller_last_batch() -> None:
    """Trap: a state of 128 images cannot go on with 80."""
    memory = nn.GRU(28, 8, batch_first=True)
    _, state = memory(torch.randn(128, 28, 28))
    with pytest.raises(RuntimeError, match="Expected hidden size"):
        memory(torch.randn(80, 28, 28), state)


def test_a_kept_state_must_be_detached() -> None:
    """Trap: a state carried into the next batch drags the last batch's graph along."""
    memory, rows = nn.RNN(28, 8, batch_first=True), torch.randn(5, 28, 28)
    states, last = memory(rows)
    states.sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        memory(rows, last)[0].sum().backward()
    memory(rows, last.detach())[0].sum().backward()


def test_dropout_of_one_layer_does_nothing() -> None:
    """Trap: the option drops between layers, and one layer has no between."""
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        memory = nn.LSTM(28, 8, dropout=0.9, batch_first=True)
    rows = torch.randn(5, 28, 28)
    assert torch.equal(memory.train()(rows)[0], memory(rows)[0])


def test_squeeze_loses_a_batch_of_one() -> None:
    """Trap: `squeeze()` without a dimension takes the batch for a leftover when it is one image."""
    memory = nn.LSTM(28, 8, batch_first=True)
    assert (28, 8) == memory(torch.randn(1, 1, 28, 28).squeeze())[0].shape
    assert (1, 28, 8) == memory(torch.randn(1, 1, 28, 28).squeeze(1))[0].shape
