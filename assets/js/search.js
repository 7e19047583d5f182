// Search on the reader's own machine, over the index that Jekyll builds.
(() => {
  "use strict";

  const form = document.querySelector("form.search");
  const input = form.querySelector("input");
  const status = document.querySelector(".search-status");
  const list = document.querySelector(".search-results");
  const most = 30;
  let index;

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const words = (text) => plain(text).split(/[^\p{L}\p{N}_]+/u).filter(Boolean);

  /** The characters that entities stand for. */
  const decode = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent;

  /** The sections of all posts, flat, each with its text made plain once. */
  async function load() {
    const answer = await fetch(form.dataset.index);
    if (!answer.ok) throw new Error(answer.statusText);
    return (await answer.json()).flatMap((post) => post.sections.map(([id, ...html]) => {
      const [heading, text] = html.map(decode);
      const title = plain(id ? heading : post.title + " " + post.tags);
      return { post: post.title, url: post.url + (id ? "#" + id : ""), heading, text, title, plain: plain(text) };
    }));
  }

  /** How well a section fits: every word must begin a word of it; headings weigh more. */
  function score(section, terms) {
    let sum = 0;
    for (const term of terms) {
      const begins = new RegExp("(?<![\\p{L}\\p{N}])" + term, "gu");
      const found = Math.min((section.plain.match(begins) || []).length, 5) + 10 * (section.title.match(begins) || []).length;
      if (!found) return 0;
      sum += found;
    }
    return sum;
  }

  /** The text around the first word found, with the words marked. */
  function excerpt(section, terms) {
    const begins = new RegExp("(?<![\\p{L}\\p{N}])(?:" + terms.join("|") + ")", "gu");
    const aligned = section.plain.length === section.text.length;
    const first = aligned ? section.plain.search(begins) : -1;
    let start = Math.max(first - 70, 0);
    if (start) start = section.text.indexOf(" ", start) + 1;
    let end = start + 200;
    end = end < section.text.length ? Math.max(section.text.lastIndexOf(" ", end), first + 1) : section.text.length;
    const parts = [start ? "… " : ""];
    let at = start;
    if (aligned) {
      for (const found of section.plain.slice(0, end).matchAll(begins)) {
        if (found.index < at) continue;
        const mark = document.createElement("mark");
        mark.textContent = section.text.slice(found.index, found.index + found[0].length);
        parts.push(section.text.slice(at, found.index), mark);
        at = found.index + found[0].length;
      }
    }
    return [...parts, section.text.slice(at, end), end < section.text.length ? " …" : ""];
  }

  function show(section, terms) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const where = document.createElement("p");
    const text = document.createElement("p");
    link.href = section.url;
    link.textContent = section.heading || section.post;
    where.className = "post-meta";
    where.textContent = section.heading ? section.post : "Post";
    text.append(...excerpt(section, terms));
    item.append(link, where, text);
    return item;
  }

  async function search() {
    const terms = words(input.value);
    history.replaceState(null, "", terms.length ? "?q=" + encodeURIComponent(input.value.trim()) : location.pathname);
    if (!terms.length) {
      list.replaceChildren();
      status.textContent = "";
      return;
    }
    try {
      index = await (index ||= load());
    } catch {
      index = undefined;
      status.textContent = "The index could not be loaded. Try again.";
      return;
    }
    if (String(terms) !== String(words(input.value))) return; // typed on meanwhile
    const found = index.map((section) => [score(section, terms), section]).filter(([points]) => points)
      .sort(([one], [other]) => other - one);
    list.replaceChildren(...found.slice(0, most).map(([, section]) => show(section, terms)));
    const count = found.length === 1 ? "1 place found" : found.length + " places found";
    status.textContent = found.length > most ? count + ", the best " + most + " shown" : found.length ? count : "Nothing found";
  }

  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 150);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    search();
  });
  input.value = new URLSearchParams(location.search).get("q") || "";
  if (input.value) search();
})();
