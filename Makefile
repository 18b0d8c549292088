# What people do here; the scripts of package.json do the work.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# make jam BOXES=3 PROFILE=transatlantic PORT=8081 HEADLESS=1 SECONDS=20 ARGS='--play song.mid --box 1'
BIN := node_modules/.bin

BOXES ?= 2
PORT ?= 8080
PROFILE ?= wifi
ARGS ?=
# SECONDS is a variable of the shell as well: only one that was given to make counts.
ifeq ($(origin SECONDS),command line)
  JAM_SECONDS := --seconds $(SECONDS)
endif
ifdef HEADLESS
  PROFILE := transatlantic
  JAM_HEADLESS := --headless
endif

# make train DATA=../shared/data/midi
DATA ?= ../shared/data/midi
TRAINING := build/training

.PHONY: help setup tools build jam server turn test check types lint dead format bench bench-time bench-beats bench-rtp bench-crowd bench-join bench-session bench-prediction soak oracle fuzz train clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

node_modules/.installed: package.json package-lock.json .npmrc
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number); if (a<20||(a===20&&b<19)) { console.error(`Node $${process.versions.node} is too old: jam.togthr needs 20.19 or newer.`); process.exit(1) }'
	@# Not npm ci: npm 11 wants the optional binaries of every system in the lock file, and it names those of Linux.
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

setup: node_modules/.installed ## install what the project needs (npm only)

tools: ## install what some tests need (apt; skipped when impossible)
	@tests/install-tools.sh

build: setup ## compile everything
	$(BIN)/tsc -b
	$(BIN)/vite build sim/web --logLevel warn

jam: build ## play: boxes in the simulator, http://localhost:8080
	@exec ./togthr sim --boxes $(BOXES) --port $(PORT) --profile $(PROFILE) $(JAM_HEADLESS) $(JAM_SECONDS) $(ARGS)

server: build ## a control plane on this machine, for trying: boxes join it with --control-server http://127.0.0.1:8443
	@exec ./togthr server $(ARGS)

TURN := build/turn
$(TURN)/secret:
	@mkdir -p $(TURN)
	@umask 077; openssl rand -hex 32 > $@

turn: build $(TURN)/secret ## coturn in the foreground (deploy/coturn/README.md); its secret for togthr server: build/turn/secret
	@command -v turnserver >/dev/null || { echo "turnserver is missing: sudo apt-get install coturn"; exit 1; }
	@umask 077; ./togthr server --print-turn-config --turn-secret-file $(TURN)/secret > $(TURN)/turnserver.conf
	exec turnserver -c $(TURN)/turnserver.conf --pidfile $(TURN)/pid --userdb $(TURN)/db $(ARGS)

types: setup ## check types
	$(BIN)/tsc -b

lint: setup ## format and lint, without changing anything
	$(BIN)/biome check --error-on-warnings .

dead: setup ## unused files, exports and dependencies
	$(BIN)/knip

check: types lint dead ## types, lint, dead code

test: build tools check ## everything: types, lint, dead code, unit, contract, scenario, web
	$(BIN)/vitest run

bench: build ## latency, lateness, allocation and jitter, beside what others do (about 3 minutes)
	$(BIN)/tsx tests/bench/box-latency.ts
	$(BIN)/tsx tests/bench/midi-out-lateness.ts
	$(BIN)/tsx tests/bench/dejitter.ts
	$(BIN)/tsx tests/bench/midi-clock.ts --seeds 3

bench-time: build ## the metronome at whole boxes over bad networks; MIDI clock out by real time (about 3 minutes; ARGS=--json)
	$(BIN)/tsx tests/bench/metronome.ts $(ARGS)

bench-beats: setup ## beat tracking without a click on open data (about 5 minutes; ARGS='--data DIR --split dev --sets groove --pieces 20 --json')
	$(BIN)/tsx tests/bench/beat-tracking.ts $(ARGS)

bench-rtp: build ## RTP-MIDI beside npm rtpmidi and bare datagrams: codec, sessions, journals, repair (JSON: ARGS=--json)
	$(BIN)/tsx --expose-gc tests/bench/rtp/bench.ts $(ARGS)

