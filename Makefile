.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV ?= .venv
FACE_MODEL ?= mobilefacenet
MODEL_DIR ?= models
PHOTO_DIR := tests/photos

PYTHON_IN_VENV := $(VENV)/bin/python
FACE := $(VENV)/bin/face
SOURCES := cli clients functions container layers model_build tests bench tools

# The tests start hundreds of processes; without bytecode, each compiles the project anew.
PYTEST := PYTHONDONTWRITEBYTECODE= $(PYTHON_IN_VENV) -m pytest
# A file's tests share their fixtures, so they stay together.
AT_ONCE := --numprocesses 4 --dist loadfile
# What `make test` runs; those that take longest come first.
SUITE := tests/e2e tests/api tests/engine tests/unit tests/repo tests/fuzz

# The pins of sam and of checkov exclude each other and the project's.
SAM_VENV ?= .venv-sam
CHECKOV_VENV ?= .venv-checkov
# TensorFlow: only converts the weights of arcface.
BAKE_VENV ?= .venv-bake
# What `sam build` packs into the warm-up function: the tests build it without a network.
WHEELS := .cache/wheels
# What the tests of the playground look for mistakes with.
AXE := .cache/browser/axe.min.js
SAM := SAM_CLI_TELEMETRY=0 $(SAM_VENV)/bin/sam
TRANSLATED := .aws-sam/translated
# sam and cfn-lint check against this region's offline specification; no AWS call is made.
LINT_REGION := eu-west-1

TYPESCRIPT := clients/typescript
# .venv has Node.
NODE := PATH="$(abspath $(VENV)/bin):$$PATH"

export FACE_MODEL MODEL_DIR

# Two targets may need the same environment.
.NOTPARALLEL:

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup weights ## Set up, fetch the model and serve at http://127.0.0.1:8001
	@exec $(FACE) serve

.PHONY: test
test: venv-dev $(WHEELS) venv-sam weights photos ## Set up everything and run the tests of the default model
	@failed=0; \
		$(PYTEST) $(AT_ONCE) -m 'not alone' $(SUITE) || failed=1; \
		$(PYTEST) -m alone $(SUITE) || failed=1; \
		exit $$failed

.PHONY: test-arcface
test-arcface: venv-dev venv-bake weights photos ## Test the model arcface, and the bench, beside DeepFace and TensorFlow
	$(PYTEST) $(AT_ONCE) tests/deepface

.PHONY: coverage
coverage: venv-dev venv-sam weights photos ## Run the unit, engine and API tests with coverage, which has a limit
	@# Of no others: it slows the servers that they start.
	$(PYTEST) --cov $(AT_ONCE) -m 'not alone' tests/unit tests/engine tests/api

.PHONY: unit
unit: venv-dev weights photos ## Run the unit tests, which need neither TensorFlow nor SAM: about a minute
	$(PYTEST) --numprocesses 3 --dist worksteal tests/unit

.PHONY: test-clients
test-clients: venv-dev weights photos $(TYPESCRIPT)/node_modules ## Test the TypeScript client against the local server
	cd $(TYPESCRIPT) && $(NODE) npm run generate -- --check && $(NODE) npm run build && \
		PYTHON="$(abspath $(PYTHON_IN_VENV))" $(NODE) npm test

.PHONY: fuzz
fuzz: venv-dev weights photos ## Fuzz schema, images, base64, URLs and vectors (about ten minutes)
	$(PYTEST) --timeout 900 --hypothesis-profile=long tests/fuzz

.PHONY: load
load: venv-dev venv-sam weights photos ## Send a mixed load to server and functions, and compare the answers with those of a quiet run
	$(PYTHON_IN_VENV) -m bench.load --target local
	$(PYTHON_IN_VENV) -m bench.load --target pool --requests 2000 --concurrency 4

.PHONY: check
check: venv-dev ## Check format, lint, types, import rules and locks without editing
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PYTHON_IN_VENV) -m tools.requirements.locks
	$(PYTHON_IN_VENV) -m tools.openapi --check

.PHONY: openapi
openapi: venv-dev $(TYPESCRIPT)/node_modules ## Write openapi.json, and the TypeScript client's types from it
	$(PYTHON_IN_VENV) -m tools.openapi
	cd $(TYPESCRIPT) && $(NODE) npm run generate

.PHONY: architecture
architecture: venv-dev ## Write docs/architecture.svg from the source
	$(PYTHON_IN_VENV) -m tools.architecture

