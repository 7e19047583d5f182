# frozen_string_literal: true

require_relative "blog/code"
require_relative "blog/contents"
require_relative "blog/demo"
require_relative "blog/exercises"
require_relative "blog/feed"
require_relative "blog/figures"
require_relative "blog/formulas"
require_relative "blog/parts"
require_relative "blog/policy"
require_relative "blog/prose"
require_relative "blog/reading"
require_relative "blog/search"
require_relative "blog/showcase"
require_relative "blog/tables"
require_relative "blog/values"

module Blog
  # What templates of this site call. A post itself needs none of it.
  module Filters
    FEED_BODIES = {}
    POLICIES = {}

    # Rendered content, prepared for its page.
    def page_body(html)
      page = current
      body = Blog.fragment(html)
      Prose.tidy(body)
      Values.link(body, page)
      Parts.link(body, page)
      Exercises.fold(body)
      Code.new(body, page).prepare
      Tables.prepare(body)
      Figures.prepare(body, page)
      Prose.messages(body)
      Demo.prepare(body, page)
      Prose.join_blocks(body)
      Blog.html(body)
    end

    # A table of contents for its page.
    def contents_list(html) = Contents.prepare(html)

    # A part of a post's content on another page, such as a table.
    def piece_body(html)
      body = Blog.fragment(html)
      Tables.prepare(body)
      Figures.prepare(body, current)
      Blog.html(body)
    end

    # The content of a post for a feed; made once, for the feed of all posts and those of its tags.
    def feed_body(html, post)
      FEED_BODIES[html] ||= Feed.prepare(html, Page.new(@context.registers[:site], post.to_liquid))
    end

    # The Content-Security-Policy of this site's pages.
    def security_policy(_page) = POLICIES[site_of_page] ||= Policy.of(site_of_page)

    def search_sections(html) = Search.sections(html)

    def reading_minutes(html)
      speeds = site_of_page.config.slice("words_per_minute", "code_lines_per_minute")
      Reading.minutes(html, **speeds.transform_keys(&:to_sym))
    end

    # Whether an address is that of a figure which follows the page's colours.
    def themed(address) = Figures.matplotlib?(current, address)

    # The numbers of all posts that their own code computed.
    def computed_numbers(posts)
      posts.sum { |post| post.to_liquid["content"].scan(/ data-value="/).size }
    end

    # A short cell of a post with what it printed: {"code", "output", "id"}, or nil.
    def showcase(post, name = nil)
      Showcase.cell(post.to_liquid["content"], name)
    end

    # The named figure of a post, for another page, as HTML; nil if the post has none.
    def figure_of(post, name)
      found = post && Showcase.figure(post.to_liquid["content"], name)
      return unless found

      body = Blog.fragment(found.to_html)
      Figures.prepare(body, current)
      body.css("img").each { |image| image["loading"] = "lazy" }
      Blog.html(body)
    end

    private

    def current = Page.new(site_of_page, @context.registers[:page])

    def site_of_page = @context.registers[:site]
  end
end

Liquid::Template.register_filter(Blog::Filters)
