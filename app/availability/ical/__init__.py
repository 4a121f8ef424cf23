"""Calendars exchanged with other sites as iCalendar files (RFC 5545), both ways.

`writing` makes a property's feed, `reading` understands others' files; `imports` keeps what was
read and the nights that it blocks, `flows` fetches.
"""
