// A file's way from the browser into the store: parts, four at a time, straight to the signed addresses.
//
// The kernel opens the upload and names the parts that are missing; XHR sends each, because only XHR tells how far it
// is. What breaks off is asked for again with fresh addresses; where an address is empty, or cannot be reached from this
// page, the part goes to the kernel in pieces and the kernel hands it on. What is under way is noted in localStorage, so
// that the same file goes on after a reload with what had arrived; the file itself the browser may not keep. Its sum
// (hashing.js) is taken meanwhile, from the file's beginning even where parts had arrived, and goes along with the last
// word, so that the platform knows a file that was altered on its way.

const AT_ONCE = 4;
const PIECE = 2 << 20; // bytes of one message to the kernel: servers of notebooks cut off above 10 MiB
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000, 15000];
const NOTE = "gristmill-upload";

function sized(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 999.5 && unit < 4) { bytes /= 1000; unit += 1; }
  return `${unit && bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

function lasting(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 && whole < 600 ? ` ${whole % 60} s` : ""}`;
  return `${Math.floor(whole / 3600)} h${whole % 3600 >= 60 ? ` ${Math.floor((whole % 3600) / 60)} min` : ""}`;
}

function noted() {
  try { return JSON.parse(localStorage.getItem(NOTE)) || null; } catch { return null; }
}

function note(what) {
  try { what ? localStorage.setItem(NOTE, JSON.stringify(what)) : localStorage.removeItem(NOTE); } catch { /* private */ }
}

function made(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...children);
  return node;
}

class Sending {
  // One file on its way. `say` tells the kernel; `show` is called whenever there is something new to show.
  constructor(file, purpose, say, show) {
    Object.assign(this, { file, purpose, say, show });
    this.state = "opening"; // opening, sending, paused, waiting, summing, checking, over, failed
    this.gone = new Map(); // part -> bytes that have gone
    this.queue = [];
    this.under = new Set();
    this.tries = 0;
    this.speeds = [];
    this.byKernel = false;
    this.online = () => { if (this.state === "waiting") this.ask(); else if (this.state === "opening") this.open(); else this.told(); };
    window.addEventListener("online", this.online);
  }

  begin(resume) {
    this.resume = resume || "";
    this.open();
    this.show();
  }

  open() { // what was said without a connection may have been heard by nobody
    clearTimeout(this.timer);
    if (this.state !== "opening") return;
    this.timer = setTimeout(() => this.open(), 15000);
    this.say({ upload: "open", name: this.file.name, size: this.file.size, purpose: this.purpose, resume: this.resume });
  }

  links(told) { // the kernel's answer to open, and to links
    if (this.id && this.id !== told.id) { this.say({ upload: "drop", id: told.id }); return; } // it was opened twice
    this.id = told.id;
    if (["summing", "checking"].includes(this.state)) return; // an earlier answer, late
    this.partSize = told.part_size;
    this.hashing ||= new Hashing(this.file);
    if (this.purpose === "data") note({ id: this.id, name: this.file.name, size: this.file.size, at: this.file.lastModified });
    for (const part of told.arrived) this.gone.set(part.number, part.size);
    this.queue = told.parts.filter((part) => ![...this.under].some((one) => one.number === part.number));
    if (this.state === "paused") return;
    this.state = "sending";
    this.speeds = [];
    this.fill();
  }

  fill() {
    while (this.state === "sending" && this.queue.length && this.under.size < (this.byKernel || !this.queue[0].url ? 2 : AT_ONCE)) this.part(this.queue.shift());
    if (this.state === "sending" && !this.queue.length && !this.under.size) this.finish();
    this.show();
  }

  async finish() {
    this.state = "summing";
    try {
      const sum = await this.hashing.sum;
      if (this.state !== "summing") return;
      this.state = "checking";
      note(null);
      this.told(sum);
      this.show();
    } catch { if (this.state === "summing") this.fail("changed"); }
  }

  told(sum = this.sum) { // until it is answered: a connection that has just gone takes words along
    clearTimeout(this.timer);
    if (this.state !== "checking") return;
    this.sum = sum;
    this.timer = setTimeout(() => this.told(), 15000);
    this.say({ upload: "done", id: this.id, sha256: sum });
  }

