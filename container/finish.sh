#!/bin/sh
# Compiles the Python files of a folder in their final place, and makes everything read-only.
set -eu
folder=$1
# Lambda's file system is read-only: files not compiled here would be compiled at each cold start.
# Unchecked: Python never compares it with the source, so time stamps do not matter.
python3 -m compileall -q -f --invalidation-mode unchecked-hash "$folder"
find "$folder" -type d -exec chmod 555 {} +
find "$folder" -type f -perm /111 -exec chmod 555 {} +
find "$folder" -type f ! -perm /111 -exec chmod 444 {} +