.PHONY: fix
fix: venv-dev ## Format, and apply the linter's fixes
	$(VENV)/bin/ruff format $(SOURCES)
	$(VENV)/bin/ruff check --fix $(SOURCES)

.PHONY: setup
setup: $(if $(HEIC),venv-heic,venv-serve) ## Make the virtual environment from hash-pinned requirements (HEIC=1 adds HEIC support)

.PHONY: weights
weights: setup $(if $(filter arcface,$(FACE_MODEL)),venv-bake photos) ## Fetch and convert the weights of FACE_MODEL into MODEL_DIR; keeps existing files
	@$(FACE) fetch --convert-with $(BAKE_VENV)/bin/python $(if $(filter arcface,$(FACE_MODEL)),--photos $(PHOTO_DIR) $(if $(CERTIFY_PHOTOS),--own-photos "$(CERTIFY_PHOTOS)"))

.PHONY: photos
photos: venv-dev ## Fetch the test photos
	@$(PYTHON_IN_VENV) -m model_build.fetch --catalog tests/photos.toml --into $(PHOTO_DIR)

.PHONY: bench
bench: venv-dev venv-sam venv-bake weights photos ## Measure speed and memory, beside DeepFace and a commit: make bench BASELINE=COMMIT (QUICK=1: a minute)
	$(PYTHON_IN_VENV) -m bench.speed $(if $(BASELINE),--baseline $(BASELINE)) $(if $(QUICK),--quick)

.PHONY: evaluate
evaluate: venv-dev weights ## Measure accuracy on labelled pairs: make evaluate PAIRS=pairs.csv IMAGES=folder
	@$(if $(and $(PAIRS),$(IMAGES)),,echo 'Usage: make evaluate PAIRS=pairs.csv IMAGES=folder [OUT=folder]' >&2; exit 2)
	@$(PYTHON_IN_VENV) -m bench.evaluate --pairs "$(PAIRS)" --images "$(IMAGES)" --out "$(or $(OUT),bench/results/evaluate)"

.PHONY: quality
quality: venv-dev weights photos ## Measure which size and sharpness faces need: make quality [PAIRS=pairs.csv IMAGES=folder OUT=folder]
	@$(PYTHON_IN_VENV) -m bench.quality --pairs "$(or $(PAIRS),bench/portraits.csv)" --images "$(or $(IMAGES),$(PHOTO_DIR))" --out "$(or $(OUT),bench/results/quality)"