  part(link) {
    const start = (link.number - 1) * this.partSize;
    const blob = this.file.slice(start, start + link.size);
    const one = { number: link.number, abort: () => {} };
    this.under.add(one);
    const done = () => { this.under.delete(one); this.gone.set(link.number, link.size); this.tries = 0; this.fill(); };
    const broke = () => {
      this.under.delete(one);
      this.gone.delete(link.number);
      if (this.state === "sending") this.wait();
    };
    if (this.byKernel || !link.url) this.pieces(link, blob, one, done, broke);
    else this.put(link, blob, one, done, broke);
  }

  put(link, blob, one, done, broke) {
    const xhr = new XMLHttpRequest();
    one.abort = () => xhr.abort();
    xhr.open("PUT", link.url);
    for (const [name, value] of Object.entries(link.headers)) if (name.toLowerCase() !== "content-length") xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => { this.talks = true; this.gone.set(link.number, event.loaded); this.show(); };
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) { this.takes = true; done(); }
      else if ([404, 405, 501].includes(xhr.status) && !this.takes) { this.byKernel = true; broke(); }
      else if ([401, 403].includes(xhr.status) && !this.takes) { this.refuse(); broke(); } // an address that was too old, or no store at all
      else broke();
    };
    // A store that refuses this page looks just like a lost connection; online, and before it took a byte, it is that.
    xhr.onerror = async () => {
      if (await this.changed(blob)) return this.fail("changed");
      if (!this.talks && navigator.onLine) this.refuse();
      broke();
    };
    xhr.onabort = () => broke();
    xhr.send(blob);
  }

  refuse() { // as often as that, it is no accident
    this.refusals = (this.refusals || 0) + 1;
    if (this.refusals >= AT_ONCE || this.file.size <= this.partSize) this.byKernel = true;
  }

  async pieces(link, blob, one, done, broke) {
    let stopped = false;
    one.abort = () => { stopped = true; broke(); };
    try {
      for (let offset = 0; offset < Math.max(1, blob.size); offset += PIECE) {
        const data = await blob.slice(offset, offset + PIECE).arrayBuffer();
        if (stopped) return;
        const took = new Promise((resolve, reject) => { one.took = resolve; one.broke = reject; });
        this.say({ upload: "piece", id: this.id, number: link.number, offset, last: offset + PIECE >= blob.size }, [data]);
        await took;
        if (stopped) return;
        this.gone.set(link.number, Math.min(blob.size, offset + PIECE));
        this.show();
      }
      done();
    } catch (error) {
      if (stopped) return;
      if (await this.changed(blob)) this.fail("changed");
      else broke();
    }
  }

  took(number, fine) {
    for (const one of this.under) if (one.number === number && one.took) (fine ? one.took : one.broke)();
  }

  async changed(blob) { // a file that was changed or taken away since it was chosen cannot be read any more
    try { await blob.slice(0, 1).arrayBuffer(); return false; } catch { return true; }
  }

  wait() { // what is under way may well arrive: only what broke is asked for again
    this.state = "waiting";
    const pause = PAUSES[Math.min(this.tries, PAUSES.length - 1)];
    this.tries += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), pause);
    this.show();
  }

  ask() { // what has arrived, and fresh addresses for the rest
    clearTimeout(this.timer);
    if (this.state !== "waiting") return;
    this.timer = setTimeout(() => this.ask(), 15000);
    this.say({ upload: "links", id: this.id });
  }

  pause() {
    this.state = "paused";
    for (const one of [...this.under]) one.abort();
    this.show();
  }

  go() { this.state = "waiting"; this.tries = 0; this.ask(); this.show(); }

  fail(why) {
    this.state = "failed";
    this.why = why;
    for (const one of [...this.under]) one.abort();
    this.end();
    this.show();
  }

  leave() { // the page is gone; what has arrived is kept for whoever chooses the file again
    if (["sending", "opening", "waiting", "paused", "summing"].includes(this.state)) this.state = "over";
    for (const one of [...this.under]) one.abort();
    this.end();
  }

  end() { clearTimeout(this.timer); this.hashing?.end(); window.removeEventListener("online", this.online); }

  drop() {
    this.state = "over";
    for (const one of [...this.under]) one.abort();
    this.end();
    note(null);
    if (this.id) this.say({ upload: "drop", id: this.id });
  }

  get bytes() { let sum = 0; for (const value of this.gone.values()) sum += value; return Math.min(sum, this.file.size); }

  speed() { // bytes a second over the last five seconds
    const now = performance.now(), bytes = this.bytes;
    this.speeds.push([now, bytes]);
    while (this.speeds.length > 2 && now - this.speeds[0][0] > 5000) this.speeds.shift();
    const [first, were] = this.speeds[0];
    return now - first > 400 ? ((bytes - were) * 1000) / (now - first) : 0;
  }
}

