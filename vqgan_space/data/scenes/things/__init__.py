"""Houses, boats, bridges, fences, rocks and animals."""
