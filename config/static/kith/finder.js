/*
 * Finds somebody while typing: an input with data-kith-finder="address" asks the address with ?q= and offers the
 * {"results": [{id, name, …}]} in a list below; what is chosen goes into the hidden input that data-kith-into names.
 * Arrow keys move, Enter chooses, Escape closes the list and not the dialog around it.
 *
 * Whoever types faster than the answers come has a list before them that does not fit the text. Enter then waits for the
 * one that does, and chooses only who was marked and is still in it: nobody is chosen unseen.
 */
(() => {
  const WAIT_MS = 120;
  let count = 0;

  const hint = (one) => [one.do_not_contact ? "Do not contact" : "", one.hint, one.known_as && one.known_as !== one.name ? one.known_as : "", one.email ?? one.phone, one.company].filter(Boolean).join(" · ");

  const setUp = (input) => {
    if (input.kithFinder) return;
    input.kithFinder = true;
    const into = input.form.elements[input.dataset.kithInto];
    const list = document.createElement("ul");
    list.className = "kith-found";
    list.id = `kith-found-${(count += 1)}`;
    list.setAttribute("role", "listbox");
    list.hidden = true;
    input.after(list);
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-autocomplete", "list");
    const hidden = into instanceof RadioNodeList ? [...into].find((one) => one.type === "hidden") : into;
    let timer;
    let asked = 0;
    let at = -1;
    let isBehind = false; // the list does not fit the text
    let meant = null; // the id of who was marked when Enter was pressed on such a list

    const hide = () => {
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const mark = (index) => {
      const options = [...list.querySelectorAll("[role=option]")];
      if (!options.length) return;
      at = (index + options.length) % options.length;
      options.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
      options[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[at].id);
    };
    // What is on its way is not wanted any more.
    const forget = () => {
      clearTimeout(timer);
      asked += 1;
      isBehind = false;
      meant = null;
    };
    const choose = (one) => {
      forget();
      hidden.value = one.id;
      input.value = one.name;
      input.removeAttribute("aria-invalid");
      for (const carried of input.form.querySelectorAll("[data-kith-carried]")) carried.value = ""; // nobody new, then
      hide();
    };
    const show = (results) => {
      list.replaceChildren(
        ...results.map((one, index) => {
          const option = document.createElement("li");
          option.setAttribute("role", "option");
          option.id = `${list.id}-${index}`;
          option.append(Object.assign(document.createElement("span"), { textContent: one.name }));
          option.append(Object.assign(document.createElement("span"), { textContent: hint(one), className: "kith-unit" }));
          option.addEventListener("mousedown", (event) => {
            event.preventDefault();
            choose(one);
          });
          option.kithFound = one;
          return option;
        }),
      );
      if (!results.length) {
        list.append(Object.assign(document.createElement("li"), { textContent: "Nobody found.", className: "kith-unit" }));
      }
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      at = -1;
      if (results.length) mark(0);
      isBehind = false;
      const one = results.find((found) => found.id === meant);
      meant = null;
      if (one) choose(one);
    };
    const ask = async () => {
      const text = input.value.trim();
      const mine = (asked += 1);
      if (!text) {
        hide();
        return;
      }
      try {
        const answer = await fetch(`${input.dataset.kithFinder}?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
        const { results } = answer.ok ? await answer.json() : { results: null };
        if (mine !== asked || document.activeElement !== input) return;
        if (results) show(results);
        else hide();
      } catch {
        if (mine === asked) hide(); // without a list the server still finds out who is meant
      }
    };

    input.addEventListener("input", () => {
      forget();
      hidden.value = "";
      isBehind = !list.hidden;
      timer = setTimeout(ask, WAIT_MS);
    });
    input.addEventListener("blur", hide);
    input.addEventListener("keydown", (event) => {
      if (list.hidden) {
        if (event.key === "ArrowDown") ask();
        return;
      }
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        mark(at + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && at >= 0) {
        event.preventDefault();
        const one = list.querySelectorAll("[role=option]")[at].kithFound;
        if (isBehind) meant = one.id;
        else choose(one);
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        hide();
      }
    });
  };

  const setUpAll = () => document.querySelectorAll("input[data-kith-finder]").forEach(setUp);
  document.addEventListener("DOMContentLoaded", () => {
    setUpAll();
    document.body.addEventListener("htmx:afterSwap", setUpAll);
  });
})();