class Drop {
  // The drop zone, in an element with `data-upload`; one file at a time.
  constructor(node, say, words) {
    Object.assign(this, { node, say, words, purpose: node.dataset.upload });
    this.shown = "";
    this.input = made("input", { type: "file", class: "gm-away", tabindex: "-1", "aria-hidden": "true", accept: node.dataset.accept || "" });
    this.folder = made("input", { type: "file", webkitdirectory: true, class: "gm-away", tabindex: "-1", "aria-hidden": "true" });
    if (this.purpose === "data") this.input.multiple = true;
    for (const input of [this.input, this.folder]) input.onchange = () => {
      const files = [...input.files];
      input.value = "";
      if (files.length === 1 && input === this.input) this.take(files[0]);
      else if (files.length) this.pack(files[0].webkitRelativePath.split("/")[0], files.map((file) => ({ path: file.webkitRelativePath || file.name, file })));
    };
    for (const kind of ["dragover", "dragenter"]) node.addEventListener(kind, (event) => { event.preventDefault(); node.classList.add("is-over"); });
    node.addEventListener("dragleave", (event) => { if (!node.contains(event.relatedTarget)) node.classList.remove("is-over"); });
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      node.classList.remove("is-over");
      const files = [...event.dataTransfer.files];
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
      if (entries.length > 1 || entries[0]?.isDirectory) this.gather(entries);
      else if (files.length > 1) this.pack("", files.map((file) => ({ path: file.name, file })));
      else if (files[0]) this.take(files[0]);
    });
    this.draw();
  }

  speak(words) { this.words = words; this.shown = ""; this.draw(); }

  get isBusy() { return this.packing || ["opening", "sending", "paused", "waiting", "summing", "checking"].includes(this.sending?.state); }

  async gather(entries) {
    try {
      const found = [];
      for (const entry of entries) found.push(...await within(entry));
      await this.pack(entries.length === 1 ? entries[0].name : "", found);
    } catch { this.refuse("up_changed"); }
  }

  async pack(name, entries) { // a folder, or several files, travel as one ZIP
    if (this.isBusy) return;
    const kept = entries.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX"));
    if (!kept.length) { this.refuse("up_empty", name); return; }
    this.packing = true;
    this.refused = "";
    this.node.replaceChildren(made("p", { role: "status" }, made("span", { class: "gm-spin", "aria-hidden": "true" }), this.words.up_packing.replace("{n}", kept.length)));
    try {
      const file = await zipped(name || "files", kept);
      this.packing = false;
      if (file) this.take(file);
      else this.refuse("up_many");
    } catch { this.packing = false; this.refuse("up_changed"); }
  }

  take(file) {
    if (this.isBusy) return;
    if (!file.size) return this.refuse("up_empty", file.name);
    if (!this.isOfUse(file.name)) return this.refuse("up_kind", file.name);
    const before = this.purpose === "data" ? noted() : null;
    const same = before && before.name === file.name && before.size === file.size && before.at === file.lastModified;
    this.refused = "";
    this.sending = new Sending(file, this.purpose, this.say, () => this.draw());
    this.sending.begin(same ? before.id : "");
  }

  isOfUse(name) { // by its ending, before gigabytes of something else are sent; what has none is looked at when it is there
    const ending = /[^.]\.[a-z0-9-]{1,9}$/i.test(name) ? name.slice(name.lastIndexOf(".")).toLowerCase() : "";
    const taken = (this.node.dataset.accept || "").split(",");
    return !ending || taken[0] === "" || taken.includes(ending);
  }

  refuse(why, name) {
    if (this.isBusy) return;
    this.sending = null; // or what became of an earlier file would be told
    this.refused = this.words[why].replace("{name}", name || "");
    this.draw();
  }

  hear(told) {
    const one = this.sending;
    if (told.upload === "reset") { one?.end(); this.sending = null; this.draw(); return; }
    if (!one) return;
    if (told.upload === "links") one.links(told);
    if (told.upload === "took") one.took(told.number, told.fine);
    if (told.upload === "failed") { one.why = told.why; one.state = "failed"; one.end(); if (told.lost) note(null); this.draw(); }
    if (told.upload === "again" && one.state !== "paused") { one.state = "waiting"; one.wait(); }
  }

  draw() {
    if (this.packing) return;
    const one = this.sending, kind = one && one.state !== "over" ? one.state : "none";
    if (kind !== this.shown || kind === "none" || kind === "failed") { this.shown = kind; this.build(kind, one); }
    if (one && this.bar) this.move(one);
  }

  build(kind, one) {
    const w = this.words, before = this.purpose === "data" ? noted() : null;
    this.bar = null;
    const button = (text, act, style) => { const b = made("button", { type: "button", class: `gm-button ${style || ""}` }, text); b.onclick = act; return b; };
    if (kind === "none" || kind === "failed") {
      const said = kind === "failed" ? (one.why === "changed" ? w.up_changed : one.why) : this.refused;
      const zone = made("div", { class: "gm-drop-in" },
        made("div", { class: "gm-drop-mark", "aria-hidden": "true" }),
        made("p", { class: "gm-drop-lead" }, w[`up_lead_${this.purpose}`] || w.up_lead_data),
        made("div", { class: "gm-row" }, button(w.up_choose, () => this.input.click(), "is-main"),
          this.purpose === "data" ? button(w.up_choose_folder, () => this.folder.click(), "is-quiet") : ""),
        this.input, this.folder,
        made("p", { class: "gm-note" }, this.node.dataset.hint || ""));
      if (before && kind === "none" && !this.refused) zone.append(made("p", { class: "gm-drop-before" }, w.up_before.replace("{name}", before.name)));
      if (said) zone.prepend(made("p", { class: "gm-problem", role: "alert" }, said));
      this.node.replaceChildren(zone);
      return;
    }
    const line = made("p", { class: "gm-send-line" });
    this.bar = made("div", { class: "gm-bar", role: "progressbar", "aria-label": one.file.name, "aria-valuemin": 0, "aria-valuemax": 100 }, made("span", {}));
    const acts = made("div", { class: "gm-row" });
    if (kind === "sending" || kind === "waiting") acts.append(button(w.up_pause, () => one.pause()));
    if (kind === "paused") acts.append(button(w.up_go, () => one.go(), "is-main"));
    if (kind !== "checking") acts.append(button(w.up_drop, () => { one.drop(); this.sending = null; this.draw(); }, "is-quiet"));
    this.line = line;
    this.node.replaceChildren(made("div", { class: "gm-send" }, made("p", { class: "gm-send-name", dir: "auto" }, one.file.name), this.bar, line, acts));
    this.node.querySelector("button.is-main")?.focus({ preventScroll: true });
  }

  move(one) {
    const share = one.file.size ? one.bytes / one.file.size : 1, w = this.words, speed = one.speed();
    this.bar.firstChild.style.width = `${(100 * share).toFixed(1)}%`;
    this.bar.classList.toggle("is-busy", ["summing", "checking", "opening"].includes(one.state));
    this.bar.setAttribute("aria-valuenow", Math.floor(100 * share));
    const so = `${sized(one.bytes)} / ${sized(one.file.size)}`;
    const left = speed > 1 ? ` · ${sized(speed)}/s · ${w.up_left.replace("{time}", lasting((one.file.size - one.bytes) / speed))}` : "";
    const says = { opening: navigator.onLine ? w.up_opening : w.up_offline, sending: so + left + (one.byKernel ? ` · ${w.up_detour}` : ""), paused: `${w.up_paused} · ${so}`, waiting: `${navigator.onLine ? w.up_waiting : w.up_offline} · ${so}`, summing: w.up_summing, checking: w.up_checking };
    this.line.textContent = says[one.state] || so;
  }
}
