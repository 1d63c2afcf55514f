/*
 * Enter in the search over the whole admin (Ctrl+K) opens what is marked, else the first; with Ctrl in a tab of its own.
 *
 * What is shown while somebody types faster than answers come does not fit the text: Enter then waits for what does.
 * The theme puts the cursor into the field after 20 milliseconds, which fails where the dialog takes longer to appear:
 * here it goes there once the dialog is to be seen.
 */
(() => {
  const NAME = "search-input-command";
  const field = () => document.getElementById(NAME);
  let shown = ""; // the text whose answer is shown
  let wanted = null; // that Enter was pressed before its answer came, and how

  const open = ({ inTab }) => {
    const link = document.querySelector("#command-results-list .active a") ?? document.querySelector("#command-results-list a");
    if (link && inTab) window.open(link.href, "_blank");
    else if (link) window.location.assign(link.href);
  };

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== NAME) return;
    wanted = null;
    if (event.key !== "Enter") return;
    // The theme's own way fails where nothing is marked.
    event.preventDefault();
    event.stopPropagation();
    const asked = { inTab: event.ctrlKey || event.metaKey };
    if (!event.target.value) return;
    if (event.target.value === shown) open(asked);
    else wanted = asked;
  }, { capture: true });

  document.addEventListener("DOMContentLoaded", () => {
    field()?.setAttribute("aria-label", "Search people, companies, campaigns and pages");
    const dialog = field()?.closest("[x-show]");
    if (dialog) {
      const appeared = () => field().checkVisibility() && field().focus();
      new MutationObserver(appeared).observe(dialog, { attributeFilter: ["style"] });
    }
    document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
      if (detail.requestConfig?.elt !== field()) return;
      shown = detail.requestConfig.parameters.s;
      if (wanted && shown === field().value) open(wanted);
    });
  });
})();
