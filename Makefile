.PHONY: all test lint test-browser widget widget-check proofs sim crash powercut streams neighbours linear fuzz mutants mutate bench publish-check sbom figures generate stale

all: test lint

test: ; @scripts/test.sh # every test of every module, with the race detector
test-browser: ; @scripts/browser.sh # the widget in real browsers: [FILE...]
widget: ; @scripts/widget.sh build # widget/ui/dist, and whether it keeps its budgets
widget-check: ; @scripts/widget.sh check # the types of widget/ui (a part of lint)
lint: ; @scripts/lint.sh # format, vet, linters, documents, tidy modules, vulnerabilities
proofs: ; @scripts/proofs.sh # the long tests, and the two checks below
bench: ; @go run ./lab/bench -write docs/performance.md # speed against the floor (about 45 minutes)
sim: ; @scripts/sim.sh # the simulation: SEEDS=n [SEED=first] [STORE=memory|sqlite|postgres]
crash: ; @scripts/crash.sh # processes killed under load: N=kills [SEED=first] [STORE=sqlite|postgres]
powercut: ; @scripts/powercut.sh # power cuts below SQLite: SEEDS=n [SEED=first]
streams: ; @scripts/streams.sh # many streams on one process: [IDLE=n] [STUCK=n]
neighbours: ; @scripts/neighbours.sh # hostile addresses and a hostile tenant beside another: [PHASE=10s] [FORMS=n] [LOGINS=n]
linear: ; @scripts/linear.sh # are conversations linearizable: N=histories [SEED=first]
fuzz: ; @scripts/fuzz.sh # every fuzz target in turn: TIME=30s [ONLY=pattern]
mutants: ; @scripts/mutants.sh # planted bugs: does the simulation find each
mutate: ; @scripts/mutate.sh # random changes of the code: does a test notice each: N=mutants [SEED=first] [PACKAGES=list]
publish-check: ; @scripts/publish-check.sh # what users get of every published module
sbom: ; @scripts/sbom.sh # bills of materials of every published module: [VERSION=vX.Y.Z] [DIR=folder]
figures: ; @go run ./lab/figures # lines, identifiers, requirements, bytes, words
stale: ; @scripts/stale.sh # are the generated files what generators write
generate: ; @scripts/generate.sh # write the generated files again
