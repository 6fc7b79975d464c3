"""Sends one event to an image's function during the build.

python3 smoke_test.py HANDLER EVENT > RESULT

Prints the status and facts such as the face count, but nothing about the face itself.
"""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace


def main() -> None:
    """Prints the result; exits with an error if the answer is wrong."""
    module, _, name = sys.argv[1].rpartition(".")
    # The runtime client adds this folder, too.
    sys.path.insert(0, str(Path.cwd()))
    handler = getattr(importlib.import_module(module), name)
    context = SimpleNamespace(
        function_name="smoke-test",
        function_version="$LATEST",
        memory_limit_in_mb=0,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:smoke-test",
        aws_request_id="smoke-test",
        get_remaining_time_in_millis=lambda: 30_000,
    )
    log, sys.stdout = sys.stdout, sys.stderr
    answer = handler(json.loads(Path(sys.argv[2]).read_text("utf-8")), context)
    sys.stdout = log
    body = json.loads(answer["body"])
    if answer["statusCode"] != 200:  # noqa: PLR2004
        sys.exit(f"{sys.argv[1]} answered {answer['statusCode']}: {body}")
    facts = {key: value for key, value in body.items() if key in {"face_count", "model"}}
    if "embedding" in body:
        facts["embedding_dimensions"] = len(body["embedding"])
        if facts["face_count"] != 1 or facts["embedding_dimensions"] != 512:  # noqa: PLR2004
            sys.exit(f"{sys.argv[1]} did not find the face: {facts}")
    print(json.dumps({"handler": sys.argv[1], "status": answer["statusCode"], **facts}))


if __name__ == "__main__":
    main()
