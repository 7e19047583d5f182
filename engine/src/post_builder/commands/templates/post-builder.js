// Folds code that is marked .hide-input. Written once by `post-builder init`; edit it freely.
// Without this file the code is open.

for (const block of document.querySelectorAll("div.hide-input")) {
  if (block.closest("details")) continue; // in a fold of the author's
  const code = block.querySelector(".rouge-code") || block.querySelector("code");
  const lines = code.textContent.trimEnd().split("\n").length;
  const summary = document.createElement("summary");
  summary.textContent = `Code${block.id && `: ${block.id}`} (${lines} line${lines > 1 ? "s" : ""})`;
  const fold = document.createElement("details");
  fold.className = "code-fold";
  block.replaceWith(fold);
  fold.append(summary, block);
}

// A link to a folded cell opens it.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = target && target.closest("details.code-fold");
  if (!fold || fold.open) return;
  fold.open = true;
  target.scrollIntoView();
}

addEventListener("hashchange", openTarget);
openTarget();
