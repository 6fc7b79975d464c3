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

/** Removes the last answer's traces: its numbers, its marks on the photos and its request. */
function forget() {
  showNumbers(null);
  slots.forEach((slot) => slot.mark(null, null));
  Object.values(views).forEach((view) => view.hide());
}

/** Asks the API the chosen question, unless a photo is missing. An older question is dropped. */
async function ask() {
  turn.abort();
  const { signal } = (turn = new AbortController());
  if (!defaultThreshold || slots.some((slot) => !slot.face)) {
    forget();
    say("none", slots.some((slot) => slot.isLooking) ? "Looking for faces …" : nextStep(), "");
  } else {
    markBusy(true);
    const ofQuestion = { compare, "find-a": search.bind(null, a, b), "find-b": search.bind(null, b, a) };
    await ofQuestion[find("[name=question]:checked").value](signal);
  }
  if (!signal.aborted) {
    markBusy(false);
  }
}

/** While it is busy, the answer that stands there is to an older question. */
function markBusy(isBusy) {
  find("#result").ariaBusy = isBusy;
}

function nextStep() {
  const empty = slots.filter((slot) => !slot.file).length;
  return ["Add a photo with a face.", "Add another photo.", "Add two photos."][empty];
}

/** Returns the API's answer; null if a newer question was asked meanwhile, or after an error was told. */
async function request(path, content, signal) {
  const limit = { threshold: Number(threshold.value), distance_metric: METRIC };
  const done = await post(path, { ...content, ...limit }, signal);
  if (signal.aborted) {
    return null;
  }
  forget();
  views[path].show(done, bodyCommand(path, views[path].fileName));
  const problem = done.error ?? done.answer.matches?.[0].error;
  if (problem) {
    say("error", "No answer.", explain(problem));
    return null;
  }
  return done.answer;
}

async function compare(signal) {
  const [embedding1, embedding2] = slots.map((slot) => slot.face.embedding);
  const vectors = { embedding1, embedding2, model1: a.model, model2: b.model };
  const answer = await request(COMPARE, vectors, signal);
  if (answer) {
    const isSame = answer.is_same_person;
    showNumbers(answer);
    say(isSame ? "yes" : "no", isSame ? "Same person" : "Different people", reason(answer, answer.threshold_used));
  }
}

async function search(person, other, signal) {
  const wanted = { embedding: person.face.embedding, model: person.model };
  const answer = await request(MATCH, { ...wanted, images: [{ image: other.image }] }, signal);
  if (answer) {
    const [match] = answer.matches;
    const isFound = match.is_same_person;
    const number = 1 + other.mark(match.facial_area, isFound ? "found" : "nearest");
    const why = reason(match, answer.threshold_used);
    showNumbers(match);
    if (isFound) {
      say("yes", `Found: face ${number} of photo ${other.letter}`, why);
    } else {
      say("no", `Not in photo ${other.letter}`, `The nearest is face ${number}. ${why}`);
    }
  }
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
  markBusy(true);
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
