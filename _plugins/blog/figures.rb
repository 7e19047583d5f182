# frozen_string_literal: true

require_relative "page"

module Blog
  # Figures in the page: their size, their link, and which loads at once.
  module Figures
    # matplotlib's figures have type for a phone; at this scale it is that of the page.
    SCALE = 0.72

    def self.prepare(body, page)
      body.css("figure.figure img").each_with_index do |image, index|
        image.delete("loading") if index.zero?
        next unless matplotlib?(page, image["src"])

        image.add_class("themed")
        %w[width height].each { |side| image[side] = (image[side].to_i * SCALE).round.to_s if image[side] }
        open_alone(image)
      end
    end

    # A tap shows the figure alone, as large as the screen.
    def self.open_alone(image)
      return if Blog.inside?(image, names: %w[a])

      image.replace("<a class=\"image-popup\" href=\"#{image["src"]}\"></a>").first.add_child(image)
    end

    # Whether an address of this site is a figure that matplotlib drew, as SVG.
    def self.matplotlib?(page, address)
      path = address.to_s.delete_prefix(page.site.config["baseurl"].to_s)
      return false unless path.start_with?("/") && path.end_with?(".svg")

      file = File.join(page.site.source, path)
      File.file?(file) && Drawing.matplotlib?(File.read(file, 4096, encoding: "utf-8"))
    end
  end

  # A drawing of matplotlib's in the page's colours: light, and dark where the page is dark. It brings
  # its background along, so that it is legible in any page, and alone, where it fills the screen.
  module Drawing
    # Lightness turned upside down, hue kept: CSS's invert(1) hue-rotate(180deg) as one matrix.
    TURN = [[0.574, -1.430, -0.144], [-0.426, -0.430, -0.144], [-0.426, -1.430, 0.856]].freeze
    # Dark colours of the page: white becomes its card, black nearly its ink.
    LOW = [0x1b, 0x1e, 0x22].map { |channel| channel / 255.0 }.freeze
    HIGH = [0xe6, 0xe3, 0xdc].map { |channel| channel / 255.0 }.freeze

    COLOUR = /(?<=: )#\h{6}\b/
    # The size of the whole, which pages state themselves.
    SIZE = /(?<=<svg)([^>]*?) width="[^"]*" height="[^"]*"/

    def self.matplotlib?(svg) = svg.include?('<g id="figure_1">')

    def self.themed(svg)
      style = rules(svg.scan(COLOUR).uniq)
      svg = svg.sub(SIZE, '\1').gsub(COLOUR) { |colour| "var(--#{colour[1..]})" }
      svg.sub("</style>", "#{style}</style>\n  #{filter}")
    end

    def self.rules(colours)
      light = colours.map { |colour| "--#{colour[1..]}:#{colour};" }.join
      dark = colours.map { |colour| "--#{colour[1..]}:#{dark(colour)};" }.join
      ":root{#{light}background:#fff}@media(prefers-color-scheme:dark){" \
        ":root{#{dark}background:#{dark("#ffffff")}}image{filter:url(#dark)}}"
    end

    # The dark counterpart of a colour, both as #rrggbb.
    def self.dark(colour)
      rgb = colour[1..].scan(/../).map { |pair| pair.hex / 255.0 }
      turned = TURN.map { |row| 1 + row.zip(rgb).sum { |weight, channel| weight * channel } }
      mixed = turned.each_with_index.map { |channel, i| LOW[i] + (HIGH[i] - LOW[i]) * channel.clamp(0, 1) }
      format("#%02x%02x%02x", *mixed.map { |channel| (255 * channel).round })
    end

    # The same for the pictures that a drawing holds.
    def self.filter
      rows = TURN.each_with_index.map do |row, i|
        range = HIGH[i] - LOW[i]
        [*row.map { |weight| (weight * range).round(3) }, 0, (LOW[i] + range).round(3)].join(" ")
      end
      "<filter id=\"dark\" color-interpolation-filters=\"sRGB\"><feColorMatrix values=\"#{[*rows, "0 0 0 1 0"].join(" ")}\"/></filter>"
    end
  end
end
