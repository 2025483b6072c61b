// A folder, or several files, as one ZIP that is never in memory: a Blob of the files themselves and what stands between.
//
// Nothing is compressed. Each file is read once for its checksum, which a ZIP has before the data; what is sent later is
// read again from the disk, part by part.

const MOST_FILES = 65000, MOST_BYTES = 0xf0000000; // beyond, a ZIP is written in another way
const SUMS = new Uint32Array(256).map((_, n) => { for (let k = 0; k < 8; k += 1) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });

async function checksum(blob) {
  let sum = 0xffffffff;
  for (let at = 0; at < blob.size; at += 8 << 20)
    for (const byte of new Uint8Array(await blob.slice(at, at + (8 << 20)).arrayBuffer())) sum = SUMS[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

function packed(...fields) { // pairs of a size in bytes and a number, lowest byte first
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of fields) for (let n = 0; n < size; n += 1) bytes[at++] = Math.floor(value / 256 ** n) % 256;
  return bytes;
}

function dosTime(when) {
  const date = new Date(Math.max(when, Date.UTC(1980, 0, 2)));
  return [
    [2, (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)],
    [2, ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()],
  ];
}

async function zipped(name, entries) { // entries: [{ path, file }]; null where they are too many or too large
  const sorted = [...entries].sort((one, other) => (one.path < other.path ? -1 : 1)); // the same folder, the same ZIP
  if (sorted.length > MOST_FILES || sorted.reduce((sum, { file }) => sum + file.size + 200, 0) > MOST_BYTES) return null;
  const parts = [], listed = [];
  let offset = 0, latest = 0, wide = 0;
  for (const { path, file } of sorted) {
    const called = new TextEncoder().encode(path), time = dosTime(file.lastModified);
    const about = [[2, 20], [2, 0x0800], [2, 0], ...time, [4, await checksum(file)], [4, file.size], [4, file.size], [2, called.length], [2, 0]];
    const head = packed([4, 0x04034b50], ...about);
    listed.push(packed([4, 0x02014b50], [2, 20], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), called);
    wide += 46 + called.length;
    parts.push(head, called, file);
    offset += head.length + called.length + file.size;
    latest = Math.max(latest, file.lastModified);
  }
  const end = packed([4, 0x06054b50], [2, 0], [2, 0], [2, sorted.length], [2, sorted.length], [4, wide], [4, offset], [2, 0]);
  return new File([...parts, ...listed, end], `${name}.zip`, { type: "application/zip", lastModified: latest });
}

async function within(entry, folder = "") { // every file of a folder that was dropped, those of the system left out
  if (entry.name.startsWith(".") || entry.name === "__MACOSX" || entry.name === "Thumbs.db") return [];
  if (entry.isFile) return [{ path: folder + entry.name, file: await new Promise((found, failed) => entry.file(found, failed)) }];
  const reader = entry.createReader(), found = [];
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((read, failed) => reader.readEntries(read, failed));
    if (!some.length) return found;
    for (const one of some) found.push(...await within(one, `${folder}${entry.name}/`));
  }
}
