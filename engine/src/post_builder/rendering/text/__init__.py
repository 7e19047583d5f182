"""Text in outputs: what a terminal shows of it, without what belongs to the machine."""
