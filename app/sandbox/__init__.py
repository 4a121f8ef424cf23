"""Stand-ins for outside providers. Separate processes; the product reaches them over HTTP only.

Here lies what they share: what they keep and where, trouble on demand, webhooks, control calls,
pages, the process. Each provider's own manners are in a folder of its own.
"""