.PHONY: validate
validate: venv-sam venv-checkov ## Check template.yaml, as written and as translated by AWS
	$(SAM) validate --region $(LINT_REGION)
	$(SAM) validate --region $(LINT_REGION) --lint
	$(SAM_VENV)/bin/python tools/translate_template.py $(TRANSLATED)
	@# W2001, unused parameter: SAM replaces Rollout by its value. A test checks for unused parameters.
	$(SAM_VENV)/bin/cfn-lint --regions $(LINT_REGION) --ignore-checks W2001 --template $(TRANSLATED)/*.json
	$(CHECKOV_VENV)/bin/checkov --config-file .checkov.yaml --file $(TRANSLATED)/*.json

.PHONY: build
build: venv-serve $(if $(filter arcface,$(FACE_MODEL)),photos) ## Build the images face-extract, face-compare and face-local with Docker or buildah
	$(PYTHON_IN_VENV) -m tools.build_images --model $(FACE_MODEL) $(if $(BASE_IMAGE),--base-image $(BASE_IMAGE))

.PHONY: test-image
test-image: venv-dev venv-sam venv-bake weights photos ## Build the images on a plain Debian with buildah and test them (needs root on Debian)
	BASE_IMAGE=$$($(PYTHON_IN_VENV) -m tools.base_image) && \
		$(PYTHON_IN_VENV) -m tools.build_images --builder buildah --model mobilefacenet --base-image $$BASE_IMAGE
	$(PYTHON_IN_VENV) -m tools.image_contents face-extract
	$(PYTHON_IN_VENV) -m tools.image_contents face-compare
	$(PYTEST) tests/image

.PHONY: test-docker
test-docker: venv-dev venv-sam weights ## Test the documented docker and sam commands (without Docker: starts an engine, needs root on Debian)
	$(PYTHON_IN_VENV) -m tools.containers.docker_base
	$(PYTHON_IN_VENV) -m tools.containers.docker_engine "$(abspath $(PYTHON_IN_VENV))" -m pytest tests/docker

.PHONY: test-browser
test-browser: venv-browser weights photos $(AXE) ## Test the playground in Chromium (installs it as root on Debian)
	@$(PYTHON_IN_VENV) -m tools.chromium
	$(PYTEST) tests/browser

.PHONY: screenshots
screenshots: venv-browser weights photos ## Take the pictures of the playground in docs/ anew
	@$(PYTHON_IN_VENV) -m tools.chromium
	@# The tests may not change the clone.
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && \
		$(PYTEST) tests/browser/test_screenshots.py --screenshots "$$folder" && cp "$$folder"/*.png docs/

.PHONY: invoke
invoke: venv-dev weights venv-sam ## Run one event on Lambda's own runtime: make invoke EVENT=events/extract/health-v1.json
	@$(PYTHON_IN_VENV) -m tools.invoke $(EVENT)

.PHONY: local-api
local-api: venv-dev weights venv-sam ## Serve the whole API on Lambda's own runtime at http://127.0.0.1:8002
	@exec $(PYTHON_IN_VENV) -m tools.local_api

.PHONY: deploy
deploy: venv-sam photos ## Build the images and deploy them with SAM (needs Docker and AWS credentials)
	$(SAM) build
	$(SAM) deploy --guided

.PHONY: smoke
smoke: ## Check a deployed stack end to end in ten seconds: make smoke URL=https://... [KEY=...]
	@$(if $(URL),,echo 'Usage: make smoke URL=https://... [KEY=...]' >&2; exit 2)
	@# KEY reaches it by the environment, because everybody can read the arguments of a process.
	@"$(PYTHON)" -m tools.smoke --url "$(URL)"

.PHONY: embed-bucket
embed-bucket: venv-dev ## Embed the photos of a deployed stack's bucket: make embed-bucket BUCKET=photos [PREFIX=people/]
	@$(if $(BUCKET),,echo 'Usage: make embed-bucket BUCKET=photos [PREFIX=people/ | MANIFEST=embeddings/list.csv] [RUN=name] [STACK=name]' >&2; exit 2)
	@$(PYTHON_IN_VENV) -m tools.embed_bucket --bucket "$(BUCKET)" --prefix "$(PREFIX)" $(if $(MANIFEST),--manifest "$(MANIFEST)") $(if $(RUN),--run "$(RUN)") $(if $(STACK),--stack "$(STACK)")

.PHONY: lock
lock: venv-dev ## Compile the dependency groups of pyproject.toml to locks with hashes (UPGRADE=1: to the newest versions)
	$(PYTHON_IN_VENV) -m tools.requirements.compile $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## Remove everything these commands made, including weights and photos
	rm -rf $(VENV) $(SAM_VENV) $(CHECKOV_VENV) $(BAKE_VENV) $(WHEELS) $(dir $(AXE)) .aws-sam .images $(MODEL_DIR) $(PHOTO_DIR) tests/weights $(TYPESCRIPT)/node_modules $(TYPESCRIPT)/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

# One lock for each environment. A changed lock makes it anew, so nothing stale stays in it.
.PHONY: venv-serve venv-heic venv-dev venv-browser venv-sam venv-checkov venv-bake
venv-serve venv-heic venv-dev venv-browser: ENVIRONMENT = $(VENV)
venv-sam: ENVIRONMENT = $(SAM_VENV)
venv-checkov: ENVIRONMENT = $(CHECKOV_VENV)
venv-bake: ENVIRONMENT = $(BAKE_VENV)
venv-serve venv-heic venv-dev venv-browser venv-sam venv-checkov venv-bake:
	@# The interpreter that $(VENV) was made with stays in use.
	@python="$(PYTHON_IN_VENV)"; [ -x "$$python" ] || python="$(PYTHON)"; \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.13 ..." >&2; exit 1; }; \
		"$$python" -m tools.requirements.environment $(ENVIRONMENT) $(@:venv-%=%)

$(TYPESCRIPT)/node_modules: $(TYPESCRIPT)/package-lock.json | venv-dev
	cd $(TYPESCRIPT) && $(NODE) npm ci && touch node_modules

$(AXE): tests/browser.toml | venv-dev
	@$(PYTHON_IN_VENV) -m model_build.fetch --catalog $< --into $(@D)
	@touch $@

$(WHEELS): functions/warmup/requirements.txt | venv-dev
	@rm -rf $@ $@.new
	$(PYTHON_IN_VENV) -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $< -d $@.new
	@mv $@.new $@ && touch $@
