"""The page Try: one text, several models, and why they say what they say."""
