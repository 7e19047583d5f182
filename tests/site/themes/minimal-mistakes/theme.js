for (const code of document.querySelectorAll(".page__content pre.highlight > code")) {
  code.parentElement.prepend(Object.assign(document.createElement("button"), { className: "clipboard-copy-button", textContent: "Copy" }));
}
