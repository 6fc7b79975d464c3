.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV ?= .venv
FACE_MODEL ?= mobilefacenet
MODEL_DIR ?= models
PHOTO_DIR := tests/photos
LOCKS := compare mobilefacenet arcface bake local fetch runtime heic warmup dev sam checkov

PYTHON_IN_VENV := $(VENV)/bin/python
SOURCES := functions container layers model_build tests bench tools

# sam and checkov each have their own environment, because their pins conflict.
SAM_VENV ?= .venv-sam
CHECKOV_VENV ?= .venv-checkov
# TensorFlow is needed only to bake arcface, and has its own environment.
BAKE_VENV ?= .venv-bake
SAM := SAM_CLI_TELEMETRY=0 $(SAM_VENV)/bin/sam
TRANSLATED := .aws-sam/translated
# sam and cfn-lint check against this region's offline specification; no AWS call is made.
LINT_REGION := eu-west-1

export FACE_MODEL MODEL_DIR
export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/contract:$(CURDIR)/layers/service:$(CURDIR)/layers/engine

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup weights ## Set up, fetch the model and serve at http://127.0.0.1:8001
	@exec $(PYTHON_IN_VENV) -m functions.local

.PHONY: test
test: $(VENV)/.dev $(VENV)/.wheels $(SAM_VENV)/.sam $(BAKE_VENV)/.bake weights photos ## Set up everything and run all tests
	$(PYTHON_IN_VENV) -m pytest

.PHONY: unit
unit: $(VENV)/.dev weights photos ## Run the unit tests, which need neither TensorFlow nor SAM: within a minute
	$(PYTHON_IN_VENV) -m pytest --no-cov tests/unit

.PHONY: fuzz
fuzz: $(VENV)/.dev weights photos ## Fuzz schema, images, base64, URLs and vectors (about ten minutes)
	$(PYTHON_IN_VENV) -m pytest --no-cov --timeout 900 --hypothesis-profile=long tests/fuzz

.PHONY: load
load: $(VENV)/.dev $(SAM_VENV)/.sam weights photos ## Send a mixed load to server and functions, and compare the answers with those of a quiet run
	$(PYTHON_IN_VENV) -m bench.load --target local
	$(PYTHON_IN_VENV) -m bench.load --target pool --requests 2000 --concurrency 4

.PHONY: check
check: $(VENV)/.dev ## Check format, lint, types and import rules without editing
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

.PHONY: fix
fix: $(VENV)/.dev ## Format, and apply the linter's fixes
	$(VENV)/bin/ruff format $(SOURCES)
	$(VENV)/bin/ruff check --fix $(SOURCES)

.PHONY: setup
setup: $(VENV)/.local $(VENV)/.fetch $(if $(filter arcface,$(FACE_MODEL)),$(VENV)/.arcface) $(if $(HEIC),$(VENV)/.heic) ## Make the virtual environment from hash-pinned requirements (HEIC=1 adds HEIC support)

.PHONY: weights
weights: setup $(if $(filter arcface,$(FACE_MODEL)),$(BAKE_VENV)/.bake) ## Fetch (for arcface also bake) the weights of FACE_MODEL into MODEL_DIR; keeps existing files
	@$(PYTHON_IN_VENV) -m model_build.fetch --model $(FACE_MODEL) --into $(MODEL_DIR)
	@$(if $(filter arcface,$(FACE_MODEL)),$(BAKE_VENV)/bin/python -m model_build.bake --model arcface --sources $(MODEL_DIR) --into $(MODEL_DIR))

.PHONY: photos
photos: $(VENV)/.dev ## Fetch the test photos
	@$(PYTHON_IN_VENV) -m model_build.fetch --catalog tests/photos.toml --into $(PHOTO_DIR)

.PHONY: bench
bench: $(VENV)/.dev $(SAM_VENV)/.sam weights photos ## Measure the service's overhead, the search for rotated photos and cold starts
	$(PYTHON_IN_VENV) -m bench.overhead
	$(PYTHON_IN_VENV) -m bench.cold_start

.PHONY: bench-arcface
bench-arcface: $(VENV)/.dev photos ## Compare ArcFace in DeepFace on TensorFlow, in DeepFace on onnx, and here
	$(MAKE) weights FACE_MODEL=arcface
	$(PYTHON_IN_VENV) -m bench.arcface --weights $(MODEL_DIR) --photo $(PHOTO_DIR)/impostor_2.jpg

.PHONY: evaluate
evaluate: $(VENV)/.dev weights ## Measure accuracy on labelled pairs: make evaluate PAIRS=pairs.csv IMAGES=folder
	@$(if $(and $(PAIRS),$(IMAGES)),,echo 'Usage: make evaluate PAIRS=pairs.csv IMAGES=folder [OUT=folder]' >&2; exit 2)
	@$(PYTHON_IN_VENV) -m bench.evaluate --pairs "$(PAIRS)" --images "$(IMAGES)" --out "$(or $(OUT),bench/results/evaluate)"

