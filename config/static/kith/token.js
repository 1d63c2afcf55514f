/*
 * Whatever is sent carries the token of the login that is there when it is sent.
 *
 * A login makes a new token. A page that was open before knows the old one alone, and would be refused for ever, with what
 * somebody has written in it.
 */
(() => {
  const NAME = "csrfmiddlewaretoken";
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

  // Before anybody else hears of it: what is sent by the browser itself is read after this.
  document.addEventListener("submit", ({ target: form }) => {
    const field = form.querySelector(`input[name=${NAME}]`);
    if (field && token()) field.value = token();
  }, { capture: true });

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb === "get" || !token()) return;
    detail.headers["X-CSRFToken"] = token();
    if (NAME in detail.parameters) detail.parameters[NAME] = token();
  });
})();
