"""The thin REST layer: sign-in, provider webhooks, health, pictures, and its own documentation."""