.PHONY: validate
validate: $(SAM_VENV)/.sam $(CHECKOV_VENV)/.checkov ## Check template.yaml, as written and as translated by AWS
	$(SAM) validate --region $(LINT_REGION)
	$(SAM) validate --region $(LINT_REGION) --lint
	$(SAM_VENV)/bin/python tools/translate_template.py $(TRANSLATED)
	@# W2001, unused parameter: SAM replaces Rollout by its value. A test checks for unused parameters.
	$(SAM_VENV)/bin/cfn-lint --regions $(LINT_REGION) --ignore-checks W2001 --template $(TRANSLATED)/*.json
	$(CHECKOV_VENV)/bin/checkov --config-file .checkov.yaml --file $(TRANSLATED)/*.json

.PHONY: build
build: $(VENV)/.local ## Build the images face-extract, face-compare and face-local with Docker or buildah
	$(PYTHON_IN_VENV) -m tools.build_images --model $(FACE_MODEL) $(if $(BASE_IMAGE),--base-image $(BASE_IMAGE))

.PHONY: test-image
test-image: $(VENV)/.dev $(SAM_VENV)/.sam $(BAKE_VENV)/.bake weights photos ## Build the images on a plain Debian with buildah and test them (needs root on Debian)
	BASE_IMAGE=$$($(PYTHON_IN_VENV) -m tools.base_image) && \
		$(PYTHON_IN_VENV) -m tools.build_images --builder buildah --model mobilefacenet --base-image $$BASE_IMAGE
	$(PYTHON_IN_VENV) -m tools.image_contents face-extract
	$(PYTHON_IN_VENV) -m tools.image_contents face-compare
	$(PYTHON_IN_VENV) -m pytest --no-cov tests/image

.PHONY: test-docker
test-docker: $(VENV)/.dev $(SAM_VENV)/.sam weights ## Test the README's docker and sam commands (without Docker: starts an engine, needs root on Debian)
	$(PYTHON_IN_VENV) -m tools.containers.docker_base
	$(PYTHON_IN_VENV) -m tools.containers.docker_engine $(abspath $(PYTHON_IN_VENV)) -m pytest --no-cov tests/docker

.PHONY: invoke
invoke: $(VENV)/.dev weights $(SAM_VENV)/.sam ## Run one event on Lambda's own runtime: make invoke EVENT=events/extract/health-v1.json
	@$(PYTHON_IN_VENV) -m tools.invoke $(EVENT)

.PHONY: local-api
local-api: $(VENV)/.dev weights $(SAM_VENV)/.sam ## Serve the whole API on Lambda's own runtime at http://127.0.0.1:8002
	@exec $(PYTHON_IN_VENV) -m tools.local_api

.PHONY: deploy
deploy: $(SAM_VENV)/.sam ## Build the images and deploy them with SAM (needs Docker and AWS credentials)
	$(SAM) build
	$(SAM) deploy --guided

.PHONY: lock
lock: $(VENV)/.dev ## Update the hash-pinned requirements from requirements/*.in
	uv="$$(realpath $(VENV))/bin/uv" && cd requirements && for name in $(LOCKS); do \
		"$$uv" --quiet pip compile $$name.in --override overrides.txt $$([ ! -e $$name-overrides.txt ] || echo --override $$name-overrides.txt) --universal \
			--python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
			--no-emit-find-links -o $$name.txt || exit 1; \
	done
	@# SAM installs the requirements.txt beside the function's code.
	cp requirements/warmup.txt functions/warmup/requirements.txt

.PHONY: clean
clean: ## Remove everything these commands made, including weights and photos
	rm -rf $(VENV) $(SAM_VENV) $(CHECKOV_VENV) $(BAKE_VENV) .aws-sam .images $(MODEL_DIR) $(PHOTO_DIR) tests/weights .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

$(PYTHON_IN_VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.13 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(SAM_VENV)/.sam: requirements/sam.txt
$(CHECKOV_VENV)/.checkov: requirements/checkov.txt
$(BAKE_VENV)/.bake: requirements/bake.txt
$(SAM_VENV)/.sam $(CHECKOV_VENV)/.checkov $(BAKE_VENV)/.bake:
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@

# The wheels that `sam build` packs into the warm-up function, so that tests build it offline.
$(VENV)/.wheels: functions/warmup/requirements.txt $(PYTHON_IN_VENV)
	rm -rf $(@D)/wheels
	$(PYTHON_IN_VENV) -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $< -d $(@D)/wheels
	@touch $@

# One rule for all locks: .venv/.local marks that requirements/local.txt is installed.
$(VENV)/.%: requirements/%.txt $(PYTHON_IN_VENV)
	$(PYTHON_IN_VENV) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@
