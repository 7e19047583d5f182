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

/** Return a function that has `act` called once before the next repaint, however often it is called. */
export function beforeRepaint(act) {
  let asked = 0;
  return () => {
    asked = asked || requestAnimationFrame(() => { asked = 0; act(); });
  };
}

/** Call `act` when the page's colours have changed. */
export function onColours(act) {
  new MutationObserver(act).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  ["prefers-color-scheme: dark", "forced-colors: active"].forEach((query) => matchMedia(`(${query})`).addEventListener("change", act));
}

/** A digit with its article. */
export const named = (digit) => (Number(digit) === 8 ? "an 8" : `a ${digit}`);

const CELLS = 14;

/** A square to draw on, by pointer or by keyboard; calls `changed(done)` as strokes grow and end. */
export class Pad {
  constructor(size, pen, changed) {
    Object.assign(this, { size, pen, changed, strokes: [], cell: [CELLS / 2, CELLS / 2], keys: false });
    this.show = beforeRepaint(() => this.repaint());
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
    ["pointerup", "pointercancel"].forEach((name) => on(name, (event) => this.end(event)));
    on("keydown", (event) => this.key(event));
    on("blur", () => { this.keys = false; this.show(); });
    onColours(this.show);
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
    this.picture = null;
    this.pointer = event.pointerId; // another finger, or a palm, does not draw
    this.stroke = [this.point(event)];
    this.strokes.push(this.stroke);
    draw(this.paper, this.stroke, this.pen);
    this.show();
    this.changed(false);
  }

  follow(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    const before = this.stroke.length;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    this.stroke.push(...(events.length ? events : [event]).map((each) => this.point(each)));
    draw(this.paper, this.stroke, this.pen, before);
    this.show();
    this.changed(false);
  }

  end(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    this.stroke = null;
    this.changed(true);
  }

  /** Take other strokes; a picture may stand in for them until the reader draws. */
  set(strokes, picture = null) {
    Object.assign(this, { strokes, picture, stroke: null });
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
    let cleared = "";
    this.keys = true;
    if (moves[event.key]) {
      this.cell = [x + moves[event.key][0], y + moves[event.key][1]].map((i) => clamp(i, 0, CELLS - 1));
      if (event.shiftKey) this.set([...this.strokes, [here, middle(this.cell)]]);
    } else if (event.key === " " || event.key === "Enter") {
      const left = this.strokes.filter((stroke) => !filled(stroke));
      if (left.length < this.strokes.length) cleared = ", cleared";
      this.set(cleared ? left : [...this.strokes, [here]]);
    } else if (event.key === "Backspace") {
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    const ink = at(this.picture || this.paper, ...middle(this.cell).map((i) => Math.floor(i * this.size))) > 0.5;
    this.said.textContent = `row ${this.cell[1] + 1}, column ${this.cell[0] + 1}${ink ? ", ink" : cleared}`;
    this.show();
  }

  repaint() {
    paint(this.canvas, this.picture || this.paper);
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

const percent = (p) => (p > 0.995 && p < 1 ? "> 99" : round(100 * p)) + "%";

const SURE = 0.9; // from here on the answer is said without a «perhaps»

/** Let readers draw in an element that names the model and the style sheet. */
export async function mount(demo) {
  const [buffer] = await Promise.all([bytes(demo.dataset.model), style(demo.dataset.style)]);
  const model = readModel(buffer);
  const { size, pen, side } = model.steps;
  const { threshold } = model.reject;
  const answer = make("p", { class: "demo-answer" });
  const live = make("p", { role: "status", class: "visually-hidden" });
  const bar = (name) => make("li", {}, make("span", {}, name), make("i"), make("b"));
  const bars = [...Array(10).keys(), "none"].map(bar);
  const seen = make("canvas", { class: "demo-seen" });
  const strip = (names) => names.map((name) => make("figure", {}, make("canvas"), make("figcaption", {}, name)));
  const group = (title, figures) => make("div", { role: "group", "aria-label": title }, make("p", {}, title), ...figures);
  const steps = strip(["1 cut out", "2 scaled", "3 pen", "4 centred"]);
  const maps = strip(model.layers.slice(0, -1).map((_, i) => `layer ${i + 1}`));
  const blank = image(side, side);
  const grey = (pixels) => image(side, side, Float64Array.from(pixels, (byte) => byte / 255));
  let picked, waiting;

  const fill = (figures, images) => figures.forEach((figure, i) => paint(figure.firstChild, images[i] || blank));

  function words({ answer, accepted, probabilities }) {
    const p = probabilities[answer];
    return accepted ? `${p < SURE ? "Perhaps" : "That is"} ${named(answer)}: ${percent(p)}.` : "That is no digit I know.";
  }

  /** Show what the network says to the drawing, or to a digit of MNIST's, which has its form already. */
  const tell = beforeRepaint(() => {
    const drawn = pad.picture ? null : prepare(pad.paper, model.steps);
    const pixels = pad.picture ? picked : drawn && drawn.pixels;
    const said = pixels && classify(model, pixels);
    answer.textContent = said ? words(said) : "Draw a digit, or pick a sample.";
    demo.toggleAttribute("data-refused", Boolean(said && !said.accepted));
    bars.forEach((bar, i) => {
      const p = said ? said.probabilities[i] : 0;
      bar.style.setProperty("--p", p);
      bar.toggleAttribute("data-best", Boolean(said && said.accepted && i === said.answer));
      bar.lastChild.textContent = said ? percent(p) : "";
    });
    const form = pixels ? grey(pixels) : blank;
    paint(seen, form);
    fill(steps, drawn ? drawn.steps : [null, null, null, form]);
    fill(maps, said ? said.strongest : []);
  });

  const pad = new Pad(size, pen, (done) => {
    tell();
    clearTimeout(waiting);
    if (done) waiting = setTimeout(() => { live.textContent = answer.textContent; }, 600);
  });

  function sample(index) {
    picked = model.samples[index];
    const scaled = (i) => Math.floor(i * side / size);
    pad.set([], image(size, size, Float64Array.from({ length: size * size }, (_, i) => picked[scaled(Math.floor(i / size)) * side + scaled(i % size)] / 255)));
  }

  const samples = model.labels.map((label, i) => button(label, () => sample(i), { "aria-label": `Sample of ${named(label)}` }));
  const list = make("ul", { class: "demo-bars" }, ...bars);
  list.style.setProperty("--threshold", threshold);
  demo.replaceChildren(
    make("div", { class: "demo-draw" }, pad.element,
      make("div", { class: "demo-buttons" }, button("Undo", () => pad.undo()), button("Clear", () => pad.set([])))),
    make("div", { class: "demo-said" }, answer, live, list, make("p", { class: "demo-mark" }, `A digit is accepted from the mark on: ${percent(threshold)}.`),
      make("div", { class: "demo-buttons demo-samples", role: "group", "aria-label": "Samples" }, make("p", {}, "Or pick a digit of MNIST’s:"), ...samples)),
    make("div", { class: "demo-steps" },
      make("figure", {}, seen, make("figcaption", {}, "What the network sees")),
      group("The steps to MNIST’s form", steps),
      group("The strongest map of each layer", maps)),
  );
  onColours(tell);
  demo.dataset.ready = "";
  pad.set([]);
  pad.canvas.focus({ preventScroll: true });
}
