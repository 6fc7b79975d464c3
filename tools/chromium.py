"""Debian's Chromium, for the tests of the playground: python -m tools.chromium installs it."""

from tools.base_image import install

PROGRAM = "chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

if __name__ == "__main__":
    install({PROGRAM: "chromium"})
