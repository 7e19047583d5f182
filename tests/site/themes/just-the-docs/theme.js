for (const block of document.querySelectorAll("div.highlighter-rouge, div.listingblock > div.content, figure.highlight")) {
  block.append(Object.assign(document.createElement("button"), { textContent: "Copy" }));
}
