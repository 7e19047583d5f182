// The rules that `make audit` and tests/site check the built pages against: the recommended ones, except
// where the markup is not ours.
module.exports = {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    "aria-label-misuse": ["error", { allowAnyNamable: true }], // a list may have a name
    "no-inline-style": "off", // how kramdown aligns the columns of a table
    "prefer-tbody": "off", // tables that code printed
    "valid-id": ["error", { relaxed: true }], // kramdown's footnotes: fn:1
    "void-style": "off", // kramdown and jekyll-seo-tag close void elements
    "wcag/h63": "off", // tables that code printed: pandas writes no scope into its headings
  },
};
