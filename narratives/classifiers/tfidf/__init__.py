"""Words and character n-grams with a linear model."""
