// What the page does beside showing widgets: it appears when it is drawn, says that it is closed, and tells its visitor
// when it is over. It is loaded before Voila's scripts, which find here the two names that they call.
(() => {
  "use strict";
  const SIGNED_OUT = 4401, GONE = 4410; // service/seats.py closes sockets with these
  const AGAIN = 3000, NOW_AND_THEN = 30000; // milliseconds until it is asked again whether the page is still good
  const config = () => JSON.parse(document.getElementById("jupyter-config-data").textContent);
  let leaving = false, over = false;

  window.cellLoaded = true; // our cell is drawn before the page is sent
  window.voila_finish = () => {
    document.getElementById("rendered_cells").hidden = false;
    const shown = () => {
      const there = document.querySelector("#rendered_cells .jupyter-widgets");
      if (there) document.getElementById("loading").hidden = true;
      return Boolean(there);
    };
    if (shown()) return;
    const watch = new MutationObserver(() => { if (shown()) watch.disconnect(); });
    watch.observe(document.body, { childList: true, subtree: true });
  };

  // Voila gives its kernel up on `beforeunload`, which also comes when a file is downloaded, or when a visitor is asked
  // whether to leave and stays. Ours comes when the page has really gone.
  const listen = window.addEventListener.bind(window);
  window.addEventListener = (type, heard, ...more) => {
    if (type === "beforeunload" && String(heard).includes("voila/api/shutdown")) return;
    listen(type, heard, ...more);
  };
  listen("pagehide", () => {
    leaving = true;
    const { baseUrl, kernelId } = config();
    const form = new FormData();
    form.append("_xsrf", (document.cookie.match("\\b_xsrf=([^;]*)\\b") || [])[1] || "");
    navigator.sendBeacon(`${baseUrl}voila/api/shutdown/${kernelId}`, form);
  });
  listen("pageshow", (event) => { if (event.persisted) location.reload(); }); // its kernel has gone with it

  function end(what) {
    if (over || leaving) return;
    over = true;
    const { words } = config();
    const spoken = words[(navigator.language || "en").slice(0, 2).toLowerCase()] || words.en;
    const [title, why] = spoken[what];
    document.getElementById("gm-over-title").textContent = title;
    document.getElementById("gm-over-why").textContent = why;
    const again = document.getElementById("gm-over-again");
    again.textContent = spoken.again;
    again.addEventListener("click", (event) => {
      event.preventDefault();
      try { sessionStorage.setItem("gristmill-left", location.hash.slice(1)); } catch { /* private: home will do */ }
      location.reload();
    });
    const dialog = document.getElementById("gm-over"); // above everything, also above a dialog of the wizard's own
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.showModal();
    again.focus();
  }

  let next;
  const soon = () => { clearTimeout(next); next = setTimeout(look, AGAIN); };
  async function look() {
    const { baseUrl, kernelId } = config();
    const xsrf = (document.cookie.match("\\b_xsrf=([^;]*)\\b") || [])[1] || "";
    try {
      const answer = await fetch(`${baseUrl}api/kernels/${kernelId}`, { headers: { "X-XSRFToken": xsrf }, redirect: "manual" });
      const ours = (answer.headers.get("Content-Type") || "").includes("json"); // a proxy may have pages of its own
      if (ours && answer.status === 404) end("over");
      else if (ours && answer.status === 403) end("signedOut");
      else if (!answer.ok) soon();
    } catch { soon(); } // no network, or the hub is away: Voila's scripts connect again by themselves
  }

  window.WebSocket = class extends window.WebSocket {
    constructor(url) { // and no protocols: some proxies drop the answer to them, and the first try would be lost
      super(url);
      this.addEventListener("close", (event) => {
        if (event.code === SIGNED_OUT) end("signedOut");
        else if (event.code === GONE) end("over");
        else if (!leaving) look();
      });
    }
  };
  setInterval(() => { if (!document.hidden && !over) look(); }, NOW_AND_THEN); // some proxies keep quiet about the end
})();
