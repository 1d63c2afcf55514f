/*
 * What a part that loads itself (gateway/admin/later.html) says when it could not: where it would stand, with a way on.
 *
 * A part is an element with `data-kith-later`, a paragraph that says “Loading…”, and hx-trigger="load, kith:again".
 */
(() => {
  // htmx takes charge of what it has put into the page at once, and not 20 ms later: a link clicked meanwhile would lead away.
  htmx.config.defaultSettleDelay = 0;

  const made = (name, text, attributes = {}) => {
    const element = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    element.append(text);
    return element;
  };

  const say = (part, words, way) => {
    part.removeAttribute("aria-busy");
    const note = made("p", `${words} `, { class: "kith-empty", role: "alert" });
    note.append(way);
    part.querySelector("p").replaceWith(note);
  };

  const again = (part) => {
    const button = made("button", "Try again", { type: "button", class: "kith-button" });
    button.addEventListener("click", () => {
      part.setAttribute("aria-busy", "true");
      button.closest("p").replaceWith(made("p", "Loading…", { class: "kith-empty", role: "status" }));
      htmx.trigger(part, "kith:again");
    });
    return button;
  };

  const failed = (why) => (event) => {
    const part = event.detail.elt;
    if (!part.matches("[data-kith-later]")) return;
    const status = event.detail.xhr?.status;
    say(part, status === 403 ? "You may not see this any more." : why, again(part));
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.body.addEventListener("htmx:responseError", failed("This could not be loaded."));
    document.body.addEventListener("htmx:sendError", failed("Kith cannot be reached."));
    document.body.addEventListener("htmx:beforeSwap", (event) => {
      const { xhr, elt: part } = event.detail;
      if (!part.matches("[data-kith-later]") || !new URL(xhr.responseURL).pathname.endsWith("/login/")) return;
      event.detail.shouldSwap = false;
      say(part, "You were logged out.", made("a", "Log in", { href: window.location.href, class: "kith-link" }));
    });
  });
})();
