# frozen_string_literal: true

require_relative "page"

module Blog
  # The demo in a post: an empty `<div id="digit-demo">`, which other themes and feeds leave empty, gets
  # what `_includes/demo.html` makes.
  module Demo
    PLACE = "#digit-demo"

    def self.prepare(body, page)
      place = body.at_css(PLACE)
      place.inner_html = markup(page.site) if place
    end

    def self.markup(site)
      source = Liquid::Template.parse("{% include demo.html %}")
      source.render!(site.site_payload, registers: { site: site, page: {} })
    end
  end
end
