"""`make bench`: what the hot paths cost on a large world (docs/benchmarks.md)."""
