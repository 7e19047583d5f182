// The demo of Part IV: draw a digit, and see what the small network makes of it. It comes with a reader's
// first touch, and nothing leaves the reader's machine.

import { at, clamp, classify, draw, image, prepare, rasterise, readModel, round } from "./digits.js";

/** Make an element with attributes and children. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children);
  return made;
}

/** A button that does something. */
export function button(label, act, attributes = {}) {
  const made = make("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", act);
  return made;
}

/** Paint an image in the colour of the text. */
export function paint(canvas, { ink, width, height }) {
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(width, height);
  ink.forEach((value, i) => { pixels.data[4 * i + 3] = 255 * value; });
  pen.putImageData(pixels, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = getComputedStyle(canvas).color;
  pen.fillRect(0, 0, width, height);
  pen.globalCompositeOperation = "source-over";
}

const CELLS = 14;

/** A square to draw on, by pointer or by keyboard; calls `changed(done)` as strokes grow and end. */
export class Pad {
  constructor(size, pen, changed) {
    Object.assign(this, { size, pen, changed, strokes: [], cell: [CELLS / 2, CELLS / 2], keys: false });
    this.canvas = make("canvas", {
      tabindex: 0, role: "application", class: "demo-pad",
      "aria-label": "Square to draw a digit on. Arrow keys move a square, Space fills or clears it, Shift with an arrow draws, Backspace undoes.",
    });
    this.said = make("span", { role: "status", class: "visually-hidden" });
    this.element = make("div", { class: "demo-paper" }, this.canvas, this.said);
    this.paper = image(size, size);
    const on = (name, act) => this.canvas.addEventListener(name, act);
    on("pointerdown", (event) => this.begin(event));
    on("pointermove", (event) => this.follow(event));
    ["pointerup", "pointercancel"].forEach((name) => on(name, () => this.end()));
    on("keydown", (event) => this.key(event));
    on("blur", () => { this.keys = false; this.show(); });
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((x) => round(clamp(x, 0, 1) * 1e4) / 1e4);
  }

  begin(event) {
    if (event.button !== 0 || this.stroke) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.keys = false;
    this.stroke = [this.point(event)];
    this.strokes.push(this.stroke);
    draw(this.paper, this.stroke, this.pen);
    this.show();
    this.changed(false);
  }

  follow(event) {
    if (!this.stroke) return;
    const before = this.stroke.length;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    this.stroke.push(...(events.length ? events : [event]).map((each) => this.point(each)));
    draw(this.paper, this.stroke, this.pen, before);
    this.show();
    this.changed(false);
  }

  end() {
    if (!this.stroke) return;
    this.stroke = null;
    this.changed(true);
  }

  /** Take other strokes. */
  set(strokes) {
    this.strokes = strokes;
    this.paper = rasterise(strokes, this.size, this.pen);
    this.show();
    this.changed(true);
  }

  undo() { this.set(this.strokes.slice(0, -1)); }

  key(event) {
    const [x, y] = this.cell;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const middle = (cell) => cell.map((i) => round((i + 0.5) / CELLS * 1e4) / 1e4);
    const here = middle(this.cell);
    const filled = (stroke) => stroke.some(([a, b]) => a === here[0] && b === here[1]);
    this.keys = true;
    if (moves[event.key]) {
      this.cell = [x + moves[event.key][0], y + moves[event.key][1]].map((i) => clamp(i, 0, CELLS - 1));
      if (event.shiftKey) this.set([...this.strokes, [here, middle(this.cell)]]);
    } else if (event.key === " " || event.key === "Enter") {
      const left = this.strokes.filter((stroke) => !filled(stroke));
      this.set(left.length < this.strokes.length ? left : [...this.strokes, [here]]);
    } else if (event.key === "Backspace") {
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    const ink = at(this.paper, ...middle(this.cell).map((i) => Math.floor(i * this.size))) > 0.5;
    this.said.textContent = `row ${this.cell[1] + 1}, column ${this.cell[0] + 1}${ink ? ", ink" : ""}`;
    this.show();
  }

  show() {
    paint(this.canvas, this.paper);
    if (!this.keys) return;
    const pen = this.canvas.getContext("2d");
    const step = this.size / CELLS;
    const { backgroundColor, outlineColor } = getComputedStyle(this.canvas);
    [[backgroundColor, 4], [outlineColor, 1.5]].forEach(([colour, width]) => {
      Object.assign(pen, { strokeStyle: colour, lineWidth: width });
      pen.strokeRect(this.cell[0] * step, this.cell[1] * step, step, step);
    });
  }
}

/** Fetch a file's bytes. */
export async function bytes(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.arrayBuffer();
}

/** Add the demo's style sheet, and wait for it. */
export function style(address) {
  return new Promise((go, stop) => {
    const link = make("link", { rel: "stylesheet", href: address });
    link.addEventListener("load", go);
    link.addEventListener("error", stop);
    document.head.append(link);
  });
}

const percent = (p) => (p > 0.995 && p < 1 ? "> 99" : round(100 * p)) + " %";

/** Let readers draw in an element that names the model and the style sheet. */
export async function mount(demo) {
  const [buffer] = await Promise.all([bytes(demo.dataset.model), style(demo.dataset.style)]);
  const model = readModel(buffer);
  const { size, pen } = model.steps;
  const answer = make("p", { class: "demo-answer" });
  const live = make("p", { role: "status", class: "visually-hidden" });
  const bars = Array.from({ length: 10 }, (_, digit) => make("li", {}, make("span", {}, digit), make("i"), make("b")));
  const seen = make("canvas", { class: "demo-seen" });
  const strip = (names) => names.map((name) => make("figure", {}, make("canvas"), make("figcaption", {}, name)));
  const group = (title, figures) => make("div", { role: "group", "aria-label": title }, make("p", {}, title), ...figures);
  const steps = strip(["1 cut out", "2 scaled", "3 pen", "4 centred"]);
  const maps = strip(model.layers.filter((layer) => layer.kind === "conv").map((_, i) => `layer ${i + 1}`));
  let waiting;

  function fill(figures, images) {
    figures.forEach((figure, i) => {
      figure.firstChild.hidden = !images[i];
      if (images[i]) paint(figure.firstChild, images[i]);
    });
  }

  /** Show what the network says to some pixels, or that there are none. */
  function tell(pixels, images, done) {
    const said = pixels && classify(model, pixels);
    let text = "Draw a digit, or pick a sample.";
    if (said) text = said.accepted ? `That is a${said.answer === 8 ? "n" : ""} ${said.answer}: ${percent(said.probabilities[said.answer])}.` : "That is no digit I know.";
    answer.textContent = text;
    demo.toggleAttribute("data-refused", Boolean(said && !said.accepted));
    bars.forEach((bar, digit) => {
      const p = said ? said.probabilities[digit] : 0;
      bar.style.setProperty("--p", p);
      bar.toggleAttribute("data-best", Boolean(said && said.accepted && digit === said.answer));
      bar.lastChild.textContent = said ? percent(p) : "";
    });
    paint(seen, image(28, 28, Float64Array.from(pixels || new Array(784).fill(0), (byte) => byte / 255)));
    fill(steps, images);
    fill(maps, said ? said.strongest : []);
    clearTimeout(waiting);
    if (done) waiting = setTimeout(() => { live.textContent = text; }, 600);
  }

  const pad = new Pad(size, pen, (done) => {
    const found = prepare(pad.paper, model.steps);
    tell(found && found.pixels, found ? found.steps : [], done);
  });

  /** Show a digit of MNIST's, which has its form already. */
  function sample(index) {
    const ink = Float64Array.from(model.samples[index], (byte) => byte / 255);
    pad.strokes = [];
    pad.paper = image(size, size);
    const scale = size / 28;
    pad.paper.ink.forEach((_, i) => { pad.paper.ink[i] = ink[Math.floor(i / size / scale) * 28 + Math.floor((i % size) / scale)]; });
    pad.show();
    tell(model.samples[index], [null, null, null, image(28, 28, ink)], true);
    pad.paper = image(size, size);
  }

  const samples = model.labels.map((label, i) => button(label, () => sample(i), { "aria-label": `Sample of a ${label}` }));
  demo.replaceChildren(
    make("div", { class: "demo-draw" }, pad.element,
      make("div", { class: "demo-buttons" }, button("Undo", () => pad.undo()), button("Clear", () => pad.set([])))),
    make("div", { class: "demo-said" }, answer, live, make("ol", { class: "demo-bars", start: 0 }, ...bars),
      make("div", { class: "demo-buttons demo-samples", role: "group", "aria-label": "Samples" }, make("p", {}, "Or pick a digit of MNIST’s:"), ...samples)),
    make("div", { class: "demo-steps" },
      make("figure", {}, seen, make("figcaption", {}, "What the network sees")),
      group("The steps to MNIST’s form", steps),
      group("The strongest map of each layer", maps)),
  );
  demo.dataset.ready = "";
  pad.set([]);
  pad.canvas.focus({ preventScroll: true });
}
