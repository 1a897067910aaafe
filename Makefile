# Every target sets up what it needs; `make up` is all that a new clone takes.

# Tests start Terraform as people do, from PATH.
PYTEST = PATH="$$(.venv/bin/python -m groundwork.terraform.installation):$$PATH" .venv/bin/python -m pytest -q
GROUNDWORK = .venv/bin/groundwork

# A shell's own ENV names a start-up file; an environment's name has no slash.
ifneq (,$(findstring /,$(value ENV)))
ENV = local
endif
ENV ?= local
ROLE ?= viewer

# What is said on the command line or stands in the environment is taken as it is written: make would carry out a $(shell ...) in it,
# where it is used and where it is handed on to what make starts.
written = $(eval override $(1) := $$(value $(1)))
$(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(call written,$(name))))
$(foreach name,ARGS EMAIL ENV PROVIDER PYTHON ROLE YES,$(if $(filter environment,$(origin $(name))),$(call written,$(name))))
ifeq ($(ENV),)
override ENV = local
endif

# As one word for the shell, whatever is in it; ARGS are several, each as it is written.
quoted = '$(subst ','\'',$(1))'
words = $(foreach word,$(ARGS),$(call quoted,$(word)))
environment = --env $(call quoted,$(ENV))
provider = $(if $(PROVIDER),--provider $(call quoted,$(PROVIDER)))
yes = $(if $(filter 1 yes true,$(YES)),--yes)
email = @test -n $(call quoted,$(EMAIL)) || { echo "Say whom: make $@ EMAIL=alice@example.com$(1)" >&2; exit 2; }

.DEFAULT_GOAL := help
.PHONY: help ready up plan down pause resume status output doctor unlock local-stop test test-all test-provider check bench docs lock \
	onboard offboard secrets cost policy verify diagram report site pictures

help: ## This list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1 \2/p' $(MAKEFILE_LIST) | awk '{ name = $$1; $$1 = ""; printf "  make %-14s%s\n", name, $$0 }'
	@echo
	@echo "  ENV=local (envs/local.yaml)  PROVIDER=local or google  YES=1 asks nothing  ARGS=... is passed on"

ready:
	@PYTHON=$(call quoted,$(PYTHON)) sh tools/setup.sh

up: ready ## Bring the environment up: plan, show, ask, apply
	@$(GROUNDWORK) up $(environment) $(provider) $(yes) $(words)

plan: ready ## Say what up would change
	@$(GROUNDWORK) plan $(environment) $(provider) $(words)

down: ready ## Take the platform away and list what is left
	@$(GROUNDWORK) down $(environment) $(provider) $(yes) $(words)

pause: ready ## Stop what costs by the hour; YES=1 does not ask
	@$(GROUNDWORK) pause $(environment) $(yes) $(words)

resume: ready ## Start it again
	@$(GROUNDWORK) resume $(environment) $(yes) $(words)

status: ready ## Say what is there and who is at work
	@$(GROUNDWORK) status $(environment) $(words)

output: ready ## Print addresses, names and commands
	@$(GROUNDWORK) output $(environment) $(words)

doctor: ready ## Say what this machine has and lacks
	@$(GROUNDWORK) doctor $(environment) $(words)

unlock: ready ## Remove the lock that a dead run left
	@$(GROUNDWORK) unlock $(environment) $(yes) $(words)

local-stop: ready ## Stop the local cloud; what it holds stays on disk
	@$(GROUNDWORK) local stop $(words)

onboard: ready ## Let a person in: EMAIL=alice@example.com ROLE=data-scientist
	$(call email, ROLE=data-scientist)
	@$(GROUNDWORK) onboard $(call quoted,$(EMAIL)) --role $(call quoted,$(ROLE)) $(environment) $(provider) $(yes) $(words)

offboard: ready ## Take a person out, of everything: EMAIL=alice@example.com
	$(call email,)
	@$(GROUNDWORK) offboard $(call quoted,$(EMAIL)) $(environment) $(provider) $(yes) $(words)

secrets: ready ## List the secrets and who may read each
	@$(GROUNDWORK) secrets list $(environment) $(words)

cost: ready ## Estimate what the environment costs
	@$(GROUNDWORK) cost estimate $(environment) $(words)

policy: ready ## Check the code and the saved plan against the policies
	@$(GROUNDWORK) policy $(environment) $(words)

verify: ready ## Prove that nothing is left that Terraform does not know
	@$(GROUNDWORK) verify $(environment) $(words)

diagram: ready ## Draw the map of the platform; ARGS="--svg FILE"
	@$(GROUNDWORK) diagram $(environment) $(words)

report: ready ## One page to hand in; ARGS="--html FILE"
	@$(GROUNDWORK) report $(environment) $(words)

check: ready ## Format, lint, types, Terraform, docs and the arrows of the design
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(GROUNDWORK) validate $(provider)
	$(GROUNDWORK) docs --check
	$(PYTEST) tests/test_arrows.py

test: ready ## The tests, without the slow ones
	$(PYTEST) -n auto --dist worksteal -m "not slow" $(words)

test-all: ready ## All tests
	$(PYTEST) -n auto --dist worksteal $(words)

test-provider: ready ## Our Terraform provider against the real one, attribute by attribute
	$(PYTEST) -n 4 --dist worksteal tests/provider $(words)

bench: ready ## Measure, in one run; BENCH_JSON=FILE for JSON lines
	@.venv/bin/python -m tests.bench $(words)

docs: ready ## Bring the generated parts of the docs up to date
	@$(GROUNDWORK) docs $(words)

pictures: ready ## Take the README's pictures anew, with a Chromium
	@.venv/bin/python -m tests.pictures

pages = git ls-files README.md docs '*/README.md' 'envs/*.json' 'envs/*.yaml'
site: ready ## The docs as a site, in build/site
	@rm -rf build/site-docs && umask go-w && mkdir -p build/site-docs
	@$(pages) | tar -cf - -T - | tar -xf - -C build/site-docs
	@.venv/bin/python tools/site/mermaid.py build/mermaid.min.js && cp build/mermaid.min.js build/site-docs
	@umask go-w && .venv/bin/uv venv --quiet --allow-existing --python .venv/bin/python build/site-venv
	@umask go-w && .venv/bin/uv pip sync --quiet --python build/site-venv/bin/python --require-hashes tools/requirements-site.txt
	@NO_MKDOCS_2_WARNING=1 build/site-venv/bin/python -m mkdocs --quiet build --strict --config-file tools/site/mkdocs.yml
	@echo "The site is in build/site: open build/site/index.html"

compile = .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate -q
# Only its axe.min.js is wanted; the browser is the machine's own.
without = --no-emit-package playwright --no-emit-package pyee --no-emit-package greenlet
lock: ready ## Pin the newest packages that tools/requirements*.in allow
	$(compile) $(without) --upgrade tools/requirements.in -o tools/requirements.txt
	$(compile) --upgrade -c tools/requirements.txt tools/requirements-uv.in -o tools/requirements-uv.txt
	$(compile) --upgrade tools/requirements-checkov.in -o tools/requirements-checkov.txt
	$(compile) --upgrade tools/requirements-site.in -o tools/requirements-site.txt
