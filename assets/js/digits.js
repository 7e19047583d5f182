// What the demo of Part IV computes: a drawing becomes a digit of MNIST, and the small network reads it.
// src/mnist_post/deployment does the same in Python, and tests/site/test_demo.py holds the two together.

// From strokes to MNIST's form. An image is {ink, width, height}, ink from 0 to 1 by rows.

export const round = (x) => Math.floor(x + 0.5);
export const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
export const image = (width, height, ink = new Float64Array(width * height)) => ({ ink, width, height });

/** Add the ink of a stroke, points [x, y] from 0 to 1, to a square image; `from` skips points. */
export function draw(paper, stroke, pen, from = 0) {
  const size = paper.width;
  const reach = pen + 1 / size;
  for (let i = from; i < stroke.length; i++) {
    const [x0, y0] = stroke[Math.max(i - 1, 0)];
    const [x1, y1] = stroke[i];
    const dx = x1 - x0, dy = y1 - y0;
    const length = Math.max(dx * dx + dy * dy, 1e-12);
    const first = (a, b) => clamp(Math.floor((Math.min(a, b) - reach) * size), 0, size);
    const last = (a, b) => clamp(Math.ceil((Math.max(a, b) + reach) * size), 0, size);
    for (let row = first(y0, y1); row < last(y0, y1); row++) {
      for (let column = first(x0, x1); column < last(x0, x1); column++) {
        const x = (column + 0.5) / size, y = (row + 0.5) / size;
        const along = clamp(((x - x0) * dx + (y - y0) * dy) / length, 0, 1);
        const offX = x - x0 - along * dx, offY = y - y0 - along * dy;
        const ink = clamp((pen - Math.sqrt(offX * offX + offY * offY)) * size + 0.5, 0, 1);
        if (ink > paper.ink[row * size + column]) paper.ink[row * size + column] = ink;
      }
    }
  }
}

/** The ink of strokes on a square of `size` pixels. */
export function rasterise(strokes, size, pen) {
  const paper = image(size, size);
  strokes.forEach((stroke) => draw(paper, stroke, pen));
  return paper;
}

/** The smallest rectangle with all ink above a level; null if there is none. */
function crop({ ink, width, height }, level) {
  let top = height, bottom = -1, left = width, right = -1;
  ink.forEach((value, i) => {
    if (value <= level) return;
    const row = Math.floor(i / width), column = i % width;
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
    left = Math.min(left, column);
    right = Math.max(right, column);
  });
  if (bottom < 0) return null;
  const cut = image(right - left + 1, bottom - top + 1);
  cut.ink.forEach((_, i) => {
    cut.ink[i] = ink[(top + Math.floor(i / cut.width)) * width + left + (i % cut.width)];
  });
  return cut;
}

/** For each new pixel of a side, the old ones under it: [index, share]. */
function overlaps(before, after) {
  const step = before / after;
  return Array.from({ length: after }, (_, i) => {
    const shares = [];
    for (let old = Math.floor(i * step); old < before && old < (i + 1) * step; old++) {
      const covered = Math.min((i + 1) * step, old + 1) - Math.max(i * step, old);
      if (covered > 0) shares.push([old, covered / step]);
    }
    return shares;
  });
}

/** Scale by averaging areas; a side keeps at least one pixel. */
function resize({ ink, width, height }, factor) {
  const small = image(Math.max(1, round(factor * width)), Math.max(1, round(factor * height)));
  const columns = overlaps(width, small.width);
  overlaps(height, small.height).forEach((rows, y) => columns.forEach((shares, x) => {
    for (const [row, high] of rows) {
      for (const [column, wide] of shares) small.ink[y * small.width + x] += high * wide * ink[row * width + column];
    }
  }));
  return small;
}

export const at = ({ ink, width, height }, x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : ink[y * width + x]);

/** The mean width of strokes in pixels: twice their area over their rim. */
function strokeWidth(digit) {
  let rim = 0;
  for (let y = -1; y < digit.height; y++) {
    for (let x = -1; x < digit.width; x++) {
      const falling = at(digit, x + 1, y + 1) - at(digit, x, y);
      const rising = at(digit, x, y + 1) - at(digit, x + 1, y);
      rim += Math.sqrt((falling * falling + rising * rising) / 2);
    }
  }
  return 2 * digit.ink.reduce((sum, ink) => sum + ink, 0) / rim;
}

const full = (digit) => {
  const most = digit.ink.reduce((a, b) => Math.max(a, b));
  return image(digit.width, digit.height, digit.ink.map((ink) => ink / most));
};

/** Thicken or thin strokes until they are between `low` and `high` pixels wide. */
function evenPen(digit, low, high, rounds) {
  digit = full(digit);
  for (let turn = 0; turn < rounds; turn++) {
    const width = strokeWidth(digit);
    const by = (clamp(width, low, high) - width) / 2;
    const pick = by > 0 ? Math.max : Math.min;
    const share = Math.min(Math.abs(by), 1);
    digit = full(image(digit.width, digit.height, digit.ink.map((ink, i) => {
      const x = i % digit.width, y = Math.floor(i / digit.width);
      let other = ink;
      for (let v = y - 1; v <= y + 1; v++) for (let u = x - 1; u <= x + 1; u++) other = pick(other, at(digit, u, v));
      return ink + share * (other - ink);
    })));
  }
  return digit;
}

