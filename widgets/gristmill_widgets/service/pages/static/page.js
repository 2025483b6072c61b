// The page: it shows the widget that its kernel's door opens to, says when the connection is lost, tells its visitor when
// it is over, and its service when it is closed.
import { Widgets } from "./widgets.js";
import { Wire } from "./wire.js";

const SIGNED_OUT = 4401, GONE = 4410; // service/seats.py closes sockets with these
const ASKS = 10000, NOW_AND_THEN = 30000; // milliseconds that an answer may take; between two looks whether the page is still good
const LOST = 1500; // milliseconds without a wire until the page says so
const { baseUrl, kernelId, words } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
const kernel = `${baseUrl}api/kernels/${kernelId}`;
const spoken = words[(navigator.language || "en").slice(0, 2).toLowerCase()] || words.en;
const [ground, loading, line] = ["gm-ground", "loading", "gm-line"].map((id) => document.getElementById(id));
let leaving = false, over = false, shown = "", late;

const xsrf = () => (document.cookie.match("\\b_xsrf=([^;]*)\\b") || [])[1] || "";

function fill(node, ...texts) { [...node.querySelectorAll("h1, p")].forEach((each, number) => { each.textContent = texts[number]; }); }

async function show() { // what the door opens to, or says
  const door = widgets.named("Door");
  const model = widgets.at(door?.get("shown"));
  if (model && model.id !== shown) {
    shown = model.id;
    try {
      const { default: widget } = await import(`./${model.get("_esm")}`);
      loading.hidden = true;
      await widget.render({ model, el: ground });
    } catch (error) { shown = ""; throw error; }
  } else if (door?.get("said") && !shown) {
    fill(loading, ...spoken[door.get("said")]);
    loading.classList.add("is-said");
  }
}

function calm() { clearTimeout(late); late = null; line.togglePopover?.(false); }

function turn(isOpen, code) {
  if (isOpen) { calm(); widgets.ask(); return; }
  if (code === SIGNED_OUT) end("signedOut");
  else if (code === GONE) end("over");
  else if (!over && !leaving) late ??= setTimeout(() => { line.textContent = spoken.lost; line.togglePopover?.(true); }, LOST);
}

function end(what) {
  if (over || leaving) return;
  over = true;
  wire.end();
  calm();
  const dialog = document.getElementById("gm-over"), again = dialog.querySelector("a"); // above everything, also above a dialog of the wizard's own
  fill(dialog, ...spoken[what]);
  again.textContent = spoken.again;
  again.addEventListener("click", (event) => {
    event.preventDefault();
    try { sessionStorage.setItem("gristmill-left", location.hash.slice(1)); } catch { /* private: home will do */ }
    location.reload();
  });
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  again.focus();
}

async function isGood() { // whether this page still has its kernel; where it cannot be told, it is asked again
  try {
    const answer = await fetch(kernel, { headers: { "X-XSRFToken": xsrf() }, redirect: "manual", signal: AbortSignal.timeout(ASKS) });
    const ours = (answer.headers.get("Content-Type") || "").includes("json"); // a proxy may have pages of its own
    if (ours && answer.status === 404) end("over");
    else if (ours && answer.status === 403) end("signedOut");
    return answer.ok && ours;
  } catch { return false; } // no network, or the hub is away
}

addEventListener("pagehide", () => { // and not `beforeunload`, which comes when a file is downloaded, too
  leaving = true;
  const form = new FormData();
  form.append("_xsrf", xsrf());
  navigator.sendBeacon(`${baseUrl}voila/api/shutdown/${kernelId}`, form);
});
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // its kernel has gone with it

const widgets = new Widgets((...said) => wire.say(...said), show);
const wire = new Wire(`${location.origin.replace(/^http/, "ws")}${kernel}/channels`, { hear: (message) => widgets.hear(message), turn, may: isGood });
setInterval(() => { if (!document.hidden && !over) isGood(); }, NOW_AND_THEN); // some proxies keep quiet about the end
