/*
 * One dialog for every page: what htmx loads into #kith-dialog is shown on top of the page.
 *
 *   <a href="/admin/…/" hx-get="/admin/…/" hx-target="#kith-dialog" data-kith-key="h">Record help</a>
 *
 * The server answers with a form (gateway/admin/dialogs.py), again with its errors, or with 204 and the event
 * `kith:saved`, whose detail is {message, undo?, undo_label?, edit?, edit_label?}: the dialog closes and a toast says so. What shows the
 * data has hx-trigger="kith:saved from:body" and reloads itself; an answer that was under way meanwhile is older and is not shown.
 * `data-kith-key` names a key that clicks the element.
 */
(() => {
  const TOAST_MS = 12000;
  let dialog;
  let toasts;
  let before = "";
  let wasChanged = false;
  let saves = 0;
  const savesBefore = new WeakMap(); // by request

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.append(...children);
    return made;
  };

  const form = () => dialog.querySelector("form.kith-dialog-form");
  const typed = () =>
    [...dialog.querySelectorAll("input:not([type=hidden]), textarea, select")]
      .map((field) => (field.type === "checkbox" || field.type === "radio" ? field.checked : field.value))
      .join("\u0000");

  const show = () => {
    dialog.setAttribute("aria-labelledby", "kith-dialog-title");
    if (!dialog.open) {
      wasChanged = false;
      dialog.showModal();
    }
    // A fold that is open where there is room for it; closed on a phone.
    for (const fold of dialog.querySelectorAll("details[data-kith-wide]")) fold.open = window.innerWidth > 640;
    before = typed();
    const focus =
      dialog.querySelector("[aria-invalid=true]:not([type=hidden])") ?? dialog.querySelector("[autofocus]") ?? form()?.querySelector("input:not([type=hidden]), textarea, select, button");
    focus?.focus();
  };

  const close = () => {
    document.body.append(toasts);
    dialog.close();
    dialog.replaceChildren();
    forgetErrors();
  };

  const hasWords = () => dialog.open && (wasChanged || typed() !== before);
  const mayClose = () => !hasWords() || window.confirm("Close without saving? What you typed is lost.");

  // What did not work is told until somebody tries anew or gives it up.
  const forgetErrors = () => toasts.querySelectorAll(".kith-toast-error").forEach((note) => note.remove());

  const toast = (message, { undo, undo_label: label = "Undo", edit, edit_label: editLabel = "Edit", isError = false, login } = {}) => {
    const note = element("div", { class: `kith-toast${isError ? " kith-toast-error" : ""}`, role: isError ? "alert" : "status" });
    note.append(element("span", {}, message));
    if (edit) {
      const button = element("button", { type: "button", class: "kith-toast-act" }, editLabel);
      button.addEventListener("click", () => {
        note.remove();
        htmx.ajax("GET", edit, { source: document.body, target: "#kith-dialog", swap: "innerHTML" });
      });
      note.append(button);
    }
    if (undo) {
      const button = element("button", { type: "button", class: "kith-toast-act" }, label);
      button.addEventListener("click", () => {
        note.remove();
        htmx.ajax("POST", undo, { source: document.body, target: document.body, swap: "none" });
      });
      note.append(button);
    }
    if (login) {
      const link = element("a", { href: login, target: "_blank", class: "kith-toast-act" }, "Log in");
      link.addEventListener("click", () => setTimeout(() => note.remove())); // it would keep the focus, and so stay
      note.append(link);
    }
    const away = element("button", { type: "button", class: "kith-toast-close", "aria-label": "Dismiss" }, "×");
    away.addEventListener("click", () => note.remove());
    note.append(away);
    // In the top layer as well, or an open dialog would cover it; below its head, where it lies over none of its buttons.
    if (dialog.open) (dialog.querySelector(".kith-dialog-head") ?? dialog.firstElementChild).after(toasts);
    else document.body.append(toasts);
    toasts.append(note);
    let timer = setTimeout(() => note.remove(), TOAST_MS);
    // Whoever is reading it, or about to undo, has all the time.
    for (const event of ["mouseenter", "focusin"]) note.addEventListener(event, () => clearTimeout(timer));
    for (const event of ["mouseleave", "focusout"]) {
      note.addEventListener(event, () => { clearTimeout(timer); timer = setTimeout(() => note.remove(), TOAST_MS / 2); });
    }
  };

  const isPart = (element) => element.matches("[data-kith-later]"); // says itself what went wrong: later.js
  const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable=true], [contenteditable='']") !== null;

  const onKey = (event) => {
    if (dialog.open) {
      if (event.key === "Escape" && !event.defaultPrevented) {
        event.preventDefault();
        if (mayClose()) close();
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form()?.requestSubmit();
      } else {
        press(event, dialog);
        if (!event.defaultPrevented) write(event);
      }
      return;
    }
    press(event, document);
  };

  // Whoever writes while something to choose from has the focus means the form: a space would choose, and the words be lost.
  const write = (event) => {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || !event.target.matches(".kith-offer")) return;
    if (event.key === " ") event.preventDefault();
    form()?.querySelector("input:not([type=hidden]), textarea")?.focus();
  };

  const press = (event, within) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const pressed = CSS.escape(event.key);
    const acts = [...within.querySelectorAll(`[data-kith-key="${pressed}"]`)].filter((one) => one.offsetParent !== null);
    if (acts.length) {
      event.preventDefault();
      acts[0].click();
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    dialog = element("dialog", { id: "kith-dialog", class: "kith-dialog" });
    toasts = element("div", { class: "kith-toasts" });
    document.body.append(dialog, toasts);

    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      if (mayClose()) close();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target.closest("[data-kith-close]") && mayClose()) close();
    });
    document.addEventListener("keydown", onKey);
    // Loading the page again, going back and closing the tab lose what was typed as well: the browser asks in its own words.
    window.addEventListener("beforeunload", (event) => {
      if (hasWords()) event.preventDefault();
    });

    // Before anybody asks for what has been saved.
    document.addEventListener("kith:saved", () => { saves += 1; }, { capture: true });

    document.body.addEventListener("htmx:beforeRequest", (event) => {
      savesBefore.set(event.detail.xhr, saves);
      if (dialog.contains(event.detail.elt)) wasChanged = wasChanged || typed() !== before;
      if (event.detail.requestConfig.verb !== "get") forgetErrors();
    });
    document.body.addEventListener("htmx:beforeSwap", (event) => {
      const { xhr, elt, target } = event.detail;
      // What is shown now would take the place of whoever waits to ask again.
      if (elt.matches('[hx-trigger*="kith:saved"]') && (savesBefore.get(xhr) ?? 0) !== saves) event.detail.shouldSwap = false;
      const address = new URL(xhr.responseURL || window.location.href);
      if (!address.pathname.endsWith("/login/") || isPart(elt)) return;
      event.detail.shouldSwap = false;
      const what = target === dialog ? "nothing was saved. Log in, come back here and save again." : "log in and load the page again.";
      toast(`You were logged out: ${what}`, { isError: true, login: address.pathname });
    });
    // Not before htmx has taken charge of the form: one sent in that instant would load a page of its own.
    document.body.addEventListener("htmx:afterSettle", (event) => {
      if (event.detail.target === dialog) show();
    });
    document.body.addEventListener("htmx:responseError", (event) => {
      const { elt, xhr, xhr: { status }, requestConfig: { verb } } = event.detail;
      if (isPart(elt)) return;
      const login = xhr.getResponseHeader("Kith-Log-In"); // the form is refused, not whoever sent it
      if (login) {
        toast("This page is from before a login: nothing was saved. Log in, come back here and save again.", { isError: true, login });
        return;
      }
      const why = { 403: "You may not do that.", 404: "That is not there any more." }[status] ?? `That did not work (${status}).`;
      toast(`${why} ${verb === "get" ? "Load the page again." : "Nothing was saved."}`, { isError: true });
    });
    document.body.addEventListener("htmx:sendError", (event) => {
      if (!isPart(event.detail.elt)) toast("Kith cannot be reached. Nothing was saved; try again.", { isError: true });
    });
    document.body.addEventListener("kith:saved", (event) => {
      if (dialog.open) close();
      toast(event.detail.message, event.detail);
    });
  });
})();
