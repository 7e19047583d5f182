"""Posts in other formats, by nbconvert's exporters."""
