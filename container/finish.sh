#!/bin/sh
# Compiles all Python of a folder where it will stay, and takes the right to write from everybody.
set -eu
folder=$1
# Lambda's file system is read-only: what is not compiled here is compiled at each cold start.
# Unchecked: the source is never looked at again, so its time stamp cannot matter.
python3 -m compileall -q -f --invalidation-mode unchecked-hash "$folder"
find "$folder" -type d -exec chmod 555 {} +
find "$folder" -type f -perm /111 -exec chmod 555 {} +
find "$folder" -type f ! -perm /111 -exec chmod 444 {} +
