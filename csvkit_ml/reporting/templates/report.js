"use strict";
(function () {
  const bar = document.getElementById("bar"), q = document.getElementById("q"), side = document.getElementById("side");
  const verdict = document.getElementById("verdict"), shown = document.getElementById("shown"), fold = document.getElementById("fold");
  let index = null;

  // A function with the lower-case text of its heading and of each case; a case may have a second row of details.
  function build() {
    return Array.from(document.querySelectorAll("details.fn"), function (el) {
      const cases = Array.from(el.querySelectorAll("tr.c"), function (row) {
        const next = row.nextElementSibling, more = next && next.classList.contains("more") ? next : null;
        const kind = row.classList.contains("f") ? "f" : row.classList.contains("i") ? "i" : "p";
        const text = row.cells[1].textContent + (more ? " " + more.textContent : "");
        return { row: row, more: more, kind: kind, text: text.toLowerCase(), on: true };
      });
      const head = el.querySelector("summary strong").textContent + " " + el.querySelector(".area").textContent + " " + el.querySelector(".names").textContent;
      return { el: el, side: el.dataset.side, head: head.toLowerCase(), cases: cases };
    });
  }

  function show(c, on) {
    if (c.on === on) return;
    c.on = on;
    c.row.hidden = !on;
    if (c.more) c.more.hidden = !on;
  }

  function apply() {
    index = index || build();
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let cases = 0, functions = 0;
    for (const f of index) {
      const here = !side.value || f.side === side.value || f.side === "both";
      const rest = words.filter(function (w) { return !f.head.includes(w); });
      let count = 0;
      for (const c of f.cases) {
        const on = here && (!verdict.value || c.kind === verdict.value) && rest.every(function (w) { return c.text.includes(w); });
        show(c, on);
        if (on) count += 1;
      }
      const any = count > 0 || (here && !f.cases.length && !verdict.value && !rest.length);
      f.el.hidden = !any;
      cases += count;
      if (any) functions += 1;
    }
    shown.textContent = cases.toLocaleString("en") + " cases of " + functions.toLocaleString("en") + " functions shown";
  }

  function sortable(table, groups) {
    Array.from(table.tHead.rows[0].cells).forEach(function (th, column) {
      th.setAttribute("aria-sort", "none");
      th.tabIndex = 0;
      function act() {
        const up = th.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
        th.setAttribute("aria-sort", up ? "ascending" : "descending");
        reorder(table, groups(table), column, th.dataset.key === "r", up ? 1 : -1);
      }
      th.addEventListener("click", act);
      th.addEventListener("keydown", function (e) { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); act(); } });
    });
  }

  function number(text) {
    if (text === "NaN" || text === "nan" || text === "inf" || text === "∞" || text === "none") return Infinity;
    if (text === "exact") return Infinity;
    return parseFloat(text.replace(/[,×]/g, "").replace("−", "-"));
  }

  function reorder(table, groups, column, byRatio, sign) {
    const keyed = groups.map(function (g) {
      const text = byRatio ? g[0].dataset.r || "" : g[0].cells[column].textContent;
      return { g: g, text: text, n: number(text) };
    });
    keyed.sort(function (a, b) {
      const an = isNaN(a.n), bn = isNaN(b.n);
      if (!an && !bn && a.n !== b.n) return sign * (a.n < b.n ? -1 : 1);
      if (an !== bn) return an ? 1 : -1;
      return sign * (a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
    });
    const body = document.createDocumentFragment();
    for (const k of keyed) for (const row of k.g) body.appendChild(row);
    table.tBodies[0].appendChild(body);
  }

  function single(table) { return Array.from(table.tBodies[0].rows, function (r) { return [r]; }); }

  function pairs(table) {
    const out = [];
    for (const r of table.tBodies[0].rows) { if (r.classList.contains("more")) out[out.length - 1].push(r); else out.push([r]); }
    return out;
  }

  function reveal() {
    const el = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!el) return;
    const box = el.closest("details.fn");
    if (box) { box.hidden = false; box.open = true; }
    for (const old of document.querySelectorAll("tr.here")) old.classList.remove("here");
    if (el.tagName === "TR") { el.hidden = false; el.classList.add("here"); }
    if (box) el.scrollIntoView({ block: el.tagName === "TR" ? "center" : "start" });
  }

  let timer = 0;
  q.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(apply, 60); });
  side.addEventListener("change", apply);
  verdict.addEventListener("change", apply);
  bar.addEventListener("submit", function (e) { e.preventDefault(); apply(); });
  fold.addEventListener("click", function () { for (const d of document.querySelectorAll("details.fn[open]")) d.open = false; });
  for (const t of document.querySelectorAll("table.trace, table[data-sortable]")) sortable(t, single);
  for (const t of document.querySelectorAll("table.cases")) sortable(t, pairs);
  window.addEventListener("hashchange", reveal);
  reveal();
  apply();
  bar.hidden = false;
}());
