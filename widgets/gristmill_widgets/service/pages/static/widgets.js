// Widgets of a kernel, as much of ipywidgets' protocol as one page needs: their states, as anywidget's modules see them.
//
// A kernel tells of a widget when it is made (comm_open), and of all that are there when it is asked; then come changes
// and custom messages. Bytes travel beside the JSON, each with the path to where it belongs.

const KNOWN = { version: "2.1.0" }; // the widgets' protocol
const CONTROL = { version: "1.0.0" }; // by which all states are asked for

function placed(root, paths, buffers) {
  (paths || []).forEach((path, number) => {
    const last = path.at(-1);
    path.slice(0, -1).reduce((at, step) => at[step], root)[last] = buffers[number];
  });
  return root;
}

class Model {
  constructor(id, say) { Object.assign(this, { id, say, state: {}, changed: {}, heard: [] }); }

  get(name) { return this.state[name]; }

  set(name, value) { this.changed[name] = value; this.take({ [name]: value }); }

  save_changes() {
    const state = this.changed;
    this.changed = {};
    if (Object.keys(state).length) this.say({ method: "update", state, buffer_paths: [] }, []);
  }

  send(content, _callbacks, buffers) { this.say({ method: "custom", content }, buffers || []); }

  on(names, hear) { for (const name of names.split(" ")) this.heard.push({ name, hear }); }

  off(names, hear) {
    const gone = names?.split(" ");
    this.heard = this.heard.filter((each) => (gone && !gone.includes(each.name)) || (hear && each.hear !== hear));
  }

  tell(name, ...told) { for (const each of [...this.heard]) if (each.name === name) each.hear(...told); }

  take(state) { // all of it, before anybody is told
    const names = Object.keys(state).filter((name) => this.state[name] !== state[name]);
    Object.assign(this.state, state);
    for (const name of names) this.tell(`change:${name}`, this, state[name]);
    if (names.length) this.tell("change", this);
  }
}

export class Widgets {
  // `say` sends to the kernel; `known` is called whenever there may be more of them than before.
  constructor(say, known) { Object.assign(this, { say, known, models: new Map() }); }

  ask() { // for all states, at the beginning and after each break
    const id = this.control = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.say("comm_open", { comm_id: id, target_name: "jupyter.widget.control", data: {} }, { metadata: CONTROL });
    this.say("comm_msg", { comm_id: id, data: { method: "request_states" } });
  }

  named(name) { return [...this.models.values()].find((model) => model.get("_model_name") === name); }

  at(reference) { return this.models.get((reference || "").replace("IPY_MODEL_", "")); }

  hear({ header, content, buffers }) {
    const { comm_id: id, data } = content;
    if (header.msg_type === "comm_open" && content.target_name === "jupyter.widget") this.take(id, placed(data.state, data.buffer_paths, buffers));
    else if (header.msg_type === "comm_close") this.models.delete(id);
    else if (header.msg_type !== "comm_msg") return;
    else if (id === this.control) this.all(placed(data, (data.buffer_paths || []).map((path) => ["states", ...path]), buffers));
    else if (data.method === "update") this.models.get(id)?.take(placed(data.state, data.buffer_paths, buffers));
    else if (data.method === "custom") this.models.get(id)?.tell("msg:custom", data.content, buffers);
    this.known();
  }

  all({ method, states }) {
    if (method !== "update_states") return;
    for (const [id, { state }] of Object.entries(states)) this.take(id, state);
  }

  take(id, state) {
    if (!this.models.has(id)) this.models.set(id, new Model(id, (data, buffers) => this.say("comm_msg", { comm_id: id, data }, { metadata: KNOWN, buffers })));
    this.models.get(id).take(state);
  }
}
