"""A pretrained encoder, fine-tuned; and the faster ways to run it."""
