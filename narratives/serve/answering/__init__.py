"""The answers of the models: loaded once, asked together, spoken as HTTP."""
