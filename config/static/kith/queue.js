/*
 * Whoever works through a list by the keyboard stays where they were when the list loads itself again.
 *
 *   <span data-kith-row="12"><a …>Answer</a><a …>Claim</a></span>     the buttons of a row, the main one first
 *
 * The focus goes to the button in the same place of the same row; where the row is gone, to the main button of the one
 * that moved up. It is left alone where somebody has gone on meanwhile, to a field or a message.
 *
 * The keys j and k go to the main button of the next row and of the one before, from wherever the focus is.
 */
(() => {
  const rows = () => [...document.querySelectorAll("[data-kith-row]")];
  let place = null; // the button that was used last: its row, where that stood, and which it was there

  const note = (event) => {
    const row = event.target.closest?.("[data-kith-row]");
    if (row) place = { row: row.dataset.kithRow, at: rows().indexOf(row), which: [...row.children].indexOf(event.target) };
  };

  const back = () => {
    if (!place || (document.activeElement && document.activeElement !== document.body)) return;
    const now = rows();
    const same = now.find((row) => row.dataset.kithRow === place.row);
    const row = same ?? now[Math.min(place.at, now.length - 1)];
    (row?.children[same ? place.which : 0] ?? row?.firstElementChild)?.focus();
  };

  const STEPS = { j: 1, k: -1 };
  const isTyping = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true], [contenteditable='']");

  const go = (event) => {
    const step = STEPS[event.key];
    if (!step || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const all = rows();
    if (!all.length || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    // Of a row that a box or a link of it has the focus, that row; else the one that was used last.
    const here = event.target.closest?.("tr")?.querySelector("[data-kith-row]");
    const from = here ? all.indexOf(here) : all.findIndex((row) => row.dataset.kithRow === place?.row);
    const to = from < 0 ? 0 : Math.min(Math.max(from + step, 0), all.length - 1);
    all[to].firstElementChild?.focus();
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.addEventListener("focusin", note);
    document.addEventListener("keydown", go);
    document.body.addEventListener("htmx:afterSettle", (event) => {
      // Not before simplebar has put the table into its scroller, which takes the focus away.
      if (event.detail.target.id === "changelist") setTimeout(back);
    });
  });
})();
