/*
 * Whoever works through a list by the keyboard stays where they were when the list loads itself again.
 *
 *   <span data-kith-row="12"><a …>Answer</a><a …>Claim</a></span>     the buttons of a row, the main one first
 *
 * The focus goes to the button in the same place of the same row; where the row is gone, to the main button of the one
 * that moved up. It is left alone where somebody has gone on meanwhile, to a field or a message.
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

  document.addEventListener("DOMContentLoaded", () => {
    document.addEventListener("focusin", note);
    document.body.addEventListener("htmx:afterSettle", (event) => {
      // Not before simplebar has put the table into its scroller, which takes the focus away.
      if (event.detail.target.id === "changelist") setTimeout(back);
    });
  });
})();
