// What the hub's pages do beyond their forms: show a password, wait with a button, copy a link, ask the hub's API.
"use strict";
document.addEventListener("click", (event) => {
  const peek = event.target.closest("[data-peek]");
  if (peek) {
    const field = document.getElementById(peek.dataset.peek);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    peek.textContent = shown ? "Hide" : "Show";
    peek.setAttribute("aria-pressed", shown);
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const field = document.getElementById(copy.dataset.copy);
    const done = () => { copy.textContent = "Copied"; };
    if (navigator.clipboard) navigator.clipboard.writeText(field.value || field.textContent.trim()).then(done);
    else { field.select?.(); document.execCommand("copy"); done(); }
  }
});
document.addEventListener("submit", (event) => {
  if (event.target.dataset.ask && !window.confirm(event.target.dataset.ask)) { event.preventDefault(); return; }
  for (const button of event.target.querySelectorAll("button[type=submit]")) {
    if (button.dataset.busy) button.textContent = button.dataset.busy;
    setTimeout(() => { button.disabled = true; }); // after the form has been sent
  }
});
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
window.hubApi = async (method, path, body) => {
  const answer = await fetch(document.body.dataset.hub + "api/" + path, {
    method, headers: { "X-XSRFToken": document.body.dataset.xsrf, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = answer.status === 204 || answer.status === 202 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Error((told && told.message) || "The hub answered " + answer.status + ".");
  return told;
};
