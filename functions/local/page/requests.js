// Shows a request as a curl command, and its answer as JSON.

const SHOWN_NUMBERS = 3;
const COPIED_MS = 2000;

const list = document.querySelector("#requests");
const template = document.querySelector("#request-template");
const JSON_HEADER = "-H 'Content-Type: application/json'";

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Returns a command that sends one photo, read from its file, to extract-embeddings. */
export function photoCommand(path, file) {
  const url = new URL(path, document.baseURI);
  return (
    `{ printf '{"images": [{"image": "'; base64 < ${quote(file.name)} | tr -d '\\n'; printf '"}]}'; } |\n` +
    `  curl -sS ${JSON_HEADER} --data-binary @- ${quote(url.href)}`
  );
}

/** Returns a command that sends a request's saved body. */
export function bodyCommand(path, fileName) {
  const url = new URL(path, document.baseURI);
  return `curl -sS ${JSON_HEADER} --data-binary @${fileName} ${quote(url.href)}`;
}

/** A place in the list for one kind of request; it shows the latest. */
export class RequestView {
  /**
   * @param {string} title what the request is about
   * @param {string|null} fileName where its body is saved; null if the command needs no such file
   */
  constructor(title, fileName = null) {
    this.title = title;
    this.fileName = fileName;
    this.details = template.content.cloneNode(true).firstElementChild;
    this.details.hidden = true;
    list.append(this.details);
    this.part(".command").setAttribute("aria-label", `Command: ${title}`);
    this.part(".answer").setAttribute("aria-label", `Answer: ${title}`);
    this.part(".hint").textContent = fileName
      ? `Save ${fileName}, then run this in its folder.`
      : "Run this in the folder of the photo. Save a pasted photo, or one of the camera, first.";
    this.copies("copy-command", () => this.part(".command").textContent);
    this.copies("copy-answer", () => JSON.stringify(this.answer, null, 2));
  }

  part(selector) {
    return this.details.querySelector(selector);
  }

  copies(name, text) {
    const button = this.part(`.${name}`);
    const label = button.textContent;
    // Pages of other computers without https have no clipboard.
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = label), COPIED_MS);
    });
  }

  hide() {
    this.details.hidden = true;
  }

  /** Shows what api.js returned, and the command that does the same. */
  show({ method, path, body, status, answer }, command) {
    this.answer = answer;
    this.details.hidden = false;
    this.part("summary").textContent = `${this.title}: ${method} /${path} → ${status || "no answer"}`;
    this.part(".command").textContent = command;
    this.part(".answer").textContent = JSON.stringify(answer, shorten, 2);
    if (this.fileName) {
      this.save(body);
    }
  }

  save(body) {
    const link = this.part(".save");
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([body], { type: "application/json" }));
    link.download = this.fileName;
    link.textContent = `Save ${this.fileName}`;
    link.hidden = false;
  }
}

function shorten(key, value) {
  return key === "embedding" ? `${value.length} numbers: ${value.slice(0, SHOWN_NUMBERS).join(", ")} …` : value;
}
