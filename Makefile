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

# sam and checkov each live in an environment of their own: their pins exclude each other.
SAM_VENV ?= .venv-sam
CHECKOV_VENV ?= .venv-checkov
# TensorFlow only bakes arcface, and lives in an environment of its own.
BAKE_VENV ?= .venv-bake
SAM := SAM_CLI_TELEMETRY=0 $(SAM_VENV)/bin/sam
TRANSLATED := .aws-sam/translated
# sam and cfn-lint know what each region offers; nothing is called there.
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
test: $(VENV)/.dev $(VENV)/.wheels $(SAM_VENV)/.sam $(BAKE_VENV)/.bake weights photos ## Set up everything and run the whole test suite
	$(PYTHON_IN_VENV) -m pytest

.PHONY: unit
unit: $(VENV)/.dev weights photos ## Run the unit tests that need neither TensorFlow nor SAM: within a minute
	$(PYTHON_IN_VENV) -m pytest --no-cov tests/unit

.PHONY: fuzz
fuzz: $(VENV)/.dev weights photos ## Try random input for some ten minutes: schema, images, base64, URLs, vectors
	$(PYTHON_IN_VENV) -m pytest --no-cov --timeout 900 --hypothesis-profile=long tests/fuzz

.PHONY: load
load: $(VENV)/.dev $(SAM_VENV)/.sam weights photos ## Send thousands of mixed requests at a time to server and functions; compare with quiet answers
	$(PYTHON_IN_VENV) -m bench.load --target local
	$(PYTHON_IN_VENV) -m bench.load --target pool --requests 2000 --concurrency 4

.PHONY: check
check: $(VENV)/.dev ## Check format, lint, types and import rules; edits nothing
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

.PHONY: fix
fix: $(VENV)/.dev ## Format, and mend what the linter can mend
	$(VENV)/bin/ruff format $(SOURCES)
	$(VENV)/bin/ruff check --fix $(SOURCES)

.PHONY: setup
setup: $(VENV)/.local $(VENV)/.fetch $(if $(filter arcface,$(FACE_MODEL)),$(VENV)/.arcface) $(if $(HEIC),$(VENV)/.heic) ## Make the virtual environment from hash-pinned requirements (HEIC=1: and read HEIC)

.PHONY: weights
weights: setup $(if $(filter arcface,$(FACE_MODEL)),$(BAKE_VENV)/.bake) ## Fetch, and bake, the weights of FACE_MODEL into MODEL_DIR (what is there is kept)
	@$(PYTHON_IN_VENV) -m model_build.fetch --model $(FACE_MODEL) --into $(MODEL_DIR)
	@$(if $(filter arcface,$(FACE_MODEL)),$(BAKE_VENV)/bin/python -m model_build.bake --model arcface --sources $(MODEL_DIR) --into $(MODEL_DIR))

.PHONY: photos
photos: $(VENV)/.dev ## Fetch the photos of the tests
	@$(PYTHON_IN_VENV) -m model_build.fetch --catalog tests/photos.toml --into $(PHOTO_DIR)

.PHONY: bench
bench: $(VENV)/.dev $(SAM_VENV)/.sam weights photos ## Measure the service against its networks, turned photos, cold starts
	$(PYTHON_IN_VENV) -m bench.overhead
	$(PYTHON_IN_VENV) -m bench.cold_start

.PHONY: bench-arcface
bench-arcface: $(VENV)/.dev photos ## Measure ArcFace as DeepFace runs it on TensorFlow and on onnx, and as we do
	$(MAKE) weights FACE_MODEL=arcface
	$(PYTHON_IN_VENV) -m bench.arcface --weights $(MODEL_DIR) --photo $(PHOTO_DIR)/impostor_2.jpg

.PHONY: evaluate
evaluate: $(VENV)/.dev weights ## Measure accuracy on labelled pairs: make evaluate PAIRS=pairs.csv IMAGES=folder
	@$(if $(and $(PAIRS),$(IMAGES)),,echo 'Usage: make evaluate PAIRS=pairs.csv IMAGES=folder [OUT=folder]' >&2; exit 2)
	@$(PYTHON_IN_VENV) -m bench.evaluate --pairs "$(PAIRS)" --images "$(IMAGES)" --out "$(or $(OUT),bench/results/evaluate)"

.PHONY: validate
validate: $(SAM_VENV)/.sam $(CHECKOV_VENV)/.checkov ## Check template.yaml, as written and as AWS translates it
	$(SAM) validate --region $(LINT_REGION)
	$(SAM) validate --region $(LINT_REGION) --lint
	$(SAM_VENV)/bin/python tools/translate_template.py $(TRANSLATED)
	@# W2001, a parameter that nothing uses: SAM writes the value of Rollout where it stood. A test looks for unused ones.
	$(SAM_VENV)/bin/cfn-lint --regions $(LINT_REGION) --ignore-checks W2001 --template $(TRANSLATED)/*.json
	$(CHECKOV_VENV)/bin/checkov --config-file .checkov.yaml --file $(TRANSLATED)/*.json

.PHONY: build
build: $(VENV)/.local ## Build the images face-extract, face-compare and face-local with Docker, else buildah
	$(PYTHON_IN_VENV) -m tools.build_images --model $(FACE_MODEL) $(if $(BASE_IMAGE),--base-image $(BASE_IMAGE))

.PHONY: test-image
test-image: $(VENV)/.dev $(SAM_VENV)/.sam $(BAKE_VENV)/.bake weights photos ## Build the images on a plain Debian with buildah, and test them (root, Debian)
	BASE_IMAGE=$$($(PYTHON_IN_VENV) -m tools.base_image) && \
		$(PYTHON_IN_VENV) -m tools.build_images --builder buildah --model mobilefacenet --base-image $$BASE_IMAGE
	$(PYTHON_IN_VENV) -m tools.image_contents face-extract
	$(PYTHON_IN_VENV) -m tools.image_contents face-compare
	$(PYTHON_IN_VENV) -m pytest --no-cov tests/image

.PHONY: test-docker
test-docker: $(VENV)/.dev $(SAM_VENV)/.sam weights ## Run the README's docker and sam commands on a plain Debian (starts an engine as root on Debian)
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
lock: $(VENV)/.dev ## Pin requirements/*.in anew, with hashes
	uv="$$(realpath $(VENV))/bin/uv" && cd requirements && for name in $(LOCKS); do \
		"$$uv" --quiet pip compile $$name.in --override overrides.txt $$([ ! -e $$name-overrides.txt ] || echo --override $$name-overrides.txt) --universal \
			--python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
			--no-emit-find-links -o $$name.txt || exit 1; \
	done
	@# SAM installs what lies beside the function's code.
	cp requirements/warmup.txt functions/warmup/requirements.txt

.PHONY: clean
clean: ## Remove all that these commands made, weights and photos too
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

# What `sam build` packs into the warm-up function: the tests build it without a network.
$(VENV)/.wheels: functions/warmup/requirements.txt $(PYTHON_IN_VENV)
	rm -rf $(@D)/wheels
	$(PYTHON_IN_VENV) -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $< -d $(@D)/wheels
	@touch $@

# One rule for every lock: .venv/.local is newer than requirements/local.txt once that is installed.
$(VENV)/.%: requirements/%.txt $(PYTHON_IN_VENV)
	$(PYTHON_IN_VENV) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@
