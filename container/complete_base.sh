#!/bin/sh
# Adds what AWS's base image has and another base lacks: complete_base.sh TASK_FOLDER FOLDER_COPIED_ONTO_ROOT
set -eu
mkdir -p "$2"
[ -e /var/runtime/bootstrap ] || "$(dirname "$0")/install.sh" "$1" /build/requirements/runtime.txt
[ -e /lambda-entrypoint.sh ] || install -m 555 "$(dirname "$0")/lambda-entrypoint.sh" "$2/lambda-entrypoint.sh"
