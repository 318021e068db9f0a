# `make` alone lists the targets; each `##` after a target is its line there.

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
# Where the demo writes, the question bank it imports (empty: the shipped one), and ANEW=1 to begin again.
INTO    := demo
BANK    :=
ANEW    :=
# Only `make lock` needs uv; installing works without.
UV      := uv
WORKERS := 2
# For which Pythons the offline bundle has wheels.
PYTHONS := 3.11

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick check format bench lock wheel bundle templates migration clean

help: ## 列出这些目标 / list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## 建好 .venv，按锁定版本安装 / create .venv from the locks

$(STAMP): requirements/dev.txt pyproject.toml .ci/setup
	.ci/setup $(VENV)
	@touch $@

demo: $(STAMP) ## 用虚构数据走完主要流程，写到 demo/ / run the main job on invented data (BANK=file.xlsx ANEW=1)
	$(BIN)/eduops demo --into "$(INTO)" $(if $(BANK),--bank "$(BANK)") $(if $(ANEW),--anew)

test: $(STAMP) ## 备齐测试所需，再做全部检查 / set up what the tests need, then `make check`
	.ci/setup-tests
	$(MAKE) --no-print-directory check

# What decides without a server, a child process or a document: half of all tests in half a minute.
QUICK := tests/core tests/store tests/contract tests/training tests/configs tests/desk/test_desk_rules.py \
	tests/patrol/test_patrol_judgement.py tests/patrol/test_patrol_threshold.py \
	tests/house/test_layers.py tests/house/test_tracked_files.py

quick: $(STAMP) ## 一分钟内的检查：不起服务器、不跑慢测试 / lint and the fast tests, under a minute
	$(BIN)/ruff check --quiet .
	$(BIN)/pytest -q -n $(WORKERS) -m "not slow and not server" $(QUICK)

check: $(STAMP) ## 「干净」的唯一定义 / the one definition of clean: format, lint, types, imports, tests, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(WORKERS)

format: $(STAMP) ## 排好代码格式 / format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## 量各项指标，各带同一次运行里的底数 / measure every figure against its floor
	@for figure in benchmarks/*.py; do echo "== $$figure"; $(BIN)/python "$$figure" || exit 1; done

lock: ## 重新解析 requirements/ / resolve the locks again (needs uv; UPGRADE=1 takes newer versions)
	@command -v $(UV) >/dev/null || { echo "缺少 uv：pip install uv，或 make lock UV=路径 / uv is needed"; exit 1; }
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements/run.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url $(if $(UPGRADE),--upgrade) --group dev pyproject.toml -o requirements/dev.txt

wheel: $(STAMP) ## 在 dist/ 里做出安装包 / build the wheels of eduops and eduops-agent into dist/
	$(BIN)/hatchling build -t wheel
	cd agent && ../$(BIN)/hatchling build -t wheel -d ../dist

bundle: $(STAMP) ## 做出离线安装包 dist/eduops-版本-linux.tar.gz / one archive for machines without internet (PYTHONS="3.11 3.12")
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python .ci/bundle/build.py --python $(PYTHONS)

templates: $(STAMP) ## 重新生成 Word 模板 / make the Word templates again
	$(BIN)/python templates/make_templates.py

migration: $(STAMP) ## 由模型的改动写出迁移 / write a migration from the models' change (NAME=20261201_words)
	@test -n "$(NAME)" || { echo "用法：make migration NAME=20261201_words"; exit 2; }
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python .ci/new_migration.py $(NAME)

clean: ## 删除生成的东西，留下 demo/ / remove what was generated, except demo/
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .import_linter_cache .hypothesis
	find . -type d \( -name __pycache__ -o -name .ruff_cache \) -prune -exec rm -rf {} +
