// The SHA-256 of a file, taken in a worker beside its sending: the platform holds it against what has arrived.
//
// A browser's own digest takes a tenth of the time, but wants its bytes whole and in memory, and a page that came by TLS or
// from this machine: so a large file has the sum of its pieces' sums, as `8388608:…` (intake/arrival.py). Where there is
// none of the browser's there is one here, which takes a file in pieces. A worker is made of text anyway, so the 64
// rounds of a block are written out with their constants: three times as fast as a loop. Where no worker may be made, the
// file goes without its sum.

const SUMMED = 8 << 20; // bytes that a sum of the browser's own is of
const READ = 4 << 20; // bytes at a time, of which two are in memory; whole blocks

function constants() { // what the square and cube roots of the first primes have behind their points
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const word = (root) => ((root % 1) * 2 ** 32) | 0;
  return { begins: primes.slice(0, 8).map((n) => word(Math.sqrt(n))), adds: primes.map((n) => word(Math.cbrt(n))) };
}

function rounds(adds) { // of one block, on a to h; `w` is a ring of sixteen words
  const turned = (x, ...by) => `(${by.map((n) => `(${x} >>> ${n} | ${x} << ${32 - n})`).join(" ^ ")})`;
  const lines = Array.from({ length: 16 }, (_, n) => `let w${n} = view.getInt32(at + ${4 * n});`);
  for (let n = 0; n < 64; n += 1) {
    const w = (back) => `w${(n - back + 16) % 16}`;
    const [a, b, c, d, e, f, g, h] = Array.from("abcdefgh", (_, k) => "abcdefgh"[(k - n + 64) % 8]);
    if (n > 15) lines.push(`${w(0)} = (${w(0)} + (${turned(w(15), 7, 18)} ^ ${w(15)} >>> 3) + ${w(7)} + (${turned(w(2), 17, 19)} ^ ${w(2)} >>> 10)) | 0;`);
    lines.push(
      `${h} = (${h} + ${turned(e, 6, 11, 25)} + (${g} ^ ${e} & (${f} ^ ${g})) + (${adds[n]}) + ${w(0)}) | 0;`,
      `${d} = (${d} + ${h}) | 0;`,
      `${h} = (${h} + ${turned(a, 2, 13, 22)} + (${a} & ${b} | ${c} & (${a} | ${b}))) | 0;`,
    );
  }
  return lines.join("\n");
}

function hashingCode() {
  const { begins, adds } = constants();
  return `
    const sum = new Int32Array(${JSON.stringify(begins)});
    function take(view, size) {
      let [h0, h1, h2, h3, h4, h5, h6, h7] = sum;
      for (let at = 0; at < size; at += 64) {
        let a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7;
        ${rounds(adds)}
        h0 = (h0 + a) | 0; h1 = (h1 + b) | 0; h2 = (h2 + c) | 0; h3 = (h3 + d) | 0;
        h4 = (h4 + e) | 0; h5 = (h5 + f) | 0; h6 = (h6 + g) | 0; h7 = (h7 + h) | 0;
      }
      sum.set([h0, h1, h2, h3, h4, h5, h6, h7]);
    }
    function end(rest, size) { // what no block holds, a one, zeros, and how many bits there were
      const tail = new DataView(new ArrayBuffer(rest.length < 56 ? 64 : 128));
      new Uint8Array(tail.buffer).set(rest);
      tail.setUint8(rest.length, 128);
      tail.setUint32(tail.byteLength - 8, Math.floor(size / 2 ** 29));
      tail.setUint32(tail.byteLength - 4, (size * 8) >>> 0);
      take(tail, tail.byteLength);
      return Array.from(sum, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
    }
    const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
    async function* pieces(file, size) { // the next one is read meanwhile
      const read = (at) => { const bytes = file.slice(at, at + size).arrayBuffer(); bytes.catch(() => {}); return bytes; };
      let next = read(0);
      for (let at = 0; at < file.size; at += size) {
        const bytes = await next;
        if (bytes.byteLength !== Math.min(size, file.size - at)) throw new Error("the file is shorter");
        next = read(at + size);
        yield bytes;
      }
    }
    async function ofPieces(file, own) {
      const sums = [];
      for await (const piece of pieces(file, ${SUMMED})) sums.push(await own.digest("SHA-256", piece));
      return "${SUMMED}:" + hex(await own.digest("SHA-256", await new Blob(sums).arrayBuffer()));
    }
    async function digest(file) {
      const own = globalThis.crypto?.subtle;
      if (own) return file.size > ${SUMMED} ? ofPieces(file, own) : hex(await own.digest("SHA-256", await file.arrayBuffer()));
      let rest = new ArrayBuffer(0);
      for await (const bytes of pieces(file, ${READ})) {
        take(new DataView(bytes), bytes.byteLength & ~63);
        rest = bytes;
      }
      return end(new Uint8Array(rest, rest.byteLength & ~63), file.size);
    }
    onmessage = ({ data }) => digest(data).then((said) => postMessage(said), () => postMessage(null));
  `;
}

class Hashing {
  // The sum of one file, as hexadecimal digits: "" where none can be taken, an error where the file cannot be read.
  constructor(file) {
    this.sum = new Promise((found, failed) => {
      try {
        const address = URL.createObjectURL(new Blob([hashingCode()], { type: "text/javascript" }));
        this.worker = new Worker(address);
        this.end = () => { this.worker.terminate(); URL.revokeObjectURL(address); found(""); };
        this.worker.onmessage = ({ data }) => { data === null ? failed(new Error("the file was changed")) : found(data); this.end(); };
        this.worker.onerror = () => this.end();
        this.worker.postMessage(file);
      } catch { found(""); }
    });
    this.sum.catch(() => {}); // whoever asks is told
  }

  end() {}
}
