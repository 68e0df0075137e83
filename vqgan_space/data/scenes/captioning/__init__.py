"""A scene in words: a short caption and a long one."""
