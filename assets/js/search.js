// Search on the reader's own machine, in the index that Jekyll builds.
(() => {
  "use strict";

  const form = document.querySelector("form.search");
  const input = form.querySelector("input");
  const status = document.querySelector(".search-status");
  const list = document.querySelector(".search-results");
  const most = 30;
  // words that a question has and an answer has not
  const common = new Set("a an and are as at by can do does for from how i in is it my of on or the this to use what when where which why with you".split(" "));
  let index;

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const words = (text) => plain(text).split(/[^\p{L}\p{N}_]+/u).filter(Boolean);

  /** The words to look for, without the small ones unless there are no others. */
  function rare(text) {
    const asked = words(text);
    const found = asked.filter((word) => !common.has(word));
    return found.length ? found : asked;
  }

  /** The beginnings to look for: «saving» finds «save» and «saved». */
  const termsOf = (text) => [...new Set(rare(text).map((word) => word.replace(/(?<=...)(?:ing|ed|es|s|e)$/, "")))];

  /** The characters that entities stand for. */
  const decode = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent;

  /** The sections of all posts in one list, each with its text made plain once. */
  async function load() {
    const answer = await fetch(form.dataset.index);
    if (!answer.ok) throw new Error(answer.statusText);
    return (await answer.json()).flatMap((post) => post.sections.map(([id, ...html]) => {
      const [heading, text] = html.map(decode);
      const title = plain(id ? heading : [post.title, post.subtitle, post.tags].join(" "));
      const folded = decode(post.folded[id] || "");
      const name = post.subtitle || post.title;
      return { post: name, url: post.url + (id ? "#" + id : ""), heading, text, title, plain: plain(text), folded };
    }));
  }

  const beginning = (term) => new RegExp("(?<![\\p{L}\\p{N}])" + term, "gu");

  /** How many terms begin a word of a text, and how well it fits; headings weigh more. */
  function score(title, text, terms) {
    let found = 0;
    let points = 0;
    for (const term of terms) {
      const [inText, inTitle] = [text, title].map((place) => (place.match(beginning(term)) || []).length);
      found += inText + inTitle > 0;
      points += Math.min(inText, 5) + 10 * inTitle;
    }
    return { found, points };
  }

  /** Sections with all terms, or else with more than half of them. What only folded code has is last. */
  function find(terms) {
    const hits = index.map((section) => {
      const hit = { ...score(section.title, section.plain, terms), section, late: false };
      if (hit.found === terms.length || !section.folded) return hit;
      const { found, points } = score(section.title, section.plain + " " + plain(section.folded), terms);
      if (found === hit.found) return hit;
      const text = section.text + " " + section.folded;
      return { found, points, late: true, section: { ...section, text, plain: plain(text) } };
    });
    const best = Math.max(...hits.map(({ found }) => found));
    return hits.filter(({ found }) => found === best && 2 * found > terms.length)
      .sort((one, other) => one.late - other.late || other.points - one.points).map(({ section }) => section);
  }

  /** The text around the first word found, with the words marked. */
  function excerpt(section, terms) {
    const begins = beginning("(?:" + [...rare(input.value), ...terms].join("|") + ")");
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
    const terms = termsOf(input.value);
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
    if (String(terms) !== String(termsOf(input.value))) return; // the reader went on typing
    const found = find(terms);
    list.replaceChildren(...found.slice(0, most).map((section) => show(section, terms)));
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
