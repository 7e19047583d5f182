# frozen_string_literal: true

require "json"
require "kramdown"
require "open3"
require_relative "page"

module Blog
  # `$$…$$` as MathML, which browsers and feed readers show without a script. kramdown asks its math
  # engine for each formula; this one asks latex2mathml, which the engine of the posts needs anyway.
  module Formulas
    SCRIPT = File.expand_path("../../scripts/mathml.py", __dir__)
    VENV = File.expand_path("../../.venv/bin/python", __dir__)
    PYTHON = File.executable?(VENV) ? VENV : "python3"

    # Kramdown's contract for a math engine.
    def self.call(_converter, element, _options)
      block = element.options[:category] == :block
      tex = element.value.split.join(" ")
      html = mathml(tex, block: block) || "<code class=\"tex\">#{Blog.escape(tex)}</code>"
      block ? "<p class=\"formula\">#{html}</p>\n" : html
    end

    def self.mathml(tex, block:)
      (@known ||= {})[[tex, block]] ||= ask(tex, block)&.then { |html| labelled(html, tex) }
    end

    # The TeX stays with the formula, for those who copy it.
    def self.labelled(html, tex)
      html.sub(' xmlns="http://www.w3.org/1998/Math/MathML"', "").sub("<math", "<math alttext=\"#{Blog.escape(tex)}\"")
    end

    def self.ask(tex, block)
      input, output = process
      input.puts([tex, block].to_json)
      answer = output.gets
      return JSON.parse(answer) if answer

      raise Errno::EPIPE
    rescue SystemCallError
      warn_once
      nil
    end

    def self.process
      @process ||= Open3.popen2(PYTHON, SCRIPT).first(2)
    end

    def self.warn_once
      @warned ||= Jekyll.logger.warn("Formulas:", "no Python with latex2mathml; formulas stay TeX. Run make build-posts") || true
    end
  end
end

# In place of kramdown's default, which expects a script on the page.
Kramdown::Converter.add_math_engine(:mathjax, Blog::Formulas)
