"""Searches at two scales: shown on small worlds, without looking at the numbers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.dev.bench.searches import KINDS
from tests.support.postgres import ROOT


@pytest.mark.slow
def test_every_kind_of_search_is_measured_at_both_scales(open_folder: Path) -> None:
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "STRIPE_SECRET_KEY", "SMTP_URL")
    }
    folder = str(open_folder / "bench")
    ended = subprocess.run(
        [sys.executable, "-m", "app", "bench", "--scales", "--quick", "--folder", folder],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for kind in KINDS:
        found = re.search(
            rf"^{re.escape(kind)} +([\d.]+ +){{4}}[\d.]+×$", ended.stdout, re.MULTILINE
        )
        assert found, f"{kind}: {ended.stdout}"
