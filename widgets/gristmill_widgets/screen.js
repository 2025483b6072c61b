// The page as Python has written it, put into the page that is there; see screen.py.

const REGIONS = ["top", "main", "dialog"];
const SLOW = 9000; // milliseconds without a sign of life from the kernel until the page says so
const PING = 20000; // milliseconds between two looks whether it is there

function kept(what) { try { return localStorage.getItem(`gristmill-${what}`) || ""; } catch { return ""; } }

function keep(what, value) {
  try { value ? localStorage.setItem(`gristmill-${what}`, value) : localStorage.removeItem(`gristmill-${what}`); } catch { /* private */ }
}

function keyOf(node) { return node.nodeType === 1 ? node.id || node.getAttribute("data-key") : null; }

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

function morphInto(from, to) { // the children of `from` become those of `to`
  const keyed = new Map();
  for (const child of from.childNodes) if (keyOf(child)) keyed.set(keyOf(child), child);
  let at = from.firstChild;
  for (const next of [...to.childNodes]) {
    const key = keyOf(next);
    const match = key ? keyed.get(key) : at && !keyOf(at) && at.nodeName === next.nodeName ? at : null;
    if (match && match.nodeName === next.nodeName) {
      if (match === at) at = at.nextSibling;
      else from.insertBefore(match, at);
      morph(match, next);
    } else from.insertBefore(next, at);
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}

function morph(from, to) {
  if (from.nodeType !== 1) { if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue; return; }
  const was = from.getAttribute("value");
  for (const { name, value } of [...to.attributes]) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  for (const { name } of [...from.attributes])
    if (!to.hasAttribute(name) && name !== "style" && name !== "data-shown" && !(name === "open" && ["details", "dialog"].includes(from.localName))) from.removeAttribute(name);
  if (from.hasAttribute("data-upload") || from.hasAttribute("data-report") || from.hasAttribute("data-preview")) return; // these fill themselves
  if (from.localName === "input") {
    if (["radio", "checkbox"].includes(from.type)) { if (from.hasAttribute("data-act")) from.checked = to.hasAttribute("checked"); }
    else if (was !== to.getAttribute("value") && from !== document.activeElement) from.value = to.getAttribute("value") || "";
    return;
  }
  morphInto(from, to);
  if (from.localName === "select" && from.hasAttribute("data-act")) {
    const chosen = [...from.options].find((option) => option.hasAttribute("selected"));
    if (chosen && from !== document.activeElement) from.value = chosen.value;
  }
}

// Where one was, for whoever is asked to sign in elsewhere and comes back without it.
const LEFT = "gristmill-left";
function leaving() { try { sessionStorage.setItem(LEFT, location.hash.slice(1)); } catch { /* private */ } }
function left() {
  try { const where = sessionStorage.getItem(LEFT); sessionStorage.removeItem(LEFT); return where || ""; } catch { return ""; }
}

function fieldsOf(node) {
  const found = {};
  const form = node.closest("form");
  if (form) for (const field of form.elements)
    if (field.name && !(field.type === "radio" && !field.checked)) found[field.name] = field.type === "checkbox" ? field.checked : field.value;
  return found;
}

class Page {
  constructor(model, root) {
    Object.assign(this, { model, root, turn: 0, asked: new Map(), drops: new Map(), files: new Map() });
    this.inLab = !document.body.dataset.voila && Boolean(document.querySelector(".jp-LabShell, .jp-NotebookPanel, #jp-main-dock-panel") || window.jupyterapp);
    root.className = "gm gm-page";
    root.lang = model.get("language");
    root.dataset.gmTheme = this.theme();
    root.append(made("a", { class: "gm-skip", href: "#gm-main" }), made("div", { class: "gm-lost", role: "alert", hidden: true }), made("div", { class: "gm-waits", role: "status", "aria-live": "polite" }));
    for (const region of REGIONS) root.append(made({ top: "header", main: "main" }[region] || "div", { class: `gm-${region}`, id: `gm-${region}`, ...(region === "main" ? { tabindex: "-1" } : {}) }));
    root.append(made("div", { class: "gm-away", role: "status", "aria-live": "polite", id: "gm-said" }));
    if (!this.inLab) { document.documentElement.classList.add("gm-alone"); document.body.classList.add("gm"); document.body.dataset.gmTheme = this.theme(); }
    this.listen();
    for (const region of REGIONS) this.draw(region);
    const was = left();
    this.say({ act: "begin", value: this.inLab ? "" : location.hash.slice(1) || was, language: kept("language") || navigator.language || "en" });
    this.clock = setInterval(() => this.tick(), 500);
  }

  theme() { return kept("theme") || "auto"; }

  say(message, buffers) {
    this.turn += 1;
    if (!buffers) this.asked.set(this.turn, performance.now()); // bytes take as long as they take
    this.model.send({ ...message, turn: this.turn }, undefined, buffers);
  }

  draw(region) {
    const node = this.root.querySelector(`#gm-${region}`);
    if (region === "main" && this.page !== this.model.get("page")) {
      const first = this.page === undefined || this.page === "";
      this.page = this.model.get("page");
      node.replaceChildren(parsed(this.model.get("main")));
      this.turned = !first;
    } else {
      const troubled = node.querySelector(".gm-problem")?.textContent;
      morphInto(node, parsed(this.model.get(region)));
      const trouble = node.querySelector(".gm-body > .gm-problem");
      if (trouble && trouble.textContent !== troubled) trouble.scrollIntoView({ block: "nearest" }); // it may stand above what was pressed
    }
    if (region === "dialog") this.modal(node);
    this.dress();
    if (this.turned) { this.turned = false; this.root.scrollIntoView({ block: "start" }); (node.querySelector("h1") || node).focus({ preventScroll: true }); }
  }

  modal(node) { // whoever opens a dialog gets back to where they were
    const open = node.querySelector("dialog");
    if (open && !open.open) {
      this.back = document.activeElement;
      open.showModal();
      open.addEventListener("cancel", (event) => { event.preventDefault(); this.say({ act: "close" }); });
      open.addEventListener("close", () => { if (open.isConnected) this.say({ act: "close" }); }); // a browser may not wait
    } else if (!open && this.back) { this.back.focus?.({ preventScroll: true }); this.back = null; }
  }

  dress() {
    const words = this.model.get("words");
    this.root.querySelector(".gm-skip").textContent = words.skip || "";
    const reload = made("button", { type: "button", class: "gm-button", "data-reload": "" }, words.reload || "");
    this.root.querySelector(".gm-lost").replaceChildren(words.lost || "", " ", reload);
    const waits = this.root.querySelector(".gm-waits"), said = this.model.get("away") ? words.waits || "" : "";
    if (waits.textContent !== said) waits.textContent = said;
    for (const node of this.root.querySelectorAll("[data-share]")) node.style.setProperty("--share", node.dataset.share);
    for (const [node] of this.drops) if (!node.isConnected) { this.drops.get(node).sending?.leave(); this.drops.delete(node); }
    for (const drop of this.drops.values()) if (drop.words !== words) drop.speak(words);
    for (const node of this.root.querySelectorAll("[data-upload]")) if (!this.drops.has(node)) this.drops.set(node, new Drop(node, (m, b) => this.say(m, b), words));
    for (const node of this.root.querySelectorAll("[data-report]")) this.frame(node);
    for (const node of this.root.querySelectorAll("[data-hub]")) this.leads(node);
    for (const node of this.root.querySelectorAll("[data-preview]")) if (this.preview && node.dataset.shown !== this.preview) { node.dataset.shown = this.preview; node.replaceChildren(made("img", { src: this.preview, alt: "" })); }
    for (const tab of this.root.querySelectorAll("[role=tab][aria-selected=true]")) { // no tab that is open stands outside
      const list = tab.parentElement, left = tab.offsetLeft - list.offsetLeft;
      if (left < list.scrollLeft || left + tab.offsetWidth > list.scrollLeft + list.clientWidth) list.scrollLeft = left - 24;
    }
    for (const button of this.root.querySelectorAll("[data-theme]")) button.setAttribute("aria-pressed", String(button.dataset.theme === this.theme()));
    this.tick();
  }

  leads(node) { // to a page of the hub, where there is one: the wizard is a service of its own below it
    const [before, after] = location.pathname.split("services/");
    if (after === undefined || this.inLab) return;
    node.setAttribute("href", `${before}hub/${node.dataset.hub}`);
    node.hidden = false;
  }

  frame(node) { // somebody's own page: without allow-same-origin nothing in it can act as the reader
    const report = this.model.get("report"), theme = this.theme(), shown = `${report.length}/${theme}`;
    if (!report || node.dataset.shown === shown) return;
    node.dataset.shown = shown;
    const frame = made("iframe", { sandbox: "allow-scripts allow-popups", title: node.dataset.title || "", referrerpolicy: "no-referrer" });
    // A report has a switch of its own, which begins as the page's stands: a frame knows only the system's theme.
    frame.srcdoc = theme === "auto" ? report : report.replace('id="auto" checked', 'id="auto"').replace(`name="scheme" id="${theme}"`, "$& checked");
    node.replaceChildren(frame);
  }

  tick() {
    for (const node of this.root.querySelectorAll("[data-left], [data-gone]")) {
      const told = node.dataset.left ?? node.dataset.gone, stamp = `${told}/${node.dataset.at || ""}`;
      if (node._stamp !== stamp) { node._stamp = stamp; node._at = performance.now(); }
      const since = (performance.now() - node._at) / 1000, left = node.dataset.left !== undefined;
      const value = left ? told - since : Number(told) + since;
      const text = left && value <= 0 ? node.dataset.over || "" : (node.dataset.form || "{}").replace("{}", lasting(value));
      if (node.dataset.of) {
        node.style.setProperty("--share", Math.min(1, Math.max(0, value / node.dataset.of)));
        node.setAttribute("aria-valuenow", Math.round(100 * Math.min(1, value / node.dataset.of)));
      } else if (node.textContent !== text) node.textContent = text;
    }
    const now = performance.now();
    if (document.visibilityState === "visible") {
      if (now - (this.pinged || 0) > PING) { this.pinged = now; this.say({ act: "ping" }); }
      for (const node of this.root.querySelectorAll("[data-refresh]")) {
        node._since ??= now;
        if (now - node._since > 1000 * node.dataset.refresh) { node._since = now; this.say({ act: "refresh" }); }
      }
    }
    this.root.querySelector(".gm-lost").hidden = ![...this.asked.values()].some((at) => now - at > SLOW);
  }

  listen() {
    const root = this.root;
    root.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target;
      if (form.dataset.act) this.act(form, form, event.submitter?.value || form.dataset.value || "");
    });
    root.addEventListener("change", (event) => {
      const node = event.target;
      if (node.type === "file" && node.dataset.pick) return this.pick(node);
      if (node.matches("select[data-act], input[type=radio][data-act], input[type=checkbox][data-act]"))
        this.act(node, node, node.type === "checkbox" ? node.checked : node.value);
    });
    root.addEventListener("input", (event) => {
      const node = event.target;
      if (!node.matches("input[data-input]")) return;
      clearTimeout(this.typing);
      this.typed = () => { clearTimeout(this.typing); this.typed = null; this.say({ act: node.dataset.input, value: node.value, fields: fieldsOf(node) }); };
      this.typing = setTimeout(() => this.typed?.(), 250);
    });
    root.addEventListener("keydown", (event) => { // tabs are gone through by arrows
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const list = step && event.target.closest("[role=tablist]");
      if (!list) return;
      const tabs = [...list.querySelectorAll("[role=tab]")];
      const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
      next.focus();
      next.click();
    });
    if (!this.inLab) {
      this.moved = () => this.say({ act: "moved", value: location.hash.slice(1) });
      window.addEventListener("popstate", this.moved);
    }
  }

  clicked(event) {
    if (event.target.localName === "dialog") { this.say({ act: "close" }); return; } // beside the sheet
    const node = event.target.closest("[data-act], [data-theme], [data-full], [data-copy], [data-reload], a[href='#gm-main']");
    if (!node || node.matches("select, input, form")) return;
    if (node.matches("a[href='#gm-main']")) { event.preventDefault(); this.root.querySelector("#gm-main").focus(); return; }
    if (node.dataset.reload !== undefined) { leaving(); location.reload(); return; }
    if (node.dataset.theme) return this.themed(node.dataset.theme);
    if (node.dataset.full !== undefined) { this.root.querySelector("iframe")?.requestFullscreen?.(); return; }
    if (node.dataset.copy !== undefined) { this.copy(node); return; }
    if (node.localName === "a" && (event.metaKey || event.ctrlKey || event.shiftKey)) return;
    event.preventDefault();
    if (node.dataset.act === "speak") keep("language", node.dataset.value);
    this.act(node, node, node.dataset.value ?? "");
  }

  act(node, from, value) {
    this.typed?.(); // what was typed comes first, or it would wipe away what is said about it
    if (node.dataset.once !== undefined) {
      const button = node.localName === "form" ? node.querySelector("[type=submit]") : node;
      if (button.getAttribute("aria-busy") === "true") return;
      button.setAttribute("aria-busy", "true");
    }
    this.say({ act: node.dataset.act, value, fields: fieldsOf(from) });
  }

  themed(theme) {
    keep("theme", theme === "auto" ? "" : theme);
    this.root.dataset.gmTheme = theme;
    if (!this.inLab) document.body.dataset.gmTheme = theme;
    this.dress();
  }

  copy(node) {
    const link = `${location.href.split("#")[0]}#${node.dataset.copy}`;
    const said = () => { this.root.querySelector("#gm-said").textContent = node.dataset.done; node.textContent = node.dataset.done; };
    navigator.clipboard?.writeText(link).then(said, () => window.prompt("", link));
  }

  async pick(node) { // a small file that the kernel itself is to read
    const file = node.files[0];
    if (!file) return;
    if (this.preview) URL.revokeObjectURL(this.preview);
    this.preview = URL.createObjectURL(file);
    this.dress();
    let wide = 0, high = 0;
    try { const seen = await createImageBitmap(file); wide = seen.width; high = seen.height; seen.close(); } catch { /* the model will say so */ }
    for (let offset = 0; offset === 0 || offset < file.size; offset += PIECE) {
      const data = await file.slice(offset, offset + PIECE).arrayBuffer();
      this.say({ act: node.dataset.pick, value: file.name, offset, wide, high, last: offset + PIECE >= file.size }, [data]);
    }
    node.value = "";
  }

  hear(told, buffers) {
    if (told.ack) { for (const turn of [...this.asked.keys()]) if (turn <= told.ack) this.asked.delete(turn); }
    if (told.upload) for (const drop of this.drops.values()) if (!told.purpose || drop.purpose === told.purpose) drop.hear(told);
    if (told.file) this.save(told, buffers);
    if (told.link) this.follow(told);
  }

  async follow(told) { // a file that the browser fetches itself; where this page's own address has it not, the kernel sends it
    const own = new URL(told.link, location.href).origin === location.origin;
    if (own) {
      try {
        const answer = await fetch(told.link, { headers: { Range: "bytes=0-0" }, cache: "no-store" });
        answer.body?.cancel();
        if (!answer.ok) throw new Error(String(answer.status));
      } catch { this.say({ act: "pieces", value: told.number }); return; }
    }
    made("a", { href: told.link, download: told.name, rel: "noreferrer" }).click();
  }

  save(told, buffers) { // a file from the kernel, in pieces
    const pieces = this.files.get(told.file) || [];
    pieces.push(buffers[0]);
    this.files.set(told.file, pieces);
    if (!told.last) return;
    this.files.delete(told.file);
    const link = made("a", { href: URL.createObjectURL(new Blob(pieces)), download: told.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  moveTo() {
    const fragment = this.model.get("fragment");
    const here = location.hash.slice(1);
    if (this.inLab || here === fragment) return;
    // Another choice on the same page is no step that anybody wants to go back over.
    const isSame = !here || here.split("?")[0] === fragment.split("?")[0];
    history[isSame ? "replaceState" : "pushState"](null, "", `#${fragment}`);
  }

  close() { clearInterval(this.clock); if (this.moved) window.removeEventListener("popstate", this.moved); }
}

export default {
  render({ model, el }) {
    const root = made("div", {}); // `el` itself is the notebook's to dress
    // Stock Voila's containers hide what is longer than the window, so the page stands beside them.
    (document.body.dataset.voila && document.body.classList.contains("jp-Notebook") ? document.body : el).append(root);
    const page = new Page(model, root);
    for (const region of REGIONS) model.on(`change:${region}`, () => page.draw(region));
    model.on("change:report change:words change:away", () => page.dress());
    model.on("change:language", () => { root.lang = model.get("language"); });
    model.on("change:fragment", () => page.moveTo());
    model.on("change:title", () => { if (!page.inLab) document.title = model.get("title"); });
    model.on("change:said", () => { root.querySelector("#gm-said").textContent = model.get("said"); });
    model.on("msg:custom", (told, buffers) => page.hear(told, buffers || []));
    return () => { page.close(); root.remove(); };
  },
};
