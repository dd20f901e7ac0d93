"""The page Reports and models: what was trained, tested, promoted and held, and the button that promotes."""
