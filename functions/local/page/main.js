// Wires the page: two photos, a question, a threshold, and the API's answer.

import { COMPARE, MATCH, describeModel, explain, post } from "./api.js";
import { RequestView, bodyCommand } from "./requests.js";
import { Slot } from "./slot.js";

// While the threshold is being moved, the API is not asked for every step.
const PAUSE_MS = 150;
const METRIC = "cosine";
const DIGITS = { similarity: 2, distance: 3, confidence: 2 };

const find = (selector) => document.querySelector(selector);
const threshold = find("#threshold");
const verdict = find("#verdict");

const views = {
  [COMPARE]: new RequestView("Comparison", "compare-faces.json"),
  [MATCH]: new RequestView("Search", "match-faces.json"),
};
const [a, b] = ["A", "B"].map((letter) => new Slot(letter, () => ask()));
const slots = [a, b];
find("#slots").append(a.section, b.section);
// The photos' requests are made first, so they stand first in the list.
find("#requests").append(...Object.values(views).map(({ details }) => details));

let defaultThreshold;
let turn = new AbortController();
let timer;

function say(kind, word, reason) {
  verdict.dataset.verdict = kind;
  verdict.querySelector(".word").textContent = word;
  verdict.querySelector(".reason").textContent = reason;
}

function showNumbers(result) {
  for (const place of document.querySelectorAll("[data-number]")) {
    place.textContent = result ? result[place.dataset.number].toFixed(DIGITS[place.dataset.number]) : "";
  }
  find("#numbers").hidden = !result;
  find("#marker").hidden = !result;
  if (result) {
    setOnScale("--distance", Math.min(result.distance, threshold.max));
  }
}

/** Asks the API the chosen question, unless a photo is missing. An older question is dropped. */
async function ask() {
  turn.abort();
  turn = new AbortController();
  slots.forEach((slot) => slot.mark(null, null));
  Object.values(views).forEach((view) => view.hide());
  showNumbers(null);
  const question = find("[name=question]:checked").value;
  const [person, other] = question === "find-b" ? [b, a] : [a, b];
  const without = slots.filter((slot) => !slot.face);
  if (!defaultThreshold || without.length) {
    const missing = without.every((slot) => slot.file) ? "a photo with a face" : "a photo";
    say("none", `Add ${without.length === 2 ? "two photos" : missing}.`, "Then the answer stands here.");
    return;
  }
  try {
    await (question === "compare" ? compare(turn.signal) : search(person, other, turn.signal));
  } catch (error) {
    if (error.name !== "AbortError") {
      throw error;
    }
  }
}

async function request(path, content, signal) {
  const limit = { threshold: Number(threshold.value), distance_metric: METRIC };
  const done = await post(path, { ...content, ...limit }, signal);
  views[path].show(done, bodyCommand(path, views[path].fileName));
  return done;
}

async function compare(signal) {
  const { error, answer } = await request(
    COMPARE,
    { embedding1: a.face.embedding, embedding2: b.face.embedding, model1: a.model, model2: b.model },
    signal,
  );
  if (error) {
    say("error", "No answer.", explain(error));
    return;
  }
  showNumbers(answer);
  say(
    answer.is_same_person ? "yes" : "no",
    answer.is_same_person ? "Same person" : "Different people",
    reason(answer, answer.threshold_used),
  );
}

async function search(person, other, signal) {
  const { error, answer } = await request(
    MATCH,
    { embedding: person.face.embedding, images: [{ image: other.image }], model: person.model },
    signal,
  );
  const match = answer?.matches?.[0];
  const problem = error ?? match.error;
  if (problem) {
    say("error", "No answer.", explain(problem));
    return;
  }
  const index = other.mark(match.facial_area, match.is_same_person ? "found" : "nearest");
  showNumbers(match);
  say(
    match.is_same_person ? "yes" : "no",
    match.is_same_person ? `Found: face ${index + 1} of photo ${other.letter}` : `Not in photo ${other.letter}`,
    `${match.is_same_person ? "" : `The nearest is face ${index + 1}. `}${reason(match, answer.threshold_used)}`,
  );
}

function reason({ is_same_person: isSame, distance }, limit) {
  const relation = isSame ? "below" : "not below";
  return `The distance, ${distance.toFixed(DIGITS.distance)}, is ${relation} the threshold, ${limit.toFixed(2)}.`;
}

function setOnScale(property, distance) {
  const [start, end] = [Number(threshold.min), Number(threshold.max)];
  find("#scale").style.setProperty(property, (distance - start) / (end - start));
}

function showThreshold() {
  find("#threshold-value").textContent = Number(threshold.value).toFixed(2);
  setOnScale("--threshold", threshold.value);
}

async function start() {
  const { error, answer } = await describeModel();
  if (error) {
    find("#model").textContent = explain(error);
    return;
  }
  find("#model").textContent = `${answer.model}, ${answer.model_identity}`;
  slots.forEach((slot) => (slot.maxBytes = answer.limits.max_base64_image_bytes));
  defaultThreshold = answer.distance_metrics[METRIC];
  // In this order: a value must lie within its limits. The API takes no threshold of 0.
  Object.assign(threshold, { min: threshold.step, max: 2 * defaultThreshold, value: defaultThreshold, disabled: false });
  find("#reset").disabled = false;
  find("#reset").textContent = `Use the default, ${defaultThreshold.toFixed(2)}`;
  showThreshold();
  ask();
}

threshold.addEventListener("input", () => {
  showThreshold();
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE_MS);
});
find("#reset").addEventListener("click", () => {
  threshold.value = defaultThreshold;
  showThreshold();
  ask();
});
find("#questions").addEventListener("change", ask);
// A photo that misses its place must not replace the page.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => event.preventDefault());
document.addEventListener("paste", ({ clipboardData }) => {
  const focused = slots.find((slot) => slot.section.contains(document.activeElement));
  const target = focused ?? slots.find((slot) => !slot.file) ?? a;
  target.take(clipboardData.files[0]);
});

start();
