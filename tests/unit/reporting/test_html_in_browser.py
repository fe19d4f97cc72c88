"""report.html in a real browser: it loads, filters, opens a case, prints; nothing hostile acts and nothing complains."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from csvkit_ml.reporting.html_format import FORMAT
from tests.unit.reporting.browser import Browser
from tests.unit.reporting.fake_records import records

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

FRAMES = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
TYPE = """(async () => { const q = document.getElementById('q'); let worst = 0;
  for (const text of ['m', 'ma', 'mat', 'matm', 'matmu', 'matmul']) {
    const begun = performance.now(); q.value = text; document.getElementById('side').dispatchEvent(new Event('change'));
    void document.body.offsetHeight; worst = Math.max(worst, performance.now() - begun); await FRAMES; }
  return worst; })()""".replace("FRAMES", FRAMES)
KEYS = 6
SHOWN = "[...document.querySelectorAll('tr.c')].filter(r => !r.hidden && !r.closest('[hidden]')).length"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert CHROMIUM
    with Browser(CHROMIUM, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_a_hostile_report_loads_filters_opens_and_prints_in_silence(browser: Browser, tmp_path: Path) -> None:
    model = records(functions=12, samples=6, bad=0.3).model()
    page = tmp_path / "report.html"
    page.write_bytes(FORMAT.render(model))
    browser.open(page)
    every = browser.run(SHOWN)
    assert every == sum(len(f.cases) for f in model.functions)
    browser.run(TYPE)
    some = browser.run(SHOWN)
    assert 0 < some < every
    assert browser.run("document.querySelector('details.fn:not([hidden])').id.startsWith('f')")
    browser.run(f"location.hash = '#f3c7'; {FRAMES}")
    assert browser.run("document.querySelector('tr.here').closest('details.fn').open && document.querySelector('tr.here').id") == "f3c7"
    assert browser.run("document.querySelectorAll('script').length") == 1
    assert browser.run("document.images.length + document.querySelectorAll('iframe, object, embed').length") == 0
    assert browser.paper().startswith(b"%PDF")
    assert browser.complaints == []


def test_twenty_thousand_cases_filter_without_a_hitch(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(FORMAT.render(records(functions=250, samples=20, bad=0.02, hostile=False).model()))
    browser.open(page)
    assert browser.run(SHOWN) == 20_000
    before = browser.busy()
    browser.run(TYPE)
    assert (browser.busy() - before) / KEYS < 0.1
    assert browser.complaints == []
