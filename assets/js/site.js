// What a page does beyond being read: copying, dark colours, folds, the place in the contents list,
// and where a number came from. Everything can be read without this file.
(() => {
  "use strict";

  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    made.className = className;
    made.append(...children);
    return made;
  }

  const status = element("div", "visually-hidden");
  status.setAttribute("role", "status");
  document.body.append(status);

  /** Tell screen readers something, even if it is what they were told last. */
  function announce(text) {
    status.textContent = "";
    setTimeout(() => { status.textContent = text; }, 50);
  }

  /** Remember a choice of the reader; in a private window it lasts as long as the page. */
  function remember(key, value) {
    root.dataset[key] = value;
    try {
      localStorage.setItem(key, value);
    } catch { /* refused */ }
  }

  // Copying

  /** The source in a code element: all of its text, or in a console what follows the prompts. */
  function sourceOf(code) {
    if (!code.querySelector(".gp")) return code.textContent;
    const copy = code.cloneNode(true);
    all(".gp, .go", copy).forEach((token) => token.replaceWith("\u0000" + (token.matches(".go") ? "" : "\u0001")));
    return copy.textContent.split("\n").filter((line) => line.includes("\u0001"))
      .map((line) => line.replace(/\u0000\u0001\s?/g, "").replace(/\u0000/g, "") + "\n").join("");
  }

  /** Put text on the clipboard; where the new way is refused, use the old one. */
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      const focused = document.activeElement;
      area.value = text;
      area.style.cssText = "position:fixed;top:0;opacity:0";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (focused) focused.focus();
      if (!done) throw new Error("the browser refused to copy");
    }
  }

  /** Copy what `source` returns when a button is clicked, and show the result on the button. */
  function copyOnClick(button, source) {
    const label = button.textContent;
    let reset;
    button.addEventListener("click", async () => {
      let result = "Copied";
      try {
        await copyText(source());
      } catch {
        result = "Not copied";
      }
      button.textContent = result;
      announce(result);
      clearTimeout(reset);
      reset = setTimeout(() => { button.textContent = label; }, 2000);
    });
  }

  // The buttons take no room in the text, so that nothing moves when they come.
  all(".highlight pre > code").filter((code) => !code.closest(".output")).forEach((code) => {
    const button = element("button", "copy needs-js", "Copy");
    button.type = "button";
    const block = code.closest("div.highlighter-rouge, figure.highlight");
    const name = block.id.startsWith("cell-") ? "" : block.id;
    button.setAttribute("aria-label", "Copy code" + (name && ": " + name));
    block.prepend(button);
    copyOnClick(button, () => sourceOf(code));
  });

  // All code of a post that runs. Code that is not executed, or raises on purpose, would end a script.
  const copyAll = document.querySelector(".copy-all");
  if (copyAll) {
    const cells = `.post-content .language-${copyAll.dataset.language}:not(.skip-execution, .raises-exception) .highlight pre > code`;
    copyOnClick(copyAll, () => all(cells).map(sourceOf).join("\n"));
  }

  // Each heading has its address to copy.
  all(".post-content :is(h2, h3, h4)[id]").filter((heading) => !heading.closest(".output")).forEach((heading) => {
    const link = element("a", "anchor needs-js", "#");
    heading.setAttribute("aria-label", heading.textContent);  // without the link
    link.href = "#" + heading.id;
    link.setAttribute("aria-label", "Link to " + heading.textContent);
    heading.append(" ", link);
    link.addEventListener("click", () => copyText(link.href).then(() => announce("Link copied"), () => {}));
  });

  // Blocks that scroll sideways, and only those, can be focused and scrolled with the keyboard. Their
  // right edge fades until the end is reached.
  const names = { ".highlight pre": "Code", ".output": "Output", ".table-scroll": "Table" };
  function markScrollers() {
    // first all that is read, then all that is written: the page is laid out once
    const boxes = Object.entries(names).flatMap(([selector, name]) => all(selector)
      .filter((box) => !box.closest("details:not([open])"))
      .map((box) => ({ box, name, scrolls: box.scrollWidth > box.clientWidth })));
    boxes.filter(({ box, scrolls }) => scrolls !== box.hasAttribute("tabindex")).forEach(({ box, name, scrolls }) => {
      if (scrolls) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", name + ", scrolls sideways");
        box.onscroll = () => box.classList.toggle("at-end", box.scrollLeft + box.clientWidth > box.scrollWidth - 8);
      } else {
        ["tabindex", "role", "aria-label"].forEach((attribute) => box.removeAttribute(attribute));
      }
    });
  }
  // after a layout the sizes are known, so that reading them costs nothing
  new ResizeObserver(markScrollers).observe(document.querySelector("main"));

  // Dark or light: the system's choice until the reader makes one. Choosing the system's removes it.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const themeSwitch = document.querySelector(".theme-switch");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = () => themeSwitch.setAttribute("aria-pressed", String(isDark()));
  if (themeSwitch) {
    showTheme();
    system.addEventListener("change", showTheme);
    themeSwitch.addEventListener("click", () => {
      const theme = isDark() ? "light" : "dark";
      remember("theme", (theme === "dark") === system.matches ? "" : theme);
      showTheme();
    });
  }

  // All code folded, all of it open, or as the author has it.
  function showCode(choice) {
    all(".post-content .cell-fold.added").forEach((fold) => fold.replaceWith(fold.lastElementChild));
    if (choice === "folded") {
      all(".post-content div.highlighter-rouge:has(> .copy)").filter((block) => !block.closest(".cell-fold, .solution")).forEach((block) => {
        const lines = block.querySelector("pre").textContent.split("\n").length - 1;
        const title = block.dataset.title || (block.id.startsWith("cell-") ? "" : block.id);
        const name = title ? [": ", element("var", "", title)] : [];
        const kind = block.matches(".language-console, .language-bash") ? "Commands" : "Code";
        const count = element("span", "", lines + (lines === 1 ? " line" : " lines"));
        const fold = element("details", "cell-fold added", element("summary", "", kind, ...name, " ", count));
        block.replaceWith(fold);
        fold.append(block);
      });
    }
    all(".post-content .cell-fold").forEach((fold) => { fold.open = choice === "open"; });
  }

  const choices = all(".choice");
  const showChoices = () => choices.forEach((button) => {
    button.setAttribute("aria-pressed", String(root.dataset[button.dataset.key] === button.dataset.value));
  });
  choices.forEach((button) => button.addEventListener("click", () => {
    const { key, value } = button.dataset;
    remember(key, root.dataset[key] === value ? "" : value);
    if (key === "code") showCode(root.dataset.code);
    showChoices();
  }));
  if (choices.length) {
    if (root.dataset.code) showCode(root.dataset.code);
    showChoices();
  }

  // The contents list: open beside the text, folded above it. The section in view is marked, and its
  // entry is kept in view in a long list.
  const toc = document.querySelector(".toc details");
  if (toc) {
    const narrow = matchMedia("(max-width: 64em)");
    narrow.addEventListener("change", () => { toc.open = !narrow.matches; });
    const links = new Map(all("a", toc).map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
    const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
    const back = document.querySelector(".to-contents");
    let current;
    const mark = () => {
      const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 4);
      const heading = passed.length ? passed[passed.length - 1] : headings[0];
      if (!heading || heading === current) return;
      current = heading;
      links.forEach((link) => link.removeAttribute("aria-current"));
      const link = links.get(heading.id);
      link.setAttribute("aria-current", "true");
      back.firstChild.dataset.at = link.textContent;
      if (narrow.matches) return;
      const [entry, list] = [link, toc].map((box) => box.getBoundingClientRect());
      if (entry.top < list.top + 32 || entry.bottom > list.bottom - 32) toc.scrollTop += entry.top - list.top - list.height / 3;
    };
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; mark(); });
    }, { passive: true });
    if (headings.length) links.get((current = headings[0]).id).setAttribute("aria-current", "true");
    if (location.hash) mark();
    // the way back to the list shows where the list does not
    back.addEventListener("click", () => { toc.open = true; });
    new IntersectionObserver(([list]) => {
      back.style.visibility = list.isIntersecting ? "hidden" : "";
    }).observe(toc);
  }

  /** A link into a fold opens it. */
  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let closed = false;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      closed ||= !fold.open;
      fold.open = true;
    }
    if (closed || root.dataset.code) target.scrollIntoView();
  }
  addEventListener("hashchange", openTarget);
  if (location.hash) openTarget();

  // Where numbers and outputs came from. The number itself is a link to its cell.
  const nameOf = (id) => (id.startsWith("cell-") ? "the cell above" : "cell " + id);
  const ran = document.querySelector('.post-meta [href="#how-it-ran"] time');
  const origin = element("div", "origin");
  origin.id = "origin";
  origin.hidden = true;
  document.body.append(origin);
  let hiding;

  function hideOrigin() {
    origin.hidden = true;
    all("[aria-describedby=origin]").forEach((link) => link.removeAttribute("aria-describedby"));
  }

  function showOrigin(link) {
    clearTimeout(hiding);
    hideOrigin();
    const id = decodeURIComponent(link.hash.slice(1));
    const cell = element("a", "", nameOf(id));
    cell.href = link.hash;
    cell.tabIndex = -1;
    cell.addEventListener("click", hideOrigin);
    origin.replaceChildren(element("code", "", link.parentElement.dataset.value), element("span", "", "computed after ", cell, ran ? ", ran " + ran.textContent : ""));
    origin.hidden = false;
    link.setAttribute("aria-describedby", "origin");
    const box = link.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, root.clientWidth - origin.offsetWidth - 8));
    origin.style.cssText = `left:${left + scrollX}px;top:${box.bottom + scrollY + 6}px`;
  }

  const hideSoon = () => { hiding = setTimeout(hideOrigin, 200); };
  all("[data-value] > a").forEach((link) => {
    let touched = false;
    link.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") showOrigin(link); });
    link.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hideSoon(); });
    link.addEventListener("pointerdown", (event) => { touched = event.pointerType !== "mouse"; });
    link.addEventListener("focus", () => showOrigin(link));
    link.addEventListener("blur", hideSoon);
    link.addEventListener("click", (event) => {
      if (!touched) return hideOrigin();
      event.preventDefault();
      return showOrigin(link);
    });
  });
  origin.addEventListener("pointerenter", () => clearTimeout(hiding));
  origin.addEventListener("pointerleave", hideSoon);
  addEventListener("keydown", (event) => { if (event.key === "Escape") hideOrigin(); });

  all(".post-content div.highlighter-rouge[id]").forEach((cell) => {
    const seconds = cell.dataset.seconds ? ", " + cell.dataset.seconds + " s" : "";
    let made = (cell.closest(".cell-fold") || cell).nextElementSibling;
    for (; made && made.matches(".output, .output-fold, .figure"); made = made.nextElementSibling) {
      [made, ...all(".output, .figure", made)].forEach((box) => { box.dataset.made = "by " + nameOf(cell.id) + seconds; });
    }
  });

  // The demo comes with the first touch.
  all(".demo").forEach((demo) => {
    const start = demo.querySelector("button");
    start.addEventListener("click", async () => {
      start.disabled = true;
      try {
        await (await import(demo.dataset.script)).mount(demo);
      } catch {
        start.disabled = false;
        start.textContent = "Not loaded: try again";
      }
    });
  });
})();
