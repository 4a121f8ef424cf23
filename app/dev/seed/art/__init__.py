"""Pictures drawn by code: homes, rooms, views and faces as small SVG files.

Ours to give away, the same on every machine, and nothing to download.
"""
