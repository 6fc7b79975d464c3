// Takes a photo with the camera, in a dialog.

const WORDS = {
  NotAllowedError: "The browser does not let this page use the camera. Allow it beside the address, then try again.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera cannot be used. Does another program use it?",
};
const NOT_SECURE = "Browsers lend the camera only to pages of this computer (127.0.0.1) and of https addresses.";

const dialog = document.querySelector("#camera");
const video = dialog.querySelector("video");
const status = dialog.querySelector(".status");
const take = dialog.querySelector(".take");

video.addEventListener("playing", () => {
  status.textContent = "";
  take.disabled = false;
  take.focus();
});
take.addEventListener("click", () => dialog.close("taken"));
dialog.querySelector(".cancel").addEventListener("click", () => dialog.close("cancelled"));

/** Returns a JPEG file, or null if the dialog was closed without a photo. */
export async function takePhoto() {
  dialog.returnValue = "";
  status.textContent = "Starting the camera …";
  take.disabled = true;
  dialog.showModal();
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", resolve, { once: true });
  });
  const stream = startCamera();
  await closed;
  try {
    return dialog.returnValue === "taken" ? await readFrame() : null;
  } finally {
    video.srcObject = null;
    (await stream)?.getTracks().forEach((track) => track.stop());
  }
}

async function startCamera() {
  if (!navigator.mediaDevices) {
    status.textContent = NOT_SECURE;
    return null;
  }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "user", width: { ideal: 1280 } },
    });
    if (dialog.open) {
      video.srcObject = stream;
    }
    return stream;
  } catch (error) {
    status.textContent = WORDS[error.name] ?? "The camera cannot be used.";
    return null;
  }
}

function readFrame() {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(new File([blob], "camera.jpg", { type: blob.type })), "image/jpeg", 0.92);
  });
}
