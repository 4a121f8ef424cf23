"""Signing in through a provider: OAuth 2.1 and OpenID Connect, as docs/decisions/0052 has it."""
