// What `make audit` and tests/site hold the built pages to: the recommended rules, save where another's
// hand wrote the markup.
module.exports = {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    "aria-label-misuse": ["error", { allowAnyNamable: true }], // a list may have a name
    "no-inline-style": "off", // kramdown aligns the columns of a table so
    "prefer-tbody": "off", // tables that code printed
    "valid-id": ["error", { relaxed: true }], // kramdown's footnotes: fn:1
    "void-style": "off", // kramdown and jekyll-seo-tag close void elements
    "wcag/h63": "off", // tables that code printed: pandas gives its headings no scope
  },
};
