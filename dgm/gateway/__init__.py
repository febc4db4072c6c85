"""The one place where keys, budgets, transcripts and retries of model calls live."""
