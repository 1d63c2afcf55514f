/*
 * A fold that somebody opened or closed stays so when what it is part of loads itself again.
 *
 *   <details data-kith-fold="help Received">…</details>     the name is the same before and after, and one of its kind
 */
(() => {
  const folds = () => document.querySelectorAll("details[data-kith-fold]");
  let stood = new Map();

  document.addEventListener("DOMContentLoaded", () => {
    document.body.addEventListener("htmx:beforeSwap", () => {
      stood = new Map([...folds()].map((fold) => [fold.dataset.kithFold, fold.open]));
    });
    // Before anything is painted, so that nothing is seen to jump.
    document.body.addEventListener("htmx:afterSwap", () => {
      for (const fold of folds()) fold.open = stood.get(fold.dataset.kithFold) ?? fold.open;
    });
  });
})();
