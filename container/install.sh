#!/bin/sh
# Installs pinned packages into a folder, without files that are not needed at run time: install.sh FOLDER REQUIREMENTS...
set -eu
folder=$1
shift
for requirements in "$@"; do
    /opt/build/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-compile \
        --require-hashes --no-deps --only-binary :all: --target "$folder" --requirement "$requirements"
done
rm -rf "$folder/bin" "$folder/share"
find "$folder" -type f \( -name '*.h' -o -name '*.c' -o -name '*.a' -o -name '*.pxd' -o -name '*.pyi' \) -exec rm {} +
find "$folder" -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +

# Python loads a library of its own instead of onnxruntime's for C programs. The rest converts models,
# calls Fortran, downloads, or routes events.
rm -rf "$folder"/onnxruntime/capi/libonnxruntime.so*
for part in backend datasets quantization tools transformers; do rm -rf "$folder/onnxruntime/$part"; done
rm -rf "$folder/numpy/f2py" "$folder/numpy/_pyinstaller" "$folder/ncnn/model_zoo" "$folder/ncnn/utils" "$folder/aws_lambda_powertools/event_handler"
# Powertools' logger and the handlers use two of its utilities. FastAPI does without Pydantic 1.
find "$folder/aws_lambda_powertools/utilities" -mindepth 1 -maxdepth 1 ! -name __init__.py ! -name jmespath_utils ! -name typing -exec rm -rf {} +
rm -rf "$folder/pydantic/v1"
# Of AWS's services only S3 is called. boto3's examples show private keys, which scanners report.
if [ -d "$folder/botocore" ]; then find "$folder/botocore/data" -mindepth 1 -maxdepth 1 -type d ! -name s3 -exec rm -rf {} +; fi
rm -rf "$folder/boto3/examples"
