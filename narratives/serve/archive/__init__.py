"""The page Answers: Parquet that `classify` wrote, filtered, searched, counted and exported, however many rows there are."""
