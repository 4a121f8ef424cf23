"""Made-up worlds: a small believable one to look at, a large one to measure on.

Both are functions of a seed and the date, and both write by COPY through `rows`.
"""
