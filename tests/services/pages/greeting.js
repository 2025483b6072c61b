// A page that shows all that the wire carries: states, bytes in both directions, custom messages, changes.
export default {
  render({ model, el }) {
    const named = (name, tag = "p") => { const node = document.createElement(tag); node.className = name; el.append(node); return node; };
    const greeting = named("greeting"), size = named("size"), sum = named("sum"), keep = named("keep", "button"), again = named("again", "button");
    const draw = () => {
      greeting.textContent = model.get("said");
      size.textContent = `${model.get("picture")?.byteLength} bytes`;
    };
    again.textContent = "Again";
    again.addEventListener("click", () => model.send({ add: true }, undefined, [new Uint8Array([1, 2, 3]).buffer, new Uint8Array([4, 5])]));
    keep.textContent = "Keep";
    keep.addEventListener("click", () => { model.set("kept", model.get("kept") + 1); model.save_changes(); });
    model.on("change:said change:picture", draw);
    model.on("msg:custom", (told, buffers) => { sum.textContent = `sum ${told.sum}, ${buffers[0].byteLength} came back`; });
    draw();
  },
};
