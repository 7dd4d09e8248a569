.PHONY: all test lint proofs sim linear mutants bench consumer generate stale

all: test lint

test: ; @scripts/test.sh # every test of every module, with the race detector
lint: ; @scripts/lint.sh # format, vet, linters, tidy modules, vulnerabilities
proofs: ; @scripts/proofs.sh # the long tests, and the two checks below
bench: ; @go run ./bench -write docs/performance.md # speed against the floor (about 20 minutes)
sim: ; @scripts/sim.sh # the simulation: SEEDS=n [SEED=first] [STORE=memory|sqlite]
linear: ; @scripts/linear.sh # are conversations linearizable: N=histories [SEED=first]
mutants: ; @scripts/mutants.sh # planted bugs: does the simulation find each
consumer: ; @scripts/consumer.sh # what a program that imports the core gets
stale: ; @scripts/stale.sh # are the generated files what generators write
generate: ; @scripts/generate.sh # write the generated files again
