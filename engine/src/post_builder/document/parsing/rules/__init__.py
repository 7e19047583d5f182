"""The rules that find the blocks of a text: where kramdown's differ, or where a quick one pays."""
