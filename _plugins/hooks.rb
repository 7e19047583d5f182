# frozen_string_literal: true

require_relative "blog/development"
require_relative "blog/figures"
require_relative "filters"

module Blog
  # What front matter leaves open, from what a build knows.
  module Defaults
    SITE_CARD = "/assets/card.png"

    # A post was last changed when it last ran, if that was after it was written.
    def self.date(post)
      ran = Page.build_of(post.site, post.relative_path).dig("run", "date")
      return if ran.nil? || post.data["last_modified_at"]

      post.data["last_modified_at"] = Time.parse(ran.to_s)
      post.data["modified_by_build"] = true
    end

    # The social card: the teaser, unless it is an SVG, which social networks do not show; else the
    # card that `make build-posts` drew of it; else that of the site.
    def self.card(post)
      return unless post.data.dig("image", "path") == SITE_CARD

      teaser = post.data.dig("header", "teaser").to_s
      drawn = "/assets/cards/#{post.data["slug"]}.png"
      if !teaser.empty? && !teaser.end_with?(".svg")
        post.data["image"] = { "path" => teaser, "caption" => post.data["title"] }
      elsif File.file?(File.join(post.site.source, drawn))
        post.data["image"] = post.data["image"].merge("path" => drawn)
      end
    end
  end
end

# Nothing is carried from one build of `serve` to the next.
Jekyll::Hooks.register(:site, :after_reset) { Blog::Filters::FEED_BODIES.clear }

Jekyll::Hooks.register(:site, :post_read) do |site|
  site.posts.docs.each do |post|
    Blog::Defaults.date(post)
    Blog::Defaults.card(post)
  end
end

module Blog
  # What is published otherwise than it is kept in the repository.
  module Published
    # A figure follows the page's colours.
    def self.svg(text) = Drawing.matplotlib?(text) ? Drawing.themed(text) : text

    # A style sheet comes without what Sass leaves: spaces of custom properties, quotes of words.
    def self.css(text) = text.gsub(/(--[\w-]+): /, '\1:').gsub(/="([a-z]+)"\]/, '=\1]')

    # A script comes without its comments, each on a line of its own, and without indentation.
    def self.js(text) = text.gsub(%r{^\s*(?://|/\*\*).*\n}, "").gsub(/^\s+/, "")
  end
end

Jekyll::Hooks.register(:pages, :post_render) do |page|
  page.output = Blog::Published.css(page.output) if page.output_ext == ".css"
end

Jekyll::Hooks.register(:site, :post_write) do |site|
  site.static_files.each do |file|
    next unless [".svg", ".js"].include?(file.extname)

    text = File.read(file.path, encoding: "utf-8")
    File.write(file.destination(site.dest), Blog::Published.public_send(file.extname[1..], text))
  end
end

module Blog
  # The title that social networks and search engines are told tells parts apart, as the page does.
  module Titles
    def page_title = [super, format_string(page["subtitle"])].compact.join(": ")
  end
end

Jekyll::SeoTag::Drop.prepend(Blog::Titles)