/** Lay ink on a square, its centre of mass in the middle. */
function centre(digit, side) {
  let total = 0, across = 0, down = 0;
  digit.ink.forEach((ink, i) => {
    total += ink;
    across += ink * (i % digit.width);
    down += ink * Math.floor(i / digit.width);
  });
  const left = clamp(round(side / 2 - across / total), 0, side - digit.width);
  const top = clamp(round(side / 2 - down / total), 0, side - digit.height);
  const square = image(side, side);
  digit.ink.forEach((ink, i) => {
    square.ink[(top + Math.floor(i / digit.width)) * side + left + (i % digit.width)] = ink;
  });
  return square;
}

/** The image after each step, and the bytes that the network sees; null if there is no digit. */
export function prepare(paper, { level, box, side, widths, rounds }) {
  const cut = crop(paper, level);
  if (!cut) return null;
  const scaled = resize(cut, box / Math.max(cut.width, cut.height));
  const pen = evenPen(scaled, ...widths, rounds);
  const centred = centre(pen, side);
  return { steps: [cut, scaled, pen, centred], pixels: Uint8Array.from(centred.ink, (ink) => round(255 * ink)) };
}

// The network: int8 weights in a file that the post's build wrote.

/** Read a model from the file's bytes. */
export function readModel(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const model = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let offset = 4 + length;
  const take = (Type, count) => {
    const numbers = new Type(buffer, offset, count);
    offset += numbers.byteLength;
    return numbers;
  };
  model.layers.forEach((layer) => Object.assign(layer, { scales: take(Float32Array, layer.out), biases: take(Float32Array, layer.out) }));
  model.layers.forEach((layer) => { layer.weights = take(Int8Array, layer.out * layer.in * (layer.kernel || 1) ** 2); });
  model.samples = model.labels.map(() => take(Uint8Array, model.steps.side ** 2));
  return model;
}

/** Convolve maps of some side, keep the largest sum of each pooled block, scale, and cut off below 0. */
function convolve(maps, side, { in: inputs, out, kernel, padding, pool, weights, scales, biases }) {
  const wide = side + 2 * padding - kernel + 1;
  const small = Math.floor(wide / pool);
  const result = new Float32Array(out * small * small);
  for (let o = 0, w = 0; o < out; o++) {
    const sums = new Float64Array(wide * wide);
    for (let i = 0; i < inputs; i++) {
      for (let dy = -padding; dy < kernel - padding; dy++) {
        for (let dx = -padding; dx < kernel - padding; dx++) {
          const weight = weights[w++];
          for (let y = Math.max(0, -dy); y < wide && y + dy < side; y++) {
            for (let x = Math.max(0, -dx); x < wide && x + dx < side; x++) {
              sums[y * wide + x] += weight * maps[(i * side + y + dy) * side + x + dx];
            }
          }
        }
      }
    }
    for (let y = 0; y < small; y++) {
      for (let x = 0; x < small; x++) {
        let most = -Infinity;
        for (let v = 0; v < pool; v++) for (let u = 0; u < pool; u++) most = Math.max(most, sums[(y * pool + v) * wide + x * pool + u]);
        result[(o * small + y) * small + x] = Math.max(scales[o] * most + biases[o], 0);
      }
    }
  }
  return [result, small];
}

const sum = (numbers) => numbers.reduce((a, b) => a + b);

/** The maps that convolutions left, one after the other. */
const separate = (maps, side) => Array.from({ length: maps.length / side ** 2 }, (_, c) => maps.subarray(c * side ** 2, (c + 1) * side ** 2));

/** What the network says to 28 × 28 bytes: probabilities, the digit, whether it is sure enough, strongest maps. */
export function classify(model, pixels) {
  const { temperature, threshold } = model.reject;
  let maps = Float32Array.from(pixels, (byte) => (byte / 255 - model.mean) / model.std);
  let side = model.steps.side;
  const strongest = [];
  for (const layer of model.layers.slice(0, -1)) {
    [maps, side] = convolve(maps, side, layer);
    const best = separate(maps, side).reduce((a, b) => (sum(b) > sum(a) ? b : a));
    strongest.push(full(image(side, side, best)));
  }
  const { weights, scales, biases } = model.layers.at(-1);
  const means = separate(maps, side).map((map) => sum(map) / map.length);
  const logits = Array.from(biases, (bias, o) => scales[o] * sum(means.map((mean, i) => weights[o * means.length + i] * mean)) + bias);
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - most) / temperature));
  const probabilities = powers.map((power) => power / sum(powers));
  const best = Math.max(...probabilities.slice(0, 10));
  return { probabilities, answer: probabilities.indexOf(best), accepted: best >= threshold, strongest };
}
