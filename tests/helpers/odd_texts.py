"""Texts that few people write and all software meets: a strategy for property tests."""

from hypothesis import strategies as st

_PIECES = ["the", "The", "toll", "a", "ab", "don't", "snake_case", "x" * 40, ",", "--", "...", "\n", "\t", " ", "  "]
_PIECES += ["İstanbul", "ΣΑΣ", "ὈΔΥΣΣΕΎΣ", "é", "e\u0301", "\u0301", "´", "a´b", "ﷺ", "ﬁ", "½", "🌊", "👩\u200d🚒"]
_PIECES += ["中文字", "مرحبا", "שלום", "नमस्ते", "\u00a0", "\u2003", "\u2028", "\x1c", "\x85", "\x00", "\u200d"]
_PIECES += ["\ud800", "\udfff", "\U0010ffff"]

odd_texts = st.lists(st.sampled_from(_PIECES) | st.text(st.characters(exclude_categories=()), max_size=6), max_size=12).map(
    lambda parts: "".join(part if k % 3 else f" {part}" for k, part in enumerate(parts))
)
