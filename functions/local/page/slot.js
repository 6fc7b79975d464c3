// A place for a photo: how it gets there, and the faces that the API finds in it.

import { EXTRACT, explain, post, toBase64 } from "./api.js";
import { takePhoto } from "./camera.js";
import { describe, makeBox, makePoints } from "./faces.js";
import { RequestView, photoCommand } from "./requests.js";

const template = document.querySelector("#slot-template");

export class Slot {
  file = null;
  // What the API answered: the faces, and the model that embedded them; `image` is what it was sent.
  image = null;
  model = null;
  faces = [];
  chosen = 0;
  isLooking = false;
  maxBytes = Infinity;

  /**
   * @param {string} letter "A" or "B"
   * @param {() => void} onChange called when the photo, its faces or the chosen one have changed
   */
  constructor(letter, onChange) {
    this.letter = letter;
    this.onChange = onChange;
    this.requests = new RequestView(`Photo ${letter}`);
    this.section = template.content.cloneNode(true).firstElementChild;
    this.section.setAttribute("aria-label", `Photo ${letter}`);
    this.part("h2").textContent = `Photo ${letter}`;
    this.part("legend").textContent = `Faces of photo ${letter}, the largest first`;
    this.part("img").addEventListener("load", ({ target }) => this.shape(target.naturalWidth, target.naturalHeight));
    this.part("img").addEventListener("error", () => this.part("figure").classList.add("unseen-format"));
    this.part("input").addEventListener("change", ({ target }) => {
      this.take(target.files[0]);
      // So that the same file can be chosen again.
      target.value = "";
    });
    this.part(".use-camera").addEventListener("click", async () => this.take(await takePhoto()));
    this.part(".remove").addEventListener("click", () => {
      this.clear();
      this.onChange();
      this.part("input").focus();
    });
    this.section.addEventListener("dragover", () => this.section.classList.add("dragged-over"));
    for (const end of ["dragleave", "drop"]) {
      this.section.addEventListener(end, () => this.section.classList.remove("dragged-over"));
    }
    this.section.addEventListener("drop", ({ dataTransfer }) => this.take(dataTransfer.files[0]));
  }

  part(selector) {
    return this.section.querySelector(selector);
  }

  say(text, isError = false) {
    this.part(".status").textContent = text;
    this.part(".status").classList.toggle("error", isError);
  }

  /** The face that comparisons use, or null. */
  get face() {
    return this.faces[this.chosen] ?? null;
  }

  clear() {
    this.turn?.abort();
    this.file = this.image = this.model = null;
    this.faces = [];
    this.chosen = 0;
    this.isLooking = false;
    URL.revokeObjectURL(this.part("img").src);
    this.part("img").removeAttribute("src");
    this.part("figure").hidden = true;
    this.part("figure").classList.remove("unseen-format");
    this.part(".stage .hint").hidden = false;
    this.part(".save").hidden = true;
    this.part(".remove").hidden = true;
    this.requests.hide();
    this.drawFaces(1, 1);
    this.say("");
  }

  /** Shows a photo, and asks the API for the faces in it. Nothing happens without a file. */
  async take(file) {
    if (!file) {
      return;
    }
    this.clear();
    this.showPhoto(file);
    const { signal } = (this.turn = new AbortController());
    this.isLooking = true;
    this.say("Looking for faces …");
    this.onChange();
    try {
      await this.look(signal);
    } catch {
      if (!signal.aborted) {
        this.say("The file cannot be read.", true);
      }
    }
    if (!signal.aborted) {
      this.isLooking = false;
      this.onChange();
    }
  }

  async look(signal) {
    if (this.file.size > this.maxBytes) {
      // The server would refuse it before it has read it, which browsers report as a broken connection.
      this.say(explain({ code: "PAYLOAD_TOO_LARGE", details: { limit_bytes: this.maxBytes } }), true);
      return;
    }
    const image = await toBase64(this.file);
    const done = await post(EXTRACT, { images: [{ image }] }, signal);
    if (!signal.aborted) {
      this.requests.show(done, photoCommand(EXTRACT, this.file));
      this.showResult(done, image);
    }
  }

  showPhoto(file) {
    // Pasted photos have no name of their own, and both slots may hold one of the camera.
    const [, kind] = file.name.match(/^(?:image|camera)\.(\w+)$/) ?? [];
    this.file = kind ? new File([file], `photo-${this.letter.toLowerCase()}.${kind}`, { type: file.type }) : file;
    const url = URL.createObjectURL(this.file);
    this.part("img").src = url;
    this.part("img").alt = `Photo ${this.letter}: ${this.file.name}`;
    this.part(".save").href = url;
    this.part(".save").download = this.file.name;
    this.part(".save").setAttribute("aria-label", `Save ${this.file.name}`);
    this.part("figure").hidden = false;
    this.part(".stage .hint").hidden = true;
    this.part(".save").hidden = false;
    this.part(".remove").hidden = false;
  }

  showResult({ error, answer }, image) {
    const problem = error ?? answer.results[0].error;
    if (problem) {
      this.say(explain(problem), true);
      return;
    }
    const { width, height, face_count: count, faces, model, warnings } = answer.results[0];
    const counted = ["No face was found in this photo.", "One face was found."][count] ?? `${count} faces were found.`;
    const damage = warnings.length ? " The file is damaged; only faces before the damage count." : "";
    Object.assign(this, { image, faces, model });
    this.shape(width, height);
    this.drawFaces(width, height);
    this.say(counted + damage, count === 0);
  }

  shape(width, height) {
    this.part("figure").style.setProperty("--ratio", width / height);
  }

  drawFaces(width, height) {
    const [overlay, fieldset] = [this.part(".overlay"), this.part(".faces")];
    fieldset.hidden = this.faces.length === 0;
    fieldset.querySelectorAll("label").forEach((label) => label.remove());
    fieldset.append(...this.faces.map((face, index) => this.makeChoice(face, index)));
    overlay.replaceChildren(
      ...this.faces.map((face, index) => makeBox(face, index, width, height)),
      ...this.faces.flatMap((face) => makePoints(face, width, height)),
    );
    // For the mouse; the keyboard has the list of faces.
    this.boxes.forEach((box, index) => {
      box.addEventListener("click", () => fieldset.querySelectorAll("input")[index].click());
    });
    this.choose(0);
  }

  makeChoice(face, index) {
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: `face-${this.letter}`, checked: index === 0 });
    input.addEventListener("change", () => {
      this.choose(index);
      this.onChange();
    });
    const label = document.createElement("label");
    label.append(input, ` ${index + 1}: ${describe(face)}`);
    return label;
  }

  choose(index) {
    this.chosen = index;
    this.boxes.forEach((box, each) => box.classList.toggle("chosen", each === index));
  }

  get boxes() {
    return this.section.querySelectorAll(".box");
  }

  /** Marks the face at `area` as "found" or "nearest" and returns its index; null unmarks all. */
  mark(area, outcome) {
    const index = this.faces.findIndex(({ facial_area: { x, y, w, h } }) =>
      area && x === area.x && y === area.y && w === area.w && h === area.h,
    );
    this.section.classList.toggle("searched", outcome !== null);
    this.boxes.forEach((box, each) => {
      box.classList.toggle("found", each === index && outcome === "found");
      box.classList.toggle("nearest", each === index && outcome === "nearest");
    });
    return index;
  }
}
