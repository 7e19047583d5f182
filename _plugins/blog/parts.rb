# frozen_string_literal: true

require_relative "page"

module Blog
  # «Part II» in the prose of a series becomes a link to that part.
  module Parts
    NUMERAL = /(?:[IVX]+|\d+)\b/
    MENTION = /\bParts? #{NUMERAL}(?:(?:, | and | or | to |–)#{NUMERAL})*/
    ROMAN = { "I" => 1, "V" => 5, "X" => 10 }.freeze
    SKIPPED = { names: %w[a code pre summary h1 h2 h3 h4 h5 h6 math], classes: %w[output highlight] }.freeze

    def self.link(body, page)
      parts = page.other_parts
      return if parts.empty?

      body.xpath(".//text()").each do |text|
        next unless text.content.match?(MENTION) && !Blog.inside?(text, **SKIPPED)

        html = Blog.escape(text.content).gsub(MENTION) { |mention| linked(mention, parts, page) }
        text.replace(html)
      end
    end

    # «Part II» whole, and in «Parts II and III» each numeral.
    def self.linked(mention, parts, page)
      if mention.start_with?("Part ") && mention.scan(NUMERAL).size == 1
        anchor(mention, mention.split.last, parts, page)
      else
        mention.gsub(NUMERAL) { |numeral| anchor(numeral, numeral, parts, page) }
      end
    end

    def self.anchor(text, numeral, parts, page)
      post = parts[number(numeral)]
      post ? "<a href=\"#{page.address(post.url)}\">#{text}</a>" : text
    end

    def self.number(numeral)
      return numeral.to_i if numeral.match?(/\d/)

      digits = numeral.chars.map { |char| ROMAN[char] }
      digits.each_cons(2).sum { |one, other| one < other ? -one : one } + digits.last
    end
  end
end
