// Draws faces over a photo, and describes them.

// From smaller or more blurred faces, distances are not to be trusted (docs/api.md: Quality of a face).
const MIN_FACE_PX = 40;
const MIN_SHARPNESS = 26;

const round = (number) => Math.round(number).toString().replace("-", "−");

/** Returns a face's facts in one line. */
export function describe({ face_confidence: confidence, quality }) {
  const { face_px: size, sharpness, roll_degrees: roll, yaw_degrees: yaw } = quality;
  const facts = [`confidence ${confidence.toFixed(2)}`, `${size} px`, `sharpness ${round(sharpness)}`];
  facts.push(`roll ${round(roll)}°`);
  if (yaw !== null) {
    facts.push(`yaw ${round(yaw)}°`);
  }
  if (size < MIN_FACE_PX || sharpness < MIN_SHARPNESS) {
    facts.push(size < MIN_FACE_PX ? "too small to trust" : "too blurred to trust");
  }
  return facts.join(", ");
}

/** Returns the box of a face, with its number and confidence, and with more when it is the chosen one. */
export function makeBox({ facial_area: { x, y, w, h }, face_confidence: confidence, quality }, index, width, height) {
  const box = document.createElement("div");
  box.className = "box";
  box.classList.toggle("at-top", y < 0.1 * height);
  box.classList.toggle("at-right", x + w / 2 > 0.6 * width);
  place(box, { left: x / width, top: y / height, width: w / width, height: h / height });
  const tag = document.createElement("span");
  const more = document.createElement("span");
  more.textContent = ` · ${quality.face_px} px · sharpness ${round(quality.sharpness)}`;
  tag.append(`${index + 1} · ${confidence.toFixed(2)}`, more);
  box.append(tag);
  return box;
}

/** Returns the landmarks that the detector gave. */
export function makePoints({ landmarks }, width, height) {
  const known = Object.values(landmarks).filter((point) => point !== null);
  return known.map(({ x, y }) => {
    const point = document.createElement("i");
    place(point, { left: x / width, top: y / height });
    return point;
  });
}

/** Sets CSS lengths from shares of the photo. The policy forbids style attributes, but not this. */
function place(element, shares) {
  for (const [property, share] of Object.entries(shares)) {
    element.style.setProperty(property, `${100 * share}%`);
  }
}
