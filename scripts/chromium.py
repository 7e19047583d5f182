"""The browser that tests and audit look at pages with, and what axe-core is asked of a page."""

from __future__ import annotations

import shutil

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Quiet: a browser that asks the network for nothing of its own."""

AXE = """async () => {
    document.querySelectorAll("details").forEach((fold) => { fold.open = true });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const found = await axe.run({ rules: { "color-contrast-enhanced": { enabled: true } } });
    return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}`));
}"""
"""What axe-core finds on a page with all that is folded open; text is held to AAA."""


def find() -> str | None:
    """Return the path of the system's Chromium; without one Playwright takes its own."""
    names = ("chromium", "google-chrome", "chromium-browser")
    return next(filter(None, map(shutil.which, names)), None)
