# frozen_string_literal: true

require_relative "page"

module Blog
  # How long a post takes to read: its prose by words, its open code by lines. What is folded is not
  # counted, and outputs and figures are looked at.
  module Reading
    DROPPED = ".output, .output-fold, figure, details, .hide-input, script, style"

    # Whole minutes, at least one, at the speeds that _config.yml gives.
    def self.minutes(html, words_per_minute:, code_lines_per_minute:)
      body = Blog.fragment(html)
      body.css(DROPPED).remove
      code = body.css("pre").remove.sum { |block| block.text.strip.lines.size }
      prose = body.text.split.size.fdiv(words_per_minute)
      [(prose + code.fdiv(code_lines_per_minute)).round, 1].max
    end
  end
end
