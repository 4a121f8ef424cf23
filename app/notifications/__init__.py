"""Letters to people about what happened: who gets which, its words, and its way out by SMTP."""
