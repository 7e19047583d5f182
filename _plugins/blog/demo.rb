# frozen_string_literal: true

require_relative "page"

module Blog
  # The demo in a post: `<div id="digit-demo">` says where it is, for readers of feeds, of notebooks and
  # of other themes. A page gets what `_includes/demo.html` makes, and keeps the words for readers
  # without JavaScript.
  module Demo
    PLACE = "#digit-demo"

    def self.prepare(body, page)
      place = body.at_css(PLACE)
      return unless place

      demo = markup(page.site)
      place.inner_html = "<noscript>#{place.inner_html}</noscript>#{demo}" unless demo.strip.empty?
    end

    def self.markup(site)
      source = Liquid::Template.parse("{% include demo.html %}")
      source.render!(site.site_payload, registers: { site: site, page: {} })
    end
  end
end
