// What a page does beyond being read: copy buttons, the dark switch, the place in the contents list.
// Everything can be read without this file.
(() => {
  "use strict";

  const status = document.createElement("div");
  status.setAttribute("role", "status");
  status.className = "visually-hidden";
  document.body.append(status);

  /** Say a word to screen readers, also when it is the word said last. */
  function announce(text) {
    status.textContent = "";
    setTimeout(() => { status.textContent = text; }, 50);
  }

  /** The source in a code element: all of its text, or what follows the prompts of a console. */
  function sourceOf(code) {
    if (!code.querySelector(".gp")) return code.textContent;
    const copy = code.cloneNode(true);
    copy.querySelectorAll(".gp, .go").forEach((token) => token.replaceWith("\u0000" + (token.matches(".go") ? "" : "\u0001")));
    return copy.textContent.split("\n").filter((line) => line.includes("\u0001"))
      .map((line) => line.replace(/\u0000\u0001\s?/g, "").replace(/\u0000/g, "") + "\n").join("");
  }

  /** Put text on the clipboard, by the old way where the new one is refused. */
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

  /** Let a button copy what a function gives, and say how it went. */
  function copyOnClick(button, source) {
    const label = button.textContent;
    let reset;
    button.addEventListener("click", async () => {
      let said = "Copied";
      try {
        await copyText(source());
      } catch {
        said = "Not copied";
      }
      button.textContent = said;
      announce(said);
      clearTimeout(reset);
      reset = setTimeout(() => { button.textContent = label; }, 2000);
    });
  }

  document.querySelectorAll(".copy").forEach((button) => {
    copyOnClick(button, () => sourceOf(button.parentElement.querySelector("pre.highlight > code")));
  });

  // All code of a post that runs: what is only shown, or raises on purpose, would end a script.
  const copyAll = document.querySelector(".copy-all");
  if (copyAll) {
    const cells = `.post-content .language-${copyAll.dataset.language}:not(.skip-execution, .raises-exception) pre.highlight > code`;
    copyOnClick(copyAll, () => [...document.querySelectorAll(cells)].map(sourceOf).join("\n"));
  }

  /** What scrolls sideways can be reached and scrolled with the keyboard, and only that. */
  const names = { "pre.highlight": "Code", ".output": "Output", ".table-scroll": "Table" };
  function markScrollers() {
    // first all that is read, then all that is written: the page is laid out once
    const boxes = Object.entries(names).flatMap(([selector, name]) => [...document.querySelectorAll(selector)]
      .filter((box) => !box.closest("details:not([open])"))
      .map((box) => ({ box, name, scrolls: box.scrollWidth > box.clientWidth })));
    boxes.filter(({ box, scrolls }) => scrolls !== box.hasAttribute("tabindex")).forEach(({ box, name, scrolls }) => {
      if (scrolls) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", name + ", scrolls sideways");
      } else {
        ["tabindex", "role", "aria-label"].forEach((attribute) => box.removeAttribute(attribute));
      }
    });
  }
  // told of sizes after each layout, a page need not be laid out in order to ask
  new ResizeObserver(markScrollers).observe(document.querySelector("main"));

  // Dark or light: the system's choice until the reader makes one; choosing the system's forgets it.
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const themeSwitch = document.querySelector(".theme-switch");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = () => themeSwitch.setAttribute("aria-pressed", String(isDark()));
  if (themeSwitch) {
    showTheme();
    system.addEventListener("change", showTheme);
    themeSwitch.addEventListener("click", () => {
      const theme = isDark() ? "light" : "dark";
      root.dataset.theme = (theme === "dark") === system.matches ? "" : theme;
      try {
        localStorage.setItem("theme", root.dataset.theme);
      } catch { /* a private window: the choice lasts as long as the page */ }
      showTheme();
    });
  }

  // The contents list: open beside the text, folded above it, the section in view marked.
  const toc = document.querySelector(".toc details");
  if (toc) {
    const narrow = matchMedia("(max-width: 64em)");
    narrow.addEventListener("change", () => { toc.open = !narrow.matches; });
    const links = new Map([...toc.querySelectorAll("a")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
    const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
    let current;
    const mark = () => {
      const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 4);
      const heading = passed.length ? passed[passed.length - 1] : headings[0];
      if (!heading || heading === current) return;
      current = heading;
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(heading.id).setAttribute("aria-current", "true");
    };
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; mark(); });
    }, { passive: true });
    if (headings.length) links.get((current = headings[0]).id).setAttribute("aria-current", "true");
    if (location.hash) mark();
  }

  // On paper folded parts are open.
  const opened = [];
  addEventListener("beforeprint", () => {
    document.querySelectorAll(".post-content details:not([open])").forEach((fold) => { fold.open = true; opened.push(fold); });
  });
  addEventListener("afterprint", () => { opened.splice(0).forEach((fold) => { fold.open = false; }); });
})();
