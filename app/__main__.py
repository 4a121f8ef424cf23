"""`python -m app` is the same as the console script `app`."""

from app.cli import main

main(prog_name="app")
