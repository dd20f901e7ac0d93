"""The page Label: queues of texts, decisions that are on disk before the next text appears, and their way into the labels."""
