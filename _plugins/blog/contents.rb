# frozen_string_literal: true

require_relative "page"

module Blog
  # The list of a page's headings, as jekyll-toc makes it.
  module Contents
    # Without the classes of its entries, which jekyll-toc cannot leave out: nothing here needs them.
    def self.prepare(html)
      list = Blog.fragment(html)
      list.css("li.toc-entry").each { |entry| entry.remove_attribute("class") }
      list.to_html
    end
  end
end
