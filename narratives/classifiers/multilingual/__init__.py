"""Sense across languages: frozen vectors of a multilingual encoder, centred by language, and a classifier over them."""