bench-crowd: build ## one box with 64 participants for five minutes (ARGS='--participants 64 --seconds 300 --json')
	$(BIN)/tsx tests/bench/rtp/crowd.ts $(ARGS)

bench-join: ## joining, from click to the first note, on a LAN, through NATs, relayed, tunnelled; coming back after cuts (root; about 5 minutes; ARGS='10 5 long')
	$(BIN)/tsx tests/bench/join.ts $(ARGS)

bench-session: build ## 16 boxes in one encrypted session at 10 events/s each (about 4 minutes; ARGS='--boxes 24 --rate 2 --json')
	$(BIN)/tsx tests/bench/session/session-size.ts --boxes 16 --rate 10 --seconds 180 $(ARGS)

bench-prediction: build ## CPU of prediction: per event, per decision, and of seven players in real time (about 2 minutes; ARGS=--json)
	$(BIN)/tsx tests/bench/prediction.ts $(ARGS)

bench-control: build ## a control plane with 1000 boxes: sign-in, memory, signalling, a tunnel (ARGS='--boxes 1000 --json')
	$(BIN)/tsx tests/bench/control-plane.ts $(ARGS)

soak: build ## at length: dense playing on a bad network; RTP-MIDI: 100,000 runs of the model, a million bad datagrams, idle; sessions of 64 replicas: 1,000 seeds
	$(BIN)/tsx --expose-gc tests/soak/jam.ts --minutes 10
	$(BIN)/tsx tests/soak/rtp-midi-model.ts --runs 100000
	$(BIN)/tsx --expose-gc tests/soak/rtp-midi-fuzz.ts --datagrams 1000000
	$(BIN)/tsx tests/soak/rtp-midi-idle.ts
	$(BIN)/tsx tests/soak/session-convergence.ts --seeds 1000
	RTP_MIDI_IDLE_SECONDS=61 $(BIN)/vitest run tests/interop/rtp-midi-udp.test.ts

oracle: build ## 100,000 RTP-MIDI packets of ours before tshark and a strict decoder
	$(BIN)/tsx tests/soak/rtp-midi-oracle.ts $(ARGS)

FUZZ := build/fuzz
# Not in package.json: it brings a hundred packages that nobody else needs.
$(FUZZ)/node_modules/.installed: | setup
	npm install --prefix $(FUZZ) --no-save --no-audit --no-fund --loglevel=error @jazzer.js/core@4.0.0
	@addon=$(FUZZ)/node_modules/@jazzer.js/fuzzer/prebuilds/fuzzer-linux-$$(node -p process.arch).node; \
	  [ ! -e $$addon ] || node -e 'require(process.argv[1])' ./$$addon 2>/dev/null || $(BIN)/tsx tests/fuzz/older-glibc.ts $$addon
	@touch $@

fuzz: setup $(FUZZ)/node_modules/.installed ## a coverage-guided fuzzer at the RTP-MIDI decoder: make fuzz SECONDS=600
	$(BIN)/tsx tests/fuzz/bundle.ts
	$(BIN)/tsx tests/fuzz/seeds.ts $(FUZZ)/seeds
	@mkdir -p $(FUZZ)/corpus
	cd $(FUZZ) && nice node_modules/.bin/jazzer $(CURDIR)/$(FUZZ)/rtp-midi-decoder.cjs corpus seeds --sync -i rtp-midi-decoder \
	  -- -max_total_time=$(if $(JAM_SECONDS),$(SECONDS),60) -max_len=4096 -timeout=10 -print_final_stats=1

$(TRAINING)/venv/.installed: models-quantized/training/requirements.txt
	python3 -m venv $(TRAINING)/venv
	$(TRAINING)/venv/bin/pip install --quiet --requirement $<
	@touch $@

train: setup $(TRAINING)/venv/.installed ## train the prediction models anew, on one core (models-quantized/training/README.md; DATA=folder)
	for model in drums pitched; do \
	  models-quantized/training/train-$$model.sh $(abspath $(DATA)) $(abspath $(TRAINING)) $(abspath $(TRAINING))/venv/bin/python || exit 1; \
	done

format: setup ## let Biome tidy
	$(BIN)/biome check --write .

clean: ## remove what was built
	rm -rf build
