// The wire to a page's kernel: one websocket in Jupyter's plain protocol, opened again whenever it breaks.
//
// A message without buffers is JSON; one with buffers begins with a table of where its parts are. What was said while
// nobody listened, and what nobody has answered, is said once more on the next socket; what the kernel said in the
// meantime the service has kept, as the session is the same.

const PAUSES = [300, 1000, 2000, 4000]; // milliseconds until the next try; then always the last one
const OPENS = 15000; // milliseconds that a socket may take to open
const QUIET = 30000; // milliseconds that a kernel may leave a word without an answer
const LOOK = 2000; // milliseconds between two looks whether all is well
const SLEPT = 30000; // milliseconds by which a look may be late: beyond, the machine has slept

export function packed(message, buffers) {
  if (!buffers.length) return JSON.stringify(message);
  const views = buffers.map((each) => (ArrayBuffer.isView(each) ? new Uint8Array(each.buffer, each.byteOffset, each.byteLength) : new Uint8Array(each)));
  const parts = [new TextEncoder().encode(JSON.stringify(message)), ...views];
  const table = 4 * (parts.length + 1);
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, table));
  const numbers = new DataView(whole.buffer);
  numbers.setUint32(0, parts.length);
  let at = table;
  parts.forEach((part, number) => { numbers.setUint32(4 * (number + 1), at); whole.set(part, at); at += part.length; });
  return whole.buffer;
}

export function unpacked(data) {
  if (typeof data === "string") return { buffers: [], ...JSON.parse(data) };
  const numbers = new DataView(data), count = numbers.getUint32(0);
  const starts = Array.from({ length: count }, (_, number) => numbers.getUint32(4 * (number + 1)));
  const parts = starts.map((start, number) => new DataView(data, start, (starts[number + 1] ?? data.byteLength) - start));
  return { ...JSON.parse(new TextDecoder().decode(parts[0])), buffers: parts.slice(1) };
}

export class Wire {
  // `hear` gets each message; `turn` learns whether the wire is open; `may` is asked before it is opened again.
  constructor(address, { hear, turn, may }) {
    this.session = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.address = `${address}?session_id=${this.session}`;
    Object.assign(this, { hear, turn, may, tries: 0, isOpen: false, isOver: false, unheard: new Map() });
    addEventListener("offline", () => this.broke());
    addEventListener("online", () => this.now());
    this.looked = Date.now();
    setInterval(() => this.look(), LOOK);
    this.open();
  }

  open() {
    if (this.isOver || this.socket) return;
    const socket = this.socket = new WebSocket(this.address); // and no protocols: some proxies drop the answer to them
    socket.binaryType = "arraybuffer";
    this.begun = Date.now();
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.isOpen = true;
      this.tries = 0;
      for (const waiting of this.unheard.values()) { waiting.at = Date.now(); socket.send(waiting.packed); }
      this.turn(true);
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      const message = unpacked(event.data);
      this.unheard.delete(message.parent_header?.msg_id);
      this.hear(message);
    };
    socket.onclose = (event) => { if (this.socket === socket) this.broke(event.code); };
  }

  broke(code) { // or is given up
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.isOpen = false;
    if (this.isOver) return;
    this.turn(false, code);
    clearTimeout(this.next);
    this.next = setTimeout(() => this.again(), PAUSES[Math.min(this.tries++, PAUSES.length - 1)]);
  }

  async again() {
    if (this.socket || this.isOver) return;
    if (await this.may()) this.open();
    else if (!this.socket) this.broke();
  }

  now() { clearTimeout(this.next); this.tries = 0; this.again(); }

  end() { this.isOver = true; clearTimeout(this.next); this.broke(); }

  look() {
    if (document.hidden) return; // where timers are late without anybody having slept
    const now = Date.now(), late = now - this.looked - LOOK;
    this.looked = now;
    const oldest = this.isOpen ? this.unheard.values().next().value : null;
    if (late > SLEPT || (oldest && now - oldest.at > QUIET) || (this.socket && !this.isOpen && now - this.begun > OPENS)) this.broke();
  }

  say(kind, content, { metadata = {}, buffers = [] } = {}) {
    const header = { msg_id: `${this.session}_${this.said = (this.said || 0) + 1}`, msg_type: kind, session: this.session, username: "", version: "5.3", date: new Date().toISOString() };
    const waiting = { at: Date.now(), packed: packed({ header, parent_header: {}, metadata, content, channel: "shell" }, buffers) };
    this.unheard.set(header.msg_id, waiting);
    if (this.isOpen) this.socket.send(waiting.packed);
  }
}
