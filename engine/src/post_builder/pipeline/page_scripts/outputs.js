/* Written by post-builder, which replaces it when it changes. Draws charts when they come near,
   and fits the frames of trusted HTML to their content. Loads nothing from other hosts. */
(() => {
  "use strict";
  if (window.postBuilderOutputs) return;
  window.postBuilderOutputs = true;

  const libraries = new Map();
  const load = (src) => {
    if (!libraries.has(src)) {
      libraries.set(src, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = src;
        script.onload = resolve;
        script.onerror = () => reject(new Error(`cannot load ${src}`));
        document.head.append(script);
      }));
    }
    return libraries.get(src);
  };

  // What Vega loads data and images with; links may lead to other hosts
  const onlyThisSite = {
    options: {},
    sanitize: async (address, options) => {
      const url = new URL(address, location.href);
      const link = options?.context === "href" && ["http:", "https:", "mailto:"].includes(url.protocol);
      if (url.origin !== location.origin && !link) throw new Error(`not loaded: ${address}`);
      return { href: url.href, rel: "noopener noreferrer" };
    },
    load: async (address) => {
      const answer = await fetch((await onlyThisSite.sanitize(address)).href);
      return answer.text();
    },
  };

  const isOwn = (address) => {
    try { return new URL(address, location.href).origin === location.origin; } catch { return false; }
  };

  // A style that an expression put together may load something: it goes before it is painted
  const LOADS = /(?:url|image|image-set|cross-fade|src)\(\s*["']?([^"')]*)/gi;
  const withoutLoading = (element) => {
    for (const { name, value } of [...element.attributes]) {
      const addresses = [...value.replaceAll("\\", "").matchAll(LOADS)].map((found) => found[1]);
      if (!addresses.every(isOwn)) element.removeAttribute(name);
    }
  };
  const watch = (root) => new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      const added = type === "attributes" ? [target] : [...addedNodes].filter((node) => node.attributes);
      added.flatMap((node) => [node, ...node.querySelectorAll("*")]).forEach(withoutLoading);
    }
  }).observe(root, { attributes: true, childList: true, subtree: true });

  const withoutImage = (value) => {
    if (!value?.image || isOwn(value.image)) return value;
    const { image, ...rest } = value;
    return { ...rest, "image ": image };
  };

  const draw = {
    plotly: (place, chart) => window.Plotly.newPlot(
      place, chart.data || [], { ...chart.layout, autosize: true },
      { responsive: true, displaylogo: false },
    ),
    vega: async (place, chart) => {
      const { view } = await window.vegaEmbed(
        place, chart, { actions: false, ast: true, loader: onlyThisSite, renderer: "svg" },
      );
      const tell = view.tooltip();
      view.tooltip((handler, event, item, value) => tell(handler, event, item, withoutImage(value)));
    },
  };

  const show = async (figure) => {
    const place = figure.querySelector("[role=img]");
    const { chart, library, src, height } = figure.dataset;
    try {
      const [answer] = await Promise.all([fetch(src), load(library)]);
      if (!answer.ok) throw new Error(`cannot load ${src}`);
      const description = await answer.json();
      const canvas = document.createElement("div");
      canvas.style.minHeight = `${Number(height)}px`;
      canvas.style.overflow = "auto"; // a chart may be wider than its place
      const instead = [...place.childNodes];
      place.replaceChildren(canvas);
      watch(canvas);
      try {
        await draw[chart](canvas, description);
      } catch (error) {
        place.replaceChildren(...instead);
        throw error;
      }
    } catch (error) {
      console.warn(error); // readers keep the text
    }
  };

  const near = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      near.unobserve(target);
      show(target);
    }
  }, { rootMargin: "50% 0px" });

  addEventListener("message", (event) => {
    const height = Number(event.data?.postBuilderHeight);
    if (!(height > 0 && height < 20000)) return;
    for (const frame of document.querySelectorAll(".output.page > iframe")) {
      if (frame.contentWindow === event.source) frame.height = Math.ceil(height) + 1;
    }
  });

  const start = () => document.querySelectorAll("figure.output[data-chart]").forEach((f) => near.observe(f));
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
