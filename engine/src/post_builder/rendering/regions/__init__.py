"""Output regions: what a run publishes, and regions again from what is there."""
