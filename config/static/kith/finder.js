/*
 * Finds somebody while typing: an input with data-kith-finder="address" asks the address with ?q= and offers the
 * {"results": [{id, name, …}]} in a list below; what is chosen goes into the hidden input that data-kith-into names.
 * Arrow keys move, Enter chooses, Escape closes the list and not the dialog around it.
 */
(() => {
  const WAIT_MS = 120;
  let count = 0;

  const hint = (one) => [one.hint, one.known_as && one.known_as !== one.name ? one.known_as : "", one.email ?? one.phone, one.company].filter(Boolean).join(" · ");

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
    const choose = (one) => {
      hidden.value = one.id;
      input.value = one.name;
      input.removeAttribute("aria-invalid");
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
        list.append(Object.assign(document.createElement("li"), { textContent: "Nobody is found by this.", className: "kith-unit" }));
      }
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      at = -1;
      if (results.length) mark(0);
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
        if (mine === asked && answer.ok && document.activeElement === input) show((await answer.json()).results);
      } catch {
        hide(); // without a list the server still finds out who is meant
      }
    };

    input.addEventListener("input", () => {
      hidden.value = "";
      clearTimeout(timer);
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
        choose(list.querySelectorAll("[role=option]")[at].kithFound);
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
