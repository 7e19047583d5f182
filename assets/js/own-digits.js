// The page «Your own digits»: draw each digit as it is asked for, and save all as a file. Nothing is sent.

import { Pad, beforeRepaint, button, bytes, make, named, onColours, paint, style } from "./demo.js";
import { readModel } from "./digits.js";

const WANTED = 20;

/** Let readers draw digits in an element that names the model, whose pen is used, and the style sheet. */
export async function mount(demo) {
  const [buffer] = await Promise.all([bytes(demo.dataset.model), style(demo.dataset.style)]);
  const { size, pen } = readModel(buffer).steps;
  const kept = [];
  let unsaved = false;
  const status = make("p", { role: "status", class: "demo-answer" });
  const list = make("ol", { class: "demo-kept", "aria-label": "Digits that you keep" });
  const label = make("select", { id: "own-label" }, ...Array.from({ length: 10 }, (_, digit) => make("option", {}, digit)));
  const pad = new Pad(size, pen, () => { keep.disabled = !pad.strokes.length; });
  const keep = button("Keep it", () => {
    kept.push({ label: Number(label.value), strokes: pad.strokes, paper: pad.paper });
    unsaved = true;
    label.value = kept.length % 10;
    pad.set([]);
    show();
    pad.canvas.focus({ preventScroll: true });
  });
  const save = button("Save as a file", () => {
    const drawings = kept.map(({ label, strokes }) => ({ label, strokes }));
    const file = new Blob([JSON.stringify({ format: 1, pen, drawings }) + "\n"], { type: "application/json" });
    const link = make("a", { href: URL.createObjectURL(file), download: "my-digits.json" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    unsaved = false;
    status.textContent = `Saved ${kept.length} digits as my-digits.json, on your machine only.`;
  });

  const repaint = beforeRepaint(() => {
    list.querySelectorAll("canvas").forEach((picture, i) => paint(picture, kept[i].paper));
  });

  function show() {
    const next = kept.length < WANTED ? `Draw ${named(label.value)}. ` : "Enough for the code of Part IV. ";
    status.textContent = `${next}${kept.length} of ${WANTED} kept.`;
    save.disabled = !kept.length;
    list.replaceChildren(...kept.map((drawing, i) => {
      const remove = button("×", () => {
        kept.splice(i, 1);
        unsaved = kept.length > 0;
        show();
        pad.canvas.focus({ preventScroll: true });
      }, { "aria-label": `Remove the ${drawing.label}, number ${i + 1}` });
      return make("li", {}, make("canvas"), make("span", {}, drawing.label), remove);
    }));
    repaint();
  }

  label.addEventListener("change", show);
  onColours(repaint);
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  demo.replaceChildren(
    make("div", { class: "demo-draw" }, pad.element,
      make("div", { class: "demo-buttons" }, button("Undo", () => pad.undo()), button("Clear", () => pad.set([])))),
    make("div", { class: "demo-said" }, status,
      make("div", { class: "demo-buttons" }, make("label", { for: "own-label" }, "This is the digit "), label, keep), list, make("div", { class: "demo-buttons" }, save)),
  );
  demo.dataset.ready = "";
  keep.disabled = true;
  show();
  pad.set([]);
  pad.canvas.focus({ preventScroll: true });
}
